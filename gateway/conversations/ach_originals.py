"""Which entry of ours an ACH return, or a notification of change, is about.

Strategy: our trace numbers are the numbers of our payments (`formats/ach/traces.py`), so the trace number leads to the
payment with nothing looked up; bank and amount must then agree. Where they do not, or the trace number is none of ours,
the entry is looked for by bank, amount and id of the individual among all of the last weeks; those names were noted
when it left. Only the endpoint that an entry was sent to may speak about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.conversations.finding import AMBIGUOUS, Finder, Found
from gateway.entries import Entries, identity
from gateway.formats.ach.entries import sides, told
from gateway.formats.ach.traces import original_rdfi, payments_of, returned_content, week
from gateway.model import Notice, Payment, Refusal
from gateway.planning import Source
from gateway.settlement.returning import today

WEEKS_BACK = 12  # entries of so many weeks are looked through: sixty days, what banking days add, and a week ahead
NOT_FOUND = "no entry of ours has this trace number, bank and amount, nor any other with bank, amount and id"


class AchOriginals:
    """Looks entries up for the messages of one batch."""

    def __init__(self, entries: Entries, finder: Finder) -> None:
        self.entries = entries
        self.finder = finder

    def one(self, record: Payment, source: Source) -> Found | Refusal:
        """The payment that a return gives back, or that a dispute is about."""
        if told(record).get("category") == "dishonored":
            return self._returned_by_us(record, source)
        found = self.traced(record.original.transaction_id if record.original else "", source)
        if found is not None and _agrees(record, found):
            return found
        alike = [one for one in self._by_content(record, source) if _agrees(record, one)]
        for same in (_same_account, _same_day):
            if len(alike) > 1:
                alike = [one for one in alike if same(record, one)] or alike
        if len(alike) == 1:
            return alike[0]
        code, text = ("ambiguous-original", AMBIGUOUS) if alike else ("original-not-found", NOT_FOUND)
        return Refusal(code, "NOOR", record.place, text, record.transaction_id)

    def of_change(self, notice: Notice, source: Source) -> Found | Refusal:
        """The payment that a notification of change is about."""
        found = self.traced(notice.original.transaction_id if notice.original else "", source)
        bank = sides(found.record)[3] if found is not None else None
        said = notice.agent.clearing_member if notice.agent else ""
        if found is not None and bank is not None and bank.clearing_member[:8] == said:
            return found
        text = "no entry of ours has this trace number and bank"
        return Refusal("original-not-found", "NOOR", notice.place, text, notice.id)

    def traced(self, trace: str, source: Source) -> Found | None:
        """The latest entry of ours that has a trace number and went where this comes from."""
        for id in payments_of(trace, self.entries.snapshot.routing_number, self.entries.state.payment):
            found = self.finder.at(id)
            if found is not None and self._was_sent(found, source):
                return found
        return None

    def _by_content(self, record: Payment, source: Source) -> Iterator[Found]:
        """Entries of the same bank, amount and id, of all weeks that something may still come back from."""
        last = week(today(self.entries.batch.time_ns)) + 1  # an entry may be dated ahead
        for number in range(last, last - WEEKS_BACK, -1):
            for id in self.entries.alike(identity(source.endpoint, returned_content(record, number))):
                found = self.finder.at(id)
                if found is not None and self._was_sent(found, source):
                    yield found

    def _returned_by_us(self, record: Payment, source: Source) -> Found | Refusal:
        """The entry that came to us, that we returned, and whose return is dishonored: the return's trace is ours."""
        trace = told(record).get("return_trace", "")
        for id in payments_of(trace, trace, self.entries.state.payment):
            found = self.finder.at(id)
            original = record.original.transaction_id if record.original else ""
            if found is None or found.message.endpoint != source.endpoint or found.message.format != "ach":
                continue
            if found.record.transaction_id == original and found.record.amount == record.amount:
                return found
        text = "no return of ours has this trace number, original trace number and amount"
        return Refusal("original-not-found", "NOOR", record.place, text, record.transaction_id)

    def _was_sent(self, found: Found, source: Source) -> bool:
        """Whether it went out as an entry, to where this comes from."""
        writer = found.way.writer if found.way is not None else None
        left = found.row.id not in self.entries.state.departures
        return left and writer is not None and writer.name == "ach" and found.onward == source.endpoint


def _agrees(record: Payment, found: Found) -> bool:
    """Whether bank and amount are those of the entry."""
    bank = sides(found.record)[3]
    routing = bank.clearing_member[:8] if bank is not None else ""
    return routing == original_rdfi(record) and found.record.amount == record.amount


def _same_account(record: Payment, found: Found) -> bool:
    return sides(found.record)[1] == sides(record)[1]


def _same_day(record: Payment, found: Found) -> bool:
    return found.record.settlement_date == record.settlement_date
