"""The words of the trade as records; imports nothing of ours."""

from gateway.model.money import EXPONENTS, MINOR_MAX, Money
from gateway.model.party import Account, Address, Agent, Birth, Identification, Party
from gateway.model.records import (
    Charge,
    Extra,
    Instruction,
    Loss,
    Operation,
    Order,
    Payment,
    Record,
    Refusal,
    Status,
)

__all__ = [
    "EXPONENTS",
    "MINOR_MAX",
    "Account",
    "Address",
    "Agent",
    "Birth",
    "Charge",
    "Extra",
    "Identification",
    "Instruction",
    "Loss",
    "Money",
    "Operation",
    "Order",
    "Party",
    "Payment",
    "Record",
    "Refusal",
    "Status",
]
