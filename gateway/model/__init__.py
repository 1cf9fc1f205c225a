"""The words of the trade as records; imports nothing of ours."""

from gateway.model.conversation import Case, Extra, Floor, Mandate, Notice, Original, Reason, Report
from gateway.model.countries import COUNTRIES
from gateway.model.money import EXPONENTS, MINOR_MAX, SECURITY_DECIMALS, Money, counter_value, is_security
from gateway.model.outcome import Record, Said, Status
from gateway.model.party import Account, Address, Agent, Birth, Identification, Party
from gateway.model.records import Charge, Instruction, Loss, Operation, Order, Payment, Refusal, Venue
from gateway.model.statement import Balance, Entry, Statement

__all__ = [
    "COUNTRIES",
    "EXPONENTS",
    "MINOR_MAX",
    "SECURITY_DECIMALS",
    "Account",
    "Address",
    "Agent",
    "Balance",
    "Birth",
    "Case",
    "Charge",
    "Entry",
    "Extra",
    "Floor",
    "Identification",
    "Instruction",
    "Loss",
    "Mandate",
    "Money",
    "Notice",
    "Operation",
    "Order",
    "Original",
    "Party",
    "Payment",
    "Reason",
    "Record",
    "Refusal",
    "Report",
    "Said",
    "Statement",
    "Status",
    "Venue",
    "counter_value",
    "is_security",
]
