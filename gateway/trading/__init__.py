"""What is said about orders, quotes and trades: one module a subject, each a class with its own records.

actions        cancel, replace and status of orders (F, G, H)
"""

from gateway.trading.desk import Desk

__all__ = ["Desk"]
