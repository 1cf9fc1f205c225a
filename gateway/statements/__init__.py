"""Statements of account: made from the ledger, and received ones compared with it."""
