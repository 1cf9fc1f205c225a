"""Which payment a message is about, and whether its sender may speak about it.

Strategy: nothing is kept per payment for this. A UETR, or the name that a payment had with its sender, is looked up in
the index of identities, once for each endpoint that it may have come through; the id of a message of ours leads to the
payments that left in it; the id of a message of theirs to the message, and from there to its payments, whose numbers
rise with those of messages. What is found is then compared with everything that is said of the original: references,
amount, date. Only the two sides of a payment may speak about it: the endpoint and session that it came through, and the
endpoint that it was sent to. For everybody else it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from gateway.conversations.states import STATES
from gateway.entries import Entries, identity, unpack_record
from gateway.model import Case, Original, Payment, Record, Refusal
from gateway.planning import GIVING_BACK, Source, Way
from gateway.ports import MessageRow, PaymentRow
from gateway.repeats import identity_hash

References = dict[str, list[int]]  # reference -> payments
MEMBERS_MAX = 20_000  # of one message: more are not looked through
REFERENCES = ("uetr", "transaction_id", "end_to_end_id", "instruction_id")
UNNAMED = ("", "NOTPROVIDED")
NOT_FOUND = "no payment between us is known by what is said of the original"
AMBIGUOUS = "more than one payment is known by what is said of the original: give a UETR or a transaction id"


class Found(Struct, frozen=True):
    """A payment in its present status, and what it came in; `way` None when its route is gone."""

    row: PaymentRow
    record: Payment
    message: MessageRow
    way: Way | None
    left_for: str = ""  # the day on which it settles there, where it left to settle on another than it asked for

    @property
    def onward(self) -> str:
        """The endpoint that it was sent to, "" when it ended here."""
        send = self.way.route.send if self.way is not None else None
        return send.to if send is not None else ""


class Finder:
    """Looks payments up for the messages of one batch."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.state = entries.state
        # One message may give back every payment of another: those are read once a batch.
        self._left_in = lru_cache(64)(lambda *name: self._by_references(entries.sent_in(*name)))
        self._came_in = lru_cache(64)(lambda message: self._by_references(self._members(message)))

    # -- questions

    def one(self, record: Record, original: Original | None, source: Source, side: str) -> Found | Refusal:
        """The one payment that a record is about; `side` is who its sender must be: origin or onward."""
        found = self._all(record, original, source, side) if original is not None else []
        if len(found) == 1:
            return found[0]
        code, text = ("ambiguous-original", AMBIGUOUS) if found else ("original-not-found", NOT_FOUND)
        return Refusal(code, "NOOR", record.place, text, record.identity)

    def group(self, original: Original, source: Source) -> list[Found]:
        """All payments that left in a message of ours."""
        ids = self.entries.sent_in(source.endpoint, original.message_id) if original.message_id else ()
        return [found for id in ids if (found := self.at(id)) is not None and self._speaks(found, source, "onward")]

    def came_in(self, record: Record, original: Original, source: Source) -> list[Found]:
        """All payments of a message of theirs, or of one batch of it; none where the message came in parts."""
        for number in self._messages(record, original, source):
            message = self.entries.message(number)
            if message is None or message.part:
                continue
            members = [found for id in self._members(number) if (found := self.at(id)) is not None]
            return [
                found
                for found in members
                if self._speaks(found, source, "origin") and original.batch_id in ("", found.record.batch_id)
            ]
        return []

    def at(self, id: int) -> Found | None:
        """A payment by its number; None for what is no payment, or was refused before it had a life."""
        row = self.entries.payment(id)
        record = unpack_record(row.record) if row is not None else None
        if row is None or not isinstance(record, Payment) or record.kind in GIVING_BACK or row.status not in STATES:
            return None
        message = self.entries.message(row.message)
        way = self.entries.snapshot.ways.get(row.route)
        return Found(row, record, message, way, self.entries.left_for(id)) if message is not None else None

    # -- candidates

    def _all(self, record: Record, original: Original, source: Source, side: str) -> list[Found]:
        """Every payment that fits; the surest names first, others only when these lead nowhere."""
        for ids in (
            self._by_name(original.uetr, source, ("",)),
            self._by_message(record, original, source, side),
            self._by_reference(record, original, source),
        ):
            found = {id: one for id in ids if (one := self.at(id)) is not None}
            fitting = [one for one in found.values() if self._speaks(one, source, side) and fits(original, one)]
            if fitting:
                return fitting
        alone = self._alone(original, source) if side == "onward" else None
        return [alone] if alone is not None and fits(original, alone, named=True) else []

    def _alone(self, original: Original, source: Source) -> Found | None:
        """The payment that left alone in the message that is named, where nothing else of it is named."""
        if original.message_id in UNNAMED or any(getattr(original, name) not in UNNAMED for name in REFERENCES):
            return None
        ids = list(islice(self.entries.sent_in(source.endpoint, original.message_id), 2))
        found = self.at(ids[0]) if len(ids) == 1 else None
        return found if found is not None and self._speaks(found, source, "onward") else None

    def _by_name(self, text: str, source: Source, prefixes: Sequence[str]) -> Iterator[int]:
        if text in UNNAMED:
            return
        others = (name for name in self.entries.snapshot.endpoints if name != source.endpoint)
        for endpoint in (source.endpoint, *others):
            for prefix in prefixes:
                for cover in ("", "cover/"):
                    id = self.state.references.find(identity(endpoint, cover + prefix + text))
                    if id:
                        yield id

    def _by_message(self, record: Record, original: Original, source: Source, side: str) -> Iterator[int]:
        if original.message_id in UNNAMED:
            return
        if side == "onward":
            yield from _named(original, self._left_in(source.endpoint, original.message_id))
            return
        for number in self._messages(record, original, source):
            yield from _named(original, self._came_in(number))

    def _messages(self, record: Record, original: Original, source: Source) -> Iterator[int]:
        """The messages of theirs that have the id of the original."""
        for sender in dict.fromkeys((source.sender, *_bics(record, ""), "")):
            name = f"id\0{source.endpoint}\0{original.message_type}\0{sender}\0{original.message_id}"
            number = self.state.arrivals.find(identity_hash(name))
            message = self.entries.message(number) if number else None
            if message is not None and message.message_id == original.message_id:
                yield number

    def _by_reference(self, record: Record, original: Original, source: Source) -> Iterator[int]:
        """Payments named by their sender and its reference: the name that they have where they carry no UETR."""
        prefixes = [f"{bic}/" for bic in _bics(record, self.entries.snapshot.sender)]
        for text in (original.transaction_id, original.instruction_id, original.message_id):
            yield from self._by_name(text, source, prefixes)

    def _by_references(self, ids: Iterable[int]) -> References:
        """Payments by each of their references."""
        found: References = {}
        for id in ids:
            row = self.entries.payment(id)
            record = unpack_record(row.record) if row is not None else None
            names = {getattr(record, name) for name in REFERENCES} if isinstance(record, Payment) else set[str]()
            for name in sorted(names):
                found.setdefault(name, []).append(id)
        return found

    def _members(self, message: int) -> list[int]:
        """The payments of a message, found by halving: their numbers rise with those of messages."""
        low, high = 1, self.state.payment + 1
        while low < high:
            middle = (low + high) // 2
            row = self.entries.payment(middle)
            if row is not None and row.message < message:
                low = middle + 1
            else:
                high = middle
        found: list[int] = []
        while len(found) < MEMBERS_MAX and (row := self.entries.payment(low)) is not None and row.message == message:
            found.append(low)
            low += 1
        return found

    # -- judgement

    @staticmethod
    def _speaks(found: Found, source: Source, side: str) -> bool:
        if side == "onward":
            return found.onward == source.endpoint
        return (found.message.endpoint, found.message.session) == (source.endpoint, source.session)


def _named(original: Original, members: References) -> Iterator[int]:
    """Those of a message's payments that have one of the references that are given."""
    for name in REFERENCES:
        said = getattr(original, name)
        if said not in UNNAMED:
            yield from members.get(said, ())


def fits(original: Original, found: Found, named: bool = False) -> bool:
    """Whether everything said of the original is so of the payment, and something is said that names it."""
    payment = found.record
    for name in REFERENCES:
        said, own = getattr(original, name), getattr(payment, name)
        if said in UNNAMED or own in UNNAMED:
            continue
        if said != own:
            return False
        named = True
    if original.amount is not None and original.amount not in (payment.amount, payment.instructed_amount):
        return False
    date = original.settlement_date
    if date and payment.settlement_date and date not in (payment.settlement_date, found.left_for):
        return False
    return named or payment.instruction_id == original.message_id != ""


def _bics(record: Record, own: str) -> list[str]:
    """Institutions that a message names, as prefixes of references: whole, and by the first eight characters."""
    if isinstance(record, Case):
        agents = [record.assigner, record.assignee, record.creator]
    elif isinstance(record, Payment):
        agents = [record.instructing_agent, record.instructed_agent]
    else:
        agents = []
    bics = [agent.bic for agent in agents if agent is not None and agent.bic]
    return list(dict.fromkeys(text for bic in (*bics, own) if bic for text in (bic, bic[:8])))
