"""Whatever is said about payments, in whatever order and however often, between restarts and crashes: money is
conserved, no payment is given back twice, and every payment is where its state says.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.conversations.states import FINAL, STATES, TRANSITIONS, after
from tests.conversations.bank import Bank
from tests.conversations.test_covers import cover
from tests.fakes.store import MemoryStore

ROUTES = """
routes:
  - name: cover
    when: {kind: fi_transfer}
    settle: {debit: NOSTRO, credit: COVERS}
  - name: onward
    when: {creditor_agent: CLEADEFF, kind: credit_transfer, amount: {lt: 100}}
    settle: {debit: NOSTRO, credit: CSM}
    send: {to: csm, as: pacs.008.001.08}
    recall: {do: forward}
  - name: confirmed
    when: {creditor_agent: CLEADEFF, kind: credit_transfer}
    settle: {debit: NOSTRO, credit: CSM, confirm: required, within_s: 60}
    send: {to: csm, as: pacs.008.001.08}
  - name: covered
    when: {kind: credit_transfer, amount: {lt: 100}}
    settle: {debit: COVERS, credit: creditor, cover: required}
  - name: here
    when: {kind: credit_transfer}
    settle: {debit: NOSTRO, credit: creditor}
    recall: {do: return}
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""
NUMBERS = st.integers(1, 3)  # few payments, so that what is said meets
SMALL, LARGE = 9_999, 10_000
AMOUNTS = st.sampled_from((SMALL, LARGE))
ORIGIN = st.sampled_from(("correspondent",) * 4 + ("csm", "other"))  # mostly who may say it
ONWARD = st.sampled_from(("csm",) * 4 + ("correspondent", "other"))
MOVING = {"ACSP", "ACSC", "PDCR"}


class Crash(Exception):
    """The machine stops here."""


class Lives(RuleBasedStateMachine):
    """One bank, and everybody who may say something to it."""

    def __init__(self) -> None:
        super().__init__()
        self.crash = ""
        self.bank = Bank(ROUTES, store=lambda disk: MemoryStore(disk, self._fault))

    def _fault(self, when: str) -> None:
        if self.crash and when == self.crash:
            self.crash = ""
            raise Crash(when)

    def _do(self, act: object) -> None:
        """Until it is taken: a crash before or after the commit looks the same from here."""
        try:
            act()  # type: ignore[operator]
        except Crash:
            self.bank.restart()
            act()  # type: ignore[operator]
        self.crash = ""

    @rule(when=st.sampled_from(("before", "after")))
    def crash_at_the_next_commit(self, when: str) -> None:
        self.crash = when

    @rule(n=NUMBERS, cents=AMOUNTS, onward=st.booleans())
    def pay(self, n: int, cents: int, onward: bool) -> None:
        self._do(lambda: self.bank.pay(n, cents, onward))

    @rule(n=NUMBERS, cents=AMOUNTS)
    def cover(self, n: int, cents: int) -> None:
        self._do(lambda: cover(self.bank, n, cents))

    @rule(n=NUMBERS, side=ORIGIN)
    def recall(self, n: int, side: str) -> None:
        self._do(lambda: self.bank.recall(n, side, amount=None))

    @rule(n=NUMBERS, word=st.sampled_from(("CNCL", "RJCR", "PDCR")), side=ONWARD)
    def resolve(self, n: int, word: str, side: str) -> None:
        self._do(lambda: self.bank.resolve(n, word, endpoint=side))

    @rule(n=NUMBERS, cents=st.sampled_from((5_000, SMALL, LARGE)), side=ONWARD)
    def return_(self, n: int, cents: int, side: str) -> None:
        self._do(lambda: self.bank.give_back(n, cents, side, amount=None))

    @rule(n=NUMBERS, cents=st.sampled_from((5_000, SMALL, LARGE)), side=ORIGIN)
    def reverse(self, n: int, cents: int, side: str) -> None:
        self._do(lambda: self.bank.give_back(n, cents, side, "reversal", amount=None))

    @rule(n=NUMBERS, status=st.sampled_from(("RJCT", "ACSC", "ACSP")), side=ONWARD)
    def report(self, n: int, status: str, side: str) -> None:
        self._do(lambda: self.bank.report(n, status, side))

    @rule(n=NUMBERS)
    def ask(self, n: int) -> None:
        self._do(lambda: self.bank.ask(n))

    @rule(act=st.sampled_from(("release", "reject")), place=st.integers(0, 3))
    def decide(self, act: str, place: int) -> None:
        held = sorted(self.bank.engine.state.held)
        if held:
            self._do(lambda: self.bank.operate(act, held[place % len(held)]))

    @rule(act=st.sampled_from(("recall", "return", "ask_status")), place=st.integers(0, 5))
    def begin(self, act: str, place: int) -> None:
        kinds = ("credit_transfer", "fi_transfer")
        payments = [id for id, row in sorted(self.bank.disk.payments.items()) if row.kind in kinds]
        if payments:
            id, reason = payments[place % len(payments)], "" if act == "ask_status" else "DUPL"
            self._do(lambda: self.bank.operate(act, id, reason=reason))

    @rule(seconds=st.sampled_from((1, 61)))
    def wait(self, seconds: int) -> None:
        self.bank.wait(seconds)
        self._do(self.bank.tick)

    @rule()
    def restart(self) -> None:
        self.bank.restart()

    @invariant()
    def money_is_conserved(self) -> None:
        total = sum(row.balance_minor for row in self.bank.engine.store._balances())  # type: ignore[attr-defined]
        assert total == 0

    @invariant()
    def every_payment_is_where_its_state_says(self) -> None:
        """Its own movement was made once if its state says so; it went back at most once, and never by more."""
        disk = self.bank.disk
        moved = Counter(t.payment for t in disk.transfers.values())
        twice = [id for id, count in moved.items() if count > 1 and disk.payments[id].kind != "tick"]
        assert not twice, "nothing moves money twice under one number, but a tick, for each that has run out of time"
        by = {t.payment: t for t in disk.transfers.values()}
        back, again = Counter[int](), Counter[int]()
        for decision in disk.decisions:
            moves = by.get(int(decision.detail)) if decision.check == "conversation" else None
            if decision.outcome != "about" and moves is not None:
                forth = (moves.debit, moves.credit) == (by[decision.payment].debit, by[decision.payment].credit)
                (again if forth else back)[decision.payment] += 1
        for row in disk.payments.values():
            if row.kind not in ("credit_transfer", "fi_transfer") or row.route in ("", "default"):
                continue
            state = disk.current(row.id)
            returned = back[row.id] - again[row.id]
            assert returned in (0, 1), "given back once, unless a person had booked it again"
            if state == "ACSC" or state in MOVING:
                assert (moved[row.id], returned) == (1, 0), (row, state)
            elif state == "RTRN":
                assert (moved[row.id], returned) == (1, 1), (row, state)
            elif state == "RJCT":
                assert moved[row.id] == returned, (row, state)
            else:
                assert (moved[row.id], returned) == (0, 0), (row, state)

    @invariant()
    def what_happened_is_in_the_table(self) -> None:
        disk = self.bank.disk
        state = {id: row.status for id, row in disk.payments.items() if row.kind in ("credit_transfer", "fi_transfer")}
        steps = {(one, other) for (one, _), other in TRANSITIONS.items()}
        for change in disk.statuses:
            if change.payment in state:
                assert (state[change.payment], change.status) in steps, change
                state[change.payment] = change.status


Lives.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLives = Lives.TestCase


def test_nothing_follows_a_final_state() -> None:
    assert {state for state, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(STATES)
    followed = {(state, event) for state in FINAL for _, event in TRANSITIONS if after(state, event)}
    assert followed == {("RJCT", "accept")}, "but what a person accepts"
