"""What is said about orders, quotes and trades: one module a subject, each a class with one batch's records.

desk           which record goes where
actions        cancel, replace and status of orders (F, G, H)
executions     what a venue says of an order (8, 9): fills, busts, corrections
quotes         a rate locked for a while (R, S, AJ, AG, Z)
blocks         a filled block divided among accounts (J, P, AS, AT)
confirmations  deals that wait to be affirmed (AK, AU, BH)
trades         deals made elsewhere (AE, AR, AD, AQ)
instructions   standing settlement instructions (T, AV)
"""

from gateway.trading.desk import Desk

__all__ = ["Desk"]
