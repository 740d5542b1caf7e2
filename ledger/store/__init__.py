"""Where facts are kept: bytes, tables, transactions."""
