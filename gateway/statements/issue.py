"""Statements made from the ledger: at the end of a day, on request, of each entry. Exactly once each.

Strategy: an issued statement is a row like any record, kept under the identity of its rule, account and currency, and
its message is in the outbox; both are in the batch of the instruction that asked for it. The next one is found by
that identity and goes on where it ended, so that numbers have no gap and every opening balance is the closing balance
before it. That the entries lead from one to the other, and on to what the ledger holds now, is asserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway import formats
from gateway.entries import Entries, identity, rejected, unpack_record
from gateway.model import Notice, Operation, Original, Reason, Refusal, Report, Statement, Status
from gateway.planning import Source
from gateway.ports import Finding, Movement, PaymentRow
from gateway.statements.build import Mark, Span, effect, mark_of, notification, statement, to_send
from gateway.statements.rules import SIDES, StatementRule, kind_of

ENTRIES_MAX = 10_000  # of one statement; a longer day is told in several, each with its number
COPIES_BACK_MAX = 1_000  # how many statements back a copy is looked for: three years of days
REJECTION = "admi.002.001.01"


class Issuing:
    """Makes statements in one batch."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.state = entries.state
        self.snapshot = entries.snapshot

    # -- by the clock

    def operate(self, operation: Operation, message: int) -> Refusal | None:
        """The instruction to make the statement of an account up to a moment."""
        rule = next((rule for rule in self.snapshot.statements if rule.name == operation.rule), None)
        if rule is None or not rule.covers(operation.subject):
            text = "no such statement rule covers this account"
            return Refusal("unknown-statement", "NARR", operation.place, text, operation.subject)
        made = self.issue(message, rule, operation.subject, operation.currency, operation.moment_ns)
        return made if isinstance(made, Refusal) else None

    def issue(
        self, message: int, rule: StatementRule, account: str, currency: str, cut_ns: int
    ) -> list[Statement] | Refusal:
        """Make the statements that lead up to a moment, and send them."""
        hash = own_hash(rule.name, account, currency)
        balance = next((r.balance_minor for r in self.state.ledger.rows(account) if r.currency == currency), None)
        if balance is None:
            return Refusal("unknown-account", "AC01", "", "the ledger has no such account in this currency", account)
        mark = self._mark(hash)
        if mark is not None and (cut_ns < mark.cut_ns or (cut_ns == mark.cut_ns and rule.when == "day_end")):
            return Refusal("statement-issued", "DUPL", "", "a statement up to this moment was issued before", account)
        begin_ns = rule.day_before(cut_ns) if mark is None else mark.cut_ns
        after = self.state.last_transfer_before(begin_ns) if mark is None else mark.transfer
        moves = self.entries.movements(account, currency, after)
        change = sum(effect(move, account) for move in moves)
        if mark is None:
            mark = Mark(transfer=after, closing_minor=balance - change, cut_ns=begin_ns)
        assert mark.closing_minor + change == balance, "statements and ledger differ"
        moves = [move for move in moves if move.time_ns < cut_ns]
        if not moves and not rule.empty:
            return []
        return self._send(message, rule, (account, currency), mark, moves, (begin_ns, cut_ns))

    def _send(
        self,
        message: int,
        rule: StatementRule,
        of: tuple[str, str],
        mark: Mark,
        moves: Sequence[Movement],
        period: tuple[int, int],
    ) -> list[Statement] | Refusal:
        """Whether all can be written is asked before the first is kept."""
        made: list[tuple[int, Statement]] = []
        for start in range(0, max(len(moves), 1), ENTRIES_MAX):
            id = self.state.payment + len(made) + 1
            span = Span(*period, self.entries.batch.time_ns, f"ST{id}", self.snapshot.sender)
            one = statement(rule, *of, mark, moves[start : start + ENTRIES_MAX], span)
            refusal = rule.writer.fit(to_send(one), rule.type).refusal  # type: ignore[arg-type]  # a statement's writer
            if refusal is not None:
                return refusal
            made.append((id, one))
            mark = mark_of(id, one)
        for id, one in made:
            self.state.payment = id
            text = f"{rule.name}: number {mark_of(id, one).number}, {len(one.entries)} entries"
            self.entries.keep(id, message, one, None, Status("ACTC", one, id, text=text), own_hash(rule.name, *of))
            self._outbox(rule, one)
        return [one for _, one in made]

    def _outbox(self, rule: StatementRule, made: Statement) -> None:
        frame = rule.writer.encode([to_send(made)], rule.type, self.entries.writing(rule.receiver))  # type: ignore[list-item]
        name = f"{self.state.delivery + 1:012d}-{rule.type}{frame.suffix}"
        self.entries.outbox(rule.to, name, frame)

    def _mark(self, hash: int) -> Mark | None:
        found = self._kept(self.entries.latest(hash))
        return mark_of(*found) if found is not None else None

    def _kept(self, row: PaymentRow | None) -> tuple[int, Statement] | None:
        record = unpack_record(row.record) if row is not None else None
        return (row.id, record) if row is not None and isinstance(record, Statement) else None

    # -- on request

    def request(self, id: int, notice: Notice, source: Source) -> Status:
        """Answer a request for a statement or report, where the endpoint may ask for it."""
        done = self._answer(notice, source)
        if isinstance(done, Refusal):
            self._refuse(notice, done, source)
            status = rejected(id, notice, done)
        else:
            status = Status("ACSC", notice, id, text=f"answered with {done}", place=notice.place)
        self.entries.keep(id, source.message, notice, None, status)
        return status

    def _answer(self, notice: Notice, source: Source) -> str | Refusal:
        account = notice.account.id if notice.account is not None else ""
        rules = [rule for rule in self.snapshot.statements if self._may(rule, account, notice.requested, source)]
        positions = [row.currency for row in self.state.ledger.rows(account)]
        wanted = notice.account.currency if notice.account is not None else ""
        currencies = [currency for currency in positions if wanted in ("", currency)]
        if not rules or not currencies:
            text = "no statement of this kind may be asked for here of such an account"
            return Refusal("statement-not-available", "AC01", notice.place, text, notice.id)
        told = []
        for currency in currencies:
            done = self._tell(rules[0], account, currency, notice, source)
            if isinstance(done, Refusal):
                return Refusal(done.code, done.reason, notice.place, done.text, notice.id)
            told += done
        return ", ".join(told)

    def _may(self, rule: StatementRule, account: str, requested: str, source: Source) -> bool:
        """Asked for by its type, or by any type of the same message: camt.053.001.02 for camt.053.001.08."""
        asked = requested[:8] if requested.startswith("camt.") else requested
        same = not requested or rule.type.startswith(asked)
        return rule.when != "each_entry" and source.endpoint in rule.requesters and rule.covers(account) and same

    def _tell(
        self, rule: StatementRule, account: str, currency: str, notice: Notice, source: Source
    ) -> list[str] | Refusal:
        """A statement up to now; of a rule that makes them by the day, a copy of one that was made."""
        if rule.when == "on_request" and not notice.date:
            made = self.issue(source.message, rule, account, currency, self.entries.batch.time_ns + 1)
        else:
            made = self._copy(rule, account, currency, notice.date)
        if isinstance(made, Refusal):
            return made
        return [f"{rule.type} number {mark_of(0, one).number} of {currency}" for one in made]

    def _copy(self, rule: StatementRule, account: str, currency: str, day: str) -> list[Statement] | Refusal:
        """The last statement, or all of a day, again and as they were."""
        found = [one for one in self._back(rule, account, currency) if not day or one.balances[-1].date == day]
        if not found:
            text = "there is no statement yet" if not day else f"there is no statement of {day}"
            return Refusal("no-statement", "NARR", "", text, account)
        copies = found[::-1] if day else found[:1]
        for one in copies:
            self._outbox(rule, one)
        return copies

    def _back(self, rule: StatementRule, account: str, currency: str) -> Iterable[Statement]:
        """The statements that were made, newest first."""
        row = self.entries.latest(own_hash(rule.name, account, currency))
        for _ in range(COPIES_BACK_MAX):
            found = self._kept(row)
            if found is None:
                return
            yield found[1]
            row = self.entries.payment(mark_of(*found).previous)

    def _refuse(self, notice: Notice, refusal: Refusal, source: Source) -> None:
        """Tell a sender of XML that the request is rejected; others see it in the answer or not at all."""
        if self.snapshot.endpoints[source.endpoint].answer_by != "outbox" or not source.type.startswith("camt."):
            return
        reason = Reason(proprietary=refusal.code, text=(refusal.text,))
        asked = Original(message_id=dict(notice.extra).get("iso:/GrpHdr/MsgId", "") or notice.id)
        report = Report("RJCT", asked, "message_rejected", "group", (reason,))
        frame = formats.writer(REJECTION).encode([report], REJECTION, self.entries.writing(""))  # type: ignore[list-item]
        name = f"{self.state.delivery + 1:012d}-{REJECTION}{frame.suffix}"
        self.entries.outbox(source.endpoint, name, frame, source.session)

    # -- of each entry

    def notify(self) -> None:
        """Tell of every movement of this batch whom a rule names."""
        rules = [rule for rule in self.snapshot.statements if rule.when == "each_entry"]
        if not rules:
            return
        for transfer in tuple(self.entries.batch.transfers):
            for account in (transfer.debit, transfer.credit):
                for rule in rules:
                    if rule.covers(account) and (transfer.credit == account) in SIDES.get(rule.type, (True, False)):
                        self._notify(rule, account, self.entries.movement(transfer))

    def _notify(self, rule: StatementRule, account: str, move: Movement) -> None:
        now_ns, id = move.time_ns, f"NT{move.transfer.id}{'C' if move.transfer.credit == account else 'D'}"
        made = notification(rule, move, account, Span(now_ns, now_ns, now_ns, id, self.snapshot.sender))
        refusal = rule.writer.fit(made, rule.type).refusal  # type: ignore[arg-type]  # a statement's writer
        if refusal is None:
            self._outbox(rule, made)
            return
        text = f"{rule.name}: {refusal.text}"
        found = Finding("statements", "record", "not-notified", refusal.reason, text, refusal.place)
        self.entries.decided(move.transfer.payment, found)


def own_hash(rule: str, account: str, currency: str) -> int:
    """What the statements of a rule about an account in a currency are kept under."""
    return identity("", f"statements/{rule}/{account}/{currency}")


def made_until(row: PaymentRow) -> int:
    """Up to when the statements go whose last one is kept in a row."""
    record = unpack_record(row.record)
    return mark_of(row.id, record).cut_ns if isinstance(record, Statement) else 0


def may_be_asked(notice: Notice) -> bool:
    """Whether a request is one for statements that are made here."""
    return notice.kind == "statement_request" and (not notice.requested or kind_of(notice.requested) is not None)
