"""The tests that stand in routes.yaml, played before a configuration is taken into force.

Each test message walks the real pipeline on a ledger of its own: the configured accounts stand as configured, and
accounts that a message names beyond them are opened with no floor, since the test is about routes and checks and
not about who banks here. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from gateway import formats
from gateway.compile import account_operations
from gateway.config.records import Configuration, TestCase
from gateway.model import Refusal
from gateway.pipeline import HEAD_BYTES, Prepared, Snapshot, State, apply, prepare
from gateway.ports import Batch, Inbound, MessageRow, Movement, Outcome, PaymentRow

REHEARSAL_NS = 1_767_225_600_000_000_000  # 2026-01-01: rehearsals must not depend on the day


class Result(Struct, frozen=True):
    """What became of one test of routes.yaml."""

    name: str
    passed: bool
    text: str

    def __str__(self) -> str:
        return f"tests: {self.name!r} {'passed' if self.passed else 'failed: ' + self.text}"


class Nothing:
    """ports.Reading of a store that holds nothing."""

    def message(self, id: int) -> MessageRow | None:
        return None

    def payment(self, id: int) -> PaymentRow | None:
        return None

    def exceptions(self, endpoint: str, digest: bytes) -> list[PaymentRow]:
        return []

    def latest(self, identity: int) -> PaymentRow | None:
        return None

    def movements(self, account: str, after: int) -> list[Movement]:
        return []

    def last_transfer_before(self, time_ns: int) -> int:
        return 0


def rehearse(config: Configuration, snapshot: Snapshot) -> list[Result]:
    """Play every test of a configuration."""
    return [_rehearse(test, config, snapshot) for test in config.tests]


def _rehearse(test: TestCase, config: Configuration, snapshot: Snapshot) -> Result:
    path = config.base / test.message
    try:
        data = path.read_bytes()
    except OSError as error:
        return Result(test.name, False, f"cannot read {test.message}: {error.strerror}")
    endpoint = test.endpoint or endpoint_for(data, test.format, snapshot)
    if endpoint is None:
        return Result(test.name, False, f"no endpoint takes the format of {test.message}; name one with `endpoint:`")
    snapshot = _without_clock(snapshot)
    prepared = prepare([Inbound(endpoint, REHEARSAL_NS, data, path.name)], snapshot)
    outcome = apply(prepared, scratch_state(config, prepared), snapshot, Batch(1, REHEARSAL_NS))[0]
    return _judge(test, prepared[0], outcome)


def _without_clock(snapshot: Snapshot) -> Snapshot:
    """The same routes with all the time in the world: a test message was accepted on some day or other."""
    ways = {name: structs.replace(way, within_ns=0) for name, way in snapshot.ways.items()}
    return structs.replace(snapshot, ways=ways)


def scratch_state(config: Configuration, prepared: Sequence[Prepared]) -> State:
    """A ledger that exists for one rehearsal."""
    state = State(Nothing())
    for operation in account_operations(config.accounts.open):
        state.ledger.open(operation.subject, operation.currency, None)
    for one in prepared:
        for plan in one.plans:
            for leg in plan.legs if plan is not None else ():
                for account in (leg.debit, leg.credit):
                    if not state.ledger.knows(account, leg.currency):
                        state.ledger.open(account, leg.currency, None)
    return state


def endpoint_for(data: bytes, format: str, snapshot: Snapshot) -> str | None:
    """An endpoint that takes such a message: one of its own format before one that detects."""
    codec = formats.load(format) if format else formats.detect(data[:HEAD_BYTES])
    if codec is None:
        return None
    own = (
        name for name, endpoint in snapshot.endpoints.items() if endpoint.codec and endpoint.codec.name == codec.name
    )
    auto = (name for name, endpoint in snapshot.endpoints.items() if endpoint.codec is None)
    return next(own, None) or next(auto, None)


def _judge(test: TestCase, one: Prepared, outcome: Outcome) -> Result:
    status, reason, text = _seen(outcome)
    route = next((plan.way.route.name for plan in one.plans if plan is not None), "")
    expect = test.expect
    for what, wanted, found in (
        ("route", expect.route, route),
        ("status", expect.status, status),
        ("reason", expect.reason, reason),
    ):
        if wanted and wanted != found:
            return Result(test.name, False, f"expected {what} {wanted}, found {found or 'none'}{text}")
    return Result(test.name, True, "")


def _seen(outcome: Outcome) -> tuple[str, str, str]:
    """Status, reason and the sentence of the first record, or of the message when it was refused whole."""
    if outcome.refusals:
        refusal: Refusal = outcome.refusals[0]
        return "RJCT", refusal.reason, f" ({refusal.place}: {refusal.text})"
    if not outcome.statuses:
        return "", "", " (the message holds no payment)"
    status = outcome.statuses[0]
    return status.code, status.reason, f" ({status.place}: {status.text})" if status.text else ""
