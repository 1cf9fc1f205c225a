"""How each message is read and written: where its records stand, what they are, which table holds.

The `spine` names the repeated elements from the body down to the record: a pain.001 has PmtInf and in it
CdtTrfTxInf. What stands beside the spine holds for every record below it.
"""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from gateway.formats.iso20022 import mapping_payments as payments
from gateway.formats.iso20022 import mapping_said as said
from gateway.formats.iso20022 import mapping_statements as statements
from gateway.formats.iso20022.mapping import Lines
from gateway.formats.iso20022.shape import Shape, shape
from gateway.formats.iso20022.table import Table
from gateway.formats.iso20022.xml import OWN, folders
from gateway.model import Case, Notice, Payment, Report, Statement

TYPE = re.compile(r"[a-z]{4}\.\d{3}\.\d{3}\.\d{2}")


class Family(Struct, frozen=True):
    """What all editions of a message have in common."""

    record: type[Struct]
    kind: str
    spine: tuple[str, ...] = ()
    lines: Lines = {}
    header: str = "GrpHdr"  # what carries MsgId and CreDtTm; Assgnmt has Id
    spread: bool = False  # a line holds at the outer levels too
    branches: tuple[str, ...] = ()  # of a choice, each of which could hold the same fields
    outer: str = "document"  # kind of a notice that only the outer levels of a payment message make


_MEANT = ("Undrlyg/IntrBk/", "Undrlyg/Initn/", "Undrlyg/StmtNtry/")
_CHARGED = ("Chrgs/PerTx/", "Chrgs/Sngl/", "Chrgs/PerTp/")
FAMILIES: dict[str, Family] = {
    "pacs.008": Family(Payment, "credit_transfer", ("CdtTrfTxInf",), payments.CREDIT_TRANSFER, spread=True),
    "pacs.009": Family(Payment, "fi_transfer", ("CdtTrfTxInf",), payments.FI_TRANSFER, spread=True),
    "pacs.003": Family(Payment, "direct_debit", ("DrctDbtTxInf",), payments.DIRECT_DEBIT, spread=True),
    "pacs.010": Family(Payment, "fi_direct_debit", ("CdtInstr", "DrctDbtTxInf"), payments.FI_DEBIT, spread=True),
    "pacs.004": Family(Payment, "return", ("TxInf",), payments.RETURN, spread=True, outer="return"),
    "pacs.007": Family(Payment, "reversal", ("TxInf",), payments.REVERSAL, spread=True, outer="reversal"),
    "pain.001": Family(Payment, "credit_transfer", ("PmtInf", "CdtTrfTxInf"), payments.INITIATED, spread=True),
    "pain.013": Family(Payment, "payment_request", ("PmtInf", "CdtTrfTx"), payments.INITIATED, spread=True),
    "pain.008": Family(Payment, "direct_debit", ("PmtInf", "DrctDbtTxInf"), payments.COLLECTION, spread=True),
    "pain.007": Family(
        Payment, "reversal", ("OrgnlPmtInfAndRvsl", "TxInf"), payments.CUSTOMER_REVERSAL, outer="reversal"
    ),
    "pacs.002": Family(Report, "payment_status", ("TxInfAndSts",), said.PAYMENT_STATUS),
    "pain.002": Family(Report, "payment_status", ("OrgnlPmtInfAndSts", "TxInfAndSts"), said.CUSTOMER_STATUS),
    "pain.014": Family(Report, "payment_status", ("OrgnlPmtInfAndSts", "TxInfAndSts"), said.CUSTOMER_STATUS),
    "admi.002": Family(Report, "message_rejected", (), said.REJECTED, header=""),
    "admi.007": Family(Report, "receipt", ("Rpt",), said.RECEIPT, header="MsgId"),
    "camt.056": Family(Case, "cancellation_request", ("Undrlyg", "TxInf"), said.CANCELLATION, header="Assgnmt"),
    "camt.055": Family(
        Case,
        "cancellation_request",
        ("Undrlyg", "OrgnlPmtInfAndCxl", "TxInf"),
        said.CUSTOMER_CANCELLATION,
        header="Assgnmt",
    ),
    "camt.029": Family(Case, "resolution", ("CxlDtls", "TxInfAndSts"), said.RESOLUTION, header="Assgnmt"),
    "pacs.028": Family(Case, "status_request", ("TxInf",), said.STATUS_REQUEST),
    "camt.026": Family(Case, "unable_to_apply", (), said.INQUIRY, header="Assgnmt", branches=_MEANT),
    "camt.027": Family(Case, "claim_non_receipt", (), said.INQUIRY, header="Assgnmt", branches=_MEANT),
    "camt.028": Family(Case, "additional_information", (), said.INQUIRY, header="Assgnmt", branches=_MEANT),
    "camt.087": Family(Case, "modification_request", (), said.INQUIRY, header="Assgnmt", branches=_MEANT),
    "camt.105": Family(Case, "charges_advice", (), said.CHARGES, branches=_CHARGED),
    "camt.106": Family(Case, "charges_request", (), said.CHARGES, branches=_CHARGED),
    "camt.052": Family(Statement, "report", ("Rpt",), statements.STATEMENT),
    "camt.053": Family(Statement, "statement", ("Stmt",), statements.STATEMENT),
    "camt.054": Family(Statement, "notification", ("Ntfctn",), statements.STATEMENT),
    "camt.057": Family(Notice, "receipt_expected", ("Ntfctn", "Itm"), said.RECEIPT_EXPECTED),
    "camt.058": Family(
        Notice, "receipt_cancelled", ("OrgnlNtfctn", "OrgnlNtfctnRef", "OrgnlItm"), said.RECEIPT_CANCELLED
    ),
    "camt.060": Family(Notice, "statement_request", ("RptgReq",), said.STATEMENT_REQUEST),
    "admi.004": Family(Notice, "system_event", (), said.SYSTEM_EVENT, header=""),
    "admi.011": Family(Notice, "event_acknowledgement", (), said.EVENT_ACKNOWLEDGED, header=""),
    "acmt.023": Family(Notice, "verification_request", ("Vrfctn",), said.VERIFICATION, header="Assgnmt"),
    "acmt.024": Family(Notice, "verification_report", ("Rpt",), said.VERIFIED, header="Assgnmt"),
}
DOCUMENT = Family(Notice, "document")  # any other message is kept, leaf by leaf
# The group header's own words: kept with the message, not with each record; counted and checked where they count.
MESSAGE = frozenset({"MsgId", "CreDtTm", "NbOfTxs", "CtrlSum"})
TOTALS = ("TtlIntrBkSttlmAmt", "TtlRtrdIntrBkSttlmAmt", "TtlRvsdIntrBkSttlmAmt")


class Kind(Struct, frozen=True):
    """One edition of a message."""

    type: str
    family: Family
    table: Table
    shape: Shape
    body: str  # name of the element below Document
    levels: tuple[str, ...]  # schema types of the body and of each element of the spine
    message: frozenset[str]  # leaves of the body that are the message's own

    @property
    def depth(self) -> int:
        return len(self.family.spine)


@cache
def _table(name: str) -> Table:
    family = FAMILIES.get(name, DOCUMENT)
    lines = dict(family.lines)
    if family.spread:
        for outer in (*(f"{name}/" for name in family.spine[:-1]), "/GrpHdr/"):
            lines |= {outer + path: field for path, field in family.lines.items() if _spreads(path)}
    return Table(lines)


def _spreads(path: str) -> bool:
    """Whether a line of a transaction also holds where it stands further out."""
    return "//" not in path and not path.startswith(("/", "InstrForDbtrAgt"))


@cache
def kind_of(type: str) -> Kind | None:
    """How a type is read; None when no schema of it is installed."""
    if not TYPE.fullmatch(type) or not any((folder / f"{type}.xsd").exists() for folder in folders()):
        return None
    family = FAMILIES.get(type[:8], DOCUMENT)
    form = shape(type)
    body, child = next(iter(form.children(form.start).items()))
    levels = [child.type]
    for name in family.spine:
        below_it = form.children(levels[-1]).get(name)
        if below_it is None:  # an edition that has no such element is kept as it is
            return Kind(type, DOCUMENT, Table({}), form, body, (child.type,), frozenset())
        levels.append(below_it.type)
    own = {f"/{family.header}/{name}" for name in MESSAGE} if family.spine else set()
    for name in TOTALS:
        own |= {f"/GrpHdr/{name}", f"/GrpHdr/{name}/@Ccy"}
    return Kind(type, family, _table(type[:8]), form, body, tuple(levels), frozenset(own))


@cache
def entries(part: str) -> Table:
    """The tables of what nests inside a statement."""
    return Table({"entry": statements.ENTRY, "detail": statements.DETAIL}[part])


@cache
def types() -> tuple[str, ...]:
    """Every type that a schema of ours is installed for, headers left out."""
    return tuple(sorted(p.stem for p in OWN.glob("*.*.*.*.xsd") if not p.stem.startswith("head.")))
