"""What is sent about a payment: resolutions, returns, recalls and statuses, in what the other side speaks.

Strategy: a canonical record is made and asked to fit; what the other side's format cannot carry is not sent, and the
caller hears so before anything moves. What answers the message in hand leaves with its answer; everything else through
the outbox, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import structs

from gateway import formats
from gateway.conversations.finding import Found
from gateway.entries import Entries
from gateway.formats.iso20022 import layout
from gateway.formats.iso20022.copied import copied
from gateway.model import Agent, Case, Money, Original, Payment, Reason, Record, Report, Status
from gateway.planning import Source, plan_way
from gateway.ports import Codec, Frame, MessageRow, Writing

ISO = {
    "resolution": "camt.029.001.09",
    "cancellation_request": "camt.056.001.08",
    "return": "pacs.004.001.09",
    "reversal": "pacs.007.001.09",
    "payment_status": "pacs.002.001.10",
    "status_request": "pacs.028.001.03",
}
SPEAKING = frozenset({"iso20022", "sepa", "fedwire", "mt"})  # formats that have messages about payments
# A return is a payment with /RETN/.
FIN_CUSTOMERS = {"resolution": "MT196", "cancellation_request": "MT192", "return": "MT103"}
FIN_INSTITUTIONS = {"resolution": "MT296", "cancellation_request": "MT292", "return": "MT202"}
PARTLY = "PECR"  # of a request about many payments: some are given back, others are not, or not yet
METHODS = ("CLRG", "INDA", "INGA")  # how a return may settle
# What a payment's state is called in a status report, where the list of codes has no word for it.
STATUSES = {"PDCR": "ACSC", "RTRN": "RJCT"}


class Saying:
    """The messages of one batch about payments."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.answers: list[Frame] = []  # to the message in hand
        self.gathered: list[Case] | None = None  # resolutions of one request about many, told together

    # -- records

    def resolution(self, case: Case, found: Found | None, word: str, reasons: Sequence[Reason] = ()) -> Case:
        """The answer to a request to give a payment back: CNCL, RJCR or PDCR."""
        original = case.original if found is None else original_of(found, case.original)
        return Case(
            "resolution",
            original,
            id=case.id,
            cancellation_id=case.cancellation_id or case.id,
            creator=case.creator or case.assigner,
            assigner=self._own(case.assignee),
            assignee=case.assigner or case.creator,
            created=stamp(self.entries.batch.time_ns),
            status=word,
            transaction_status={"CNCL": "ACCR"}.get(word, word),
            reasons=tuple(reasons),
        )

    def request(self, case: Case, found: Found, case_id: int) -> Case:
        """The same request, to the institution that the payment was sent to."""
        record = found.record
        return structs.replace(
            case,
            original=self._sent(found),
            cancellation_id=f"FO{case_id}",
            assigner=self._own(case.assignee),
            assignee=record.creditor_agent or record.instructed_agent or record.creditor_institution,
            created=stamp(self.entries.batch.time_ns),
            payment=copied(record) if record.scheme.startswith("sepa") and _writes_iso(found) else (),
            place="",
            source="",
            extra=(),
        )

    def _sent(self, found: Found) -> Original:
        """What a payment is known by to the side that it went to: as it left, and in which message of ours."""
        assert found.way is not None, "asked only for what was sent on"
        record = plan_way(found.record, found.way, Source("", "", found.record.source)).sent or found.record
        message_id, made_ns = self.entries.left_in(found.onward, found.row.id) if _writes_iso(found) else ("", 0)
        send = found.way.route.send
        return Original(
            message_id,
            send.as_ if message_id and send is not None else "",
            layout.stamp(made_ns) if made_ns else "",
            "",
            record.instruction_id,
            record.end_to_end_id,
            record.transaction_id,
            record.uetr,
            amount=record.amount,
            settlement_date=found.left_for or record.settlement_date,
        )

    def giving_back(
        self, kind: str, found: Found, id: int, amount: Money, reasons: Sequence[Reason], onward: bool = False
    ) -> Payment:
        """A return to the side that a payment came from, or a reversal to the side that it went to."""
        record = found.record
        method = record.settlement_method if record.settlement_method in METHODS else "INDA"
        original = original_of(found)
        return Payment(
            kind,
            amount,
            transaction_id=f"FO{id}",
            settlement_date=stamp(self.entries.batch.time_ns)[:10],
            settlement_method="CLRG" if record.scheme.startswith("sepa") else method,
            instructing_agent=self._own(None) if self.entries.snapshot.sender else None,
            original=structs.replace(original, message_id="", message_type="") if onward else original,
            reasons=tuple(reasons),
            charges=(),
        )

    def status(self, found: Found, case: Case) -> Report:
        """How a payment stands, for whoever asks."""
        row = found.row
        reasons = (Reason(row.reason, text=(row.text[:105],) if row.text else ()),) if row.reason else ()
        original = structs.replace(original_of(found, case.original), amount=None, settlement_date="")
        return Report(
            STATUSES.get(row.status, row.status),
            original,
            id=str(row.id),
            reasons=reasons,
            instructing_agent=found.record.instructed_agent,
            instructed_agent=found.record.instructing_agent,
        )

    def _own(self, other: Agent | None) -> Agent:
        bic = self.entries.snapshot.sender
        return Agent(bic=bic) if bic or other is None else other

    # -- sending

    def answer(self, source: Source, record: Record, kind: str, found: Found | None = None) -> bool:
        """Answer the message in hand; whether its sender's format could carry it."""
        if self.gathered is not None and isinstance(record, Case):
            self.gathered.append(record)
            return True
        codec = self._codec(source.endpoint, source.type)
        frame = self._frame(source.endpoint, codec, record, kind, source.sender, found)
        if frame is not None:
            self.answers.append(frame)
        return frame is not None

    def answer_together(self, source: Source, cases: Sequence[Case]) -> None:
        """Answer a request about many payments with one resolution, in which each of them is told."""
        codec = self._codec(source.endpoint, source.type)
        writing = self.entries.writing(source.sender)
        words = {case.status for case in cases}
        word = words.pop() if len(words) == 1 else PARTLY
        told = [
            structs.replace(
                case, status=word, assignment_id=writing.message_id, cancellation_id=f"{writing.message_id}-{number}"
            )
            for number, case in enumerate(cases, 1)
        ]
        if any(codec.fit(case, ISO["resolution"]).refusal is not None for case in told):  # type: ignore[arg-type]
            return  # its format has no room for what it asked about: the rows say what would be said
        frame = codec.encode(told, ISO["resolution"], writing)  # type: ignore[arg-type]  # it takes all records
        self.answers.append(self._headed(source.endpoint, codec, frame, writing))

    def later(self, message: MessageRow, record: Record, kind: str, found: Found | None = None) -> bool:
        """Say something about an earlier message to its sender."""
        if message.format not in formats.names():
            return False
        return self._post(message.endpoint, formats.load(message.format), record, kind, message.session, found)

    def onward(self, found: Found, record: Record, kind: str) -> bool:
        """Say something to the side that a payment was sent to."""
        way = found.way
        codec = way.writer if way is not None else None
        return codec is not None and self._post(found.onward, codec, record, kind, "", found)

    def outcome(self, found: Found, code: str, reason: str, text: str) -> None:
        """A later answer to a payment's own message."""
        status = Status(code, found.record, found.row.id, reason, text)
        self.entries.tell_sender(found.message, status)

    def _post(self, endpoint: str, codec: Codec, record: Record, kind: str, session: str, found: Found | None) -> bool:
        known = self.entries.snapshot.endpoints.get(endpoint)
        if known is None or known.answer_by != "outbox":
            return False  # gone from the configuration, or nobody waits any more: the rows say what would be said
        frame = self._frame(endpoint, codec, record, kind, _receiver(record, found), found)
        if frame is None:
            return False
        name = f"{self.entries.state.delivery + 1:012d}-{frame.type}{frame.suffix}"
        self.entries.outbox(endpoint, name, frame, session)
        return True

    def _frame(
        self, endpoint: str, codec: Codec, record: Record, kind: str, receiver: str, found: Found | None
    ) -> Frame | None:
        """The message, with the header that its receiver asks for; None when the format cannot say this."""
        type = ISO[kind]
        if codec.name not in SPEAKING:
            return None
        if codec.name == "mt":
            if kind not in FIN_CUSTOMERS:
                return None
            type = (FIN_INSTITUTIONS if _between_institutions(record, found) else FIN_CUSTOMERS)[kind]
            record = _in_kind(record, found) if isinstance(record, Payment) and found is not None else record
        type = getattr(codec, "editions", {}).get(type, type)
        writing = self.entries.writing(receiver)
        if isinstance(record, Case):
            record = structs.replace(record, assignment_id=writing.message_id)
            if kind == "resolution":
                record = structs.replace(record, cancellation_id=writing.message_id)
        fit = codec.fit(record, type)  # type: ignore[arg-type]  # formats that write these types take all records
        if fit.refusal is not None:
            return None
        writing = self.entries.accounted(codec, type, [record], writing)
        return self._headed(endpoint, codec, codec.encode([record], type, writing), writing)  # type: ignore[list-item]

    def _headed(self, endpoint: str, codec: Codec, frame: Frame, writing: Writing) -> Frame:
        head = self.entries.snapshot.endpoints[endpoint].head
        return frame if head is None else head(codec, frame, writing)

    def _codec(self, endpoint: str, type: str) -> Codec:
        own = self.entries.snapshot.endpoints[endpoint].codec
        return own or formats.load("mt" if type.startswith("MT") else "iso20022")


def _writes_iso(found: Found) -> bool:
    writer = found.way.writer if found.way is not None else None
    return writer is not None and writer.name != "mt"


def _receiver(record: Record, found: Found | None) -> str:
    """Whom a later message is for: a case says so, a return goes to whoever instructed us."""
    agent = record.assignee if isinstance(record, Case) else found.record.instructing_agent if found else None
    return agent.bic if agent is not None else ""


def _between_institutions(record: Record, found: Found | None) -> bool:
    if found is not None:
        return found.record.kind.startswith("fi_")
    return isinstance(record, Case) and record.original.message_type.startswith("MT2")


def original_of(found: Found, said: Original | None = None) -> Original:
    """What a payment is known by to the side that it came from; what that side said itself stays as it said it."""
    record, message = found.record, found.message
    own = Original(
        message.message_id,
        message.type,
        said.created if said is not None else "",
        record.batch_id if message.type.startswith("pain.") else "",
        record.instruction_id,
        record.end_to_end_id,
        record.transaction_id,
        record.uetr,
        amount=record.amount,
        settlement_date=record.settlement_date,
    )
    return own if said is None or not said.message_id else structs.replace(own, message_id=said.message_id)


def _in_kind(returned: Payment, found: Found) -> Payment:
    """A return as FIN says it: the original once more, going the other way."""
    record = found.record
    return structs.replace(
        record,
        kind="return",
        amount=returned.amount,
        instructed_amount=None,
        settlement_date=returned.settlement_date,
        instruction_id="",
        transaction_id=returned.transaction_id,
        uetr="",
        instructing_agent=record.instructed_agent,
        instructed_agent=record.instructing_agent,
        original=Original(
            record.instruction_id,
            FIN_INSTITUTIONS["return"] if record.kind.startswith("fi_") else FIN_CUSTOMERS["return"],
            uetr=record.uetr,
        ),
        reasons=returned.reasons,
        extra=(),
    )


def stamp(time_ns: int) -> str:
    """A time as ISO 20022 writes it."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).isoformat()
