"""What stands in a message, and what became of it."""

from __future__ import annotations

from msgspec import Struct

from gateway.model.conversation import Case, Notice, Report
from gateway.model.reconciliation import Reconciliation
from gateway.model.records import Operation, Order, Payment, Refusal
from gateway.model.statement import Statement
from gateway.model.trading import Told, Trading

Said = Report | Case | Notice | Statement  # kept, answered and matched; moves no money by itself
Record = Payment | Order | Operation | Report | Case | Notice | Statement | Reconciliation | Trading


class Status(Struct, frozen=True, gc=False, omit_defaults=True):
    """What became of one record: an ISO 20022 status, its reason and the sender's own references."""

    code: str  # RCVD ACTC ACSP ACSC PDNG RJCT CANC RTRN
    record: Record | Refusal
    payment_id: int = 0  # the gateway's own; 0 when the record could not be read
    reason: str = ""  # ISO 20022 external code when RJCT or PDNG
    text: str = ""
    refusal_code: str = ""  # the Refusal's code: "unknown-account"
    place: str = ""
    told: tuple[Told, ...] | None = None  # what its sender is told in place of the plain outcome; (): nothing
