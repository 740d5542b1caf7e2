"""The log as a Merkle tree: bytes in, hashes out."""
