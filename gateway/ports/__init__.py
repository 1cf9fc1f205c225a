"""The shapes at the edges, one file a noun: what a format, a door, a check and a store look like to the engine.

Nothing here does anything. A format is a module `gateway/formats/<name>` with `FORMAT: Codec`; a door
is a module `adapters/<name>.py` with `Config` and `Door`; a check is a module `gateway/compliance/<name>.py` with
`Options` and `build`. The name in routes.yaml is the module name.
"""

from __future__ import annotations

from gateway.ports.checks import Builder, Check, Finding
from gateway.ports.doors import AnswerBy, Committed, Delivery, Desk, Door, Outcome, Queries
from gateway.ports.messages import Codec, Decoded, Fit, Frame, Inbound, Made, Offset, Tool, Toolbox, Writing
from gateway.ports.sessions import (
    ALL_CHECKS,
    UNKNOWN,
    Acceptor,
    Checks,
    ClockTime,
    Day,
    Link,
    Peer,
    Schedule,
    Sealed,
    SessionConfig,
    SessionState,
    SessionView,
)
from gateway.ports.store import (
    AccountRow,
    Batch,
    Clock,
    DecisionRow,
    FileRow,
    Limits,
    MessageRow,
    Movement,
    PaymentRow,
    Reading,
    Recovered,
    StatusRow,
    Store,
    StoreDamaged,
    StoreFailed,
    TransferRow,
)

__all__ = [
    "ALL_CHECKS",
    "UNKNOWN",
    "Acceptor",
    "AccountRow",
    "AnswerBy",
    "Batch",
    "Builder",
    "Check",
    "Checks",
    "Clock",
    "ClockTime",
    "Codec",
    "Committed",
    "Day",
    "DecisionRow",
    "Decoded",
    "Delivery",
    "Desk",
    "Door",
    "FileRow",
    "Finding",
    "Fit",
    "Frame",
    "Inbound",
    "Limits",
    "Link",
    "Made",
    "MessageRow",
    "Movement",
    "Offset",
    "Outcome",
    "PaymentRow",
    "Peer",
    "Queries",
    "Reading",
    "Recovered",
    "Schedule",
    "Sealed",
    "SessionConfig",
    "SessionState",
    "SessionView",
    "StatusRow",
    "Store",
    "StoreDamaged",
    "StoreFailed",
    "Tool",
    "Toolbox",
    "TransferRow",
    "Writing",
]
