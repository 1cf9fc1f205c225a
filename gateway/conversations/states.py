"""The life of a payment: one state machine, its table in one place.

A state is an ISO 20022 status. What is not in the table does not happen: the event is refused, and the payment stays
as it is. Every transition is written down with the message that caused it (`Entries.change`).
"""

from __future__ import annotations

STATES = {
    "PDNG": "held: for a person, for its cover, or for the payment that it covers",
    "ACSP": "money has moved here; it waits to leave, or the other side has not confirmed it yet",
    "ACSC": "settled",
    "PDCR": "settled, and its sender asks for it back",
    "RTRN": "given back",
    "CANC": "cancelled before it settled",
    "RJCT": "refused; money that had moved has moved back",
}
FINAL = frozenset({"RTRN", "CANC", "RJCT"})
HELD = "PDNG"
MOVED = frozenset({"ACSP", "ACSC", "PDCR"})  # money has moved along its legs, and may move back once

# (state, event) -> state. The events: a hold is released, refused, cancelled by its sender or runs out of time; the
# other side confirms, rejects or returns; the sender recalls or reverses; a recall is refused; a person accepts
# what was confirmed after it had run out of time, the one thing that follows a final state.
TRANSITIONS: dict[tuple[str, str], str] = {
    ("PDNG", "settle"): "ACSC",
    ("PDNG", "submit"): "ACSP",
    ("PDNG", "wait"): "PDNG",
    ("PDNG", "refuse"): "RJCT",
    ("PDNG", "cancel"): "CANC",
    ("PDNG", "expire"): "RJCT",
    ("ACSP", "leave"): "ACSC",
    ("ACSP", "cancel"): "CANC",
    ("ACSP", "confirm"): "ACSC",
    ("ACSP", "reject"): "RJCT",
    ("ACSP", "expire"): "RJCT",
    ("ACSP", "return"): "RTRN",
    ("RJCT", "accept"): "ACSC",
    ("ACSC", "confirm"): "ACSC",
    ("ACSC", "reject"): "RJCT",
    ("ACSC", "return"): "RTRN",
    ("ACSC", "reverse"): "RTRN",
    ("ACSC", "recall"): "PDCR",
    ("PDCR", "confirm"): "PDCR",
    ("PDCR", "keep"): "ACSC",
    ("PDCR", "reject"): "RJCT",
    ("PDCR", "return"): "RTRN",
    ("PDCR", "reverse"): "RTRN",
}
# What became of a hold, as an event.
ENDED = {"ACSC": "settle", "ACSP": "submit", "PDNG": "wait", "RJCT": "refuse", "CANC": "cancel"}


def after(state: str, event: str) -> str:
    """The state that an event leads to; "" when it cannot happen in this one."""
    return TRANSITIONS.get((state, event), "")
