"""What the engine takes first: other messages before parts of large files, and short steps beside them."""

from __future__ import annotations

from gateway.engine import BATCH_WEIGHT_MAX, LATELY_NS, PARTS_WEIGHT_BESIDE, PASSED_MAX, Engine
from gateway.model import Money, Payment
from gateway.planning import Snapshot
from gateway.ports import Decoded, Inbound
from gateway.telemetry.metrics import Metrics
from tests.fakes.store import Disk, MemoryStore

RECORDS = [Payment("credit_transfer", Money("USD", 1))] * 100


def part(number: int) -> Inbound:
    return Inbound("bank", 1, b"", "large.ach", decoded=Decoded("ach", "ACH", records=RECORDS), part=number, last=False)


async def test_parts_let_others_pass_and_are_short_beside_them() -> None:
    now = [10 * LATELY_NS]
    empty = Snapshot(1, {}, None, {}, "", "")  # type: ignore[arg-type]  # nothing is routed here
    engine = Engine(MemoryStore(Disk()), empty, lambda: now[0], Metrics())
    for number in range(12):
        engine.offer((part(number),))
    assert len(engine._take()) == BATCH_WEIGHT_MAX // 101, "alone, as much as a transaction holds"
    engine.offer((Inbound("fix", 1, b"order"),))
    assert [one.messages[0].endpoint for one in engine._take()] == ["fix"]
    short = engine._take()
    assert [one.messages[0].endpoint for one in short] == ["bank", "bank"]
    assert sum(one.weight for one in short) <= PARTS_WEIGHT_BESIDE
    engine.offer((part(12),))
    now[0] += 2 * LATELY_NS
    assert engine._take(), "what is left, when nobody else is there"
    assert engine.queued() == 0


async def test_parts_do_not_wait_for_ever() -> None:
    empty = Snapshot(1, {}, None, {}, "", "")  # type: ignore[arg-type]  # nothing is routed here
    engine = Engine(MemoryStore(Disk()), empty, lambda: LATELY_NS, Metrics())
    engine.offer((part(0),))
    taken = []
    for _ in range(PASSED_MAX + 1):
        engine.offer((Inbound("fix", 1, b"order"),))
        taken.append([one.messages[0].endpoint for one in engine._take()])
    assert taken == [["fix"]] * PASSED_MAX + [["fix", "bank"]]
