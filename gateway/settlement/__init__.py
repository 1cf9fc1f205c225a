"""The ledger, what moves in it, and the book of what is open; in memory, deterministic, one writer."""
