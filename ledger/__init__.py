"""The facts of an append-only ledger of Significant Case Reports, and their rules."""
