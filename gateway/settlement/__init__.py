"""The ledger and what moves in it; in memory, deterministic, one writer."""
