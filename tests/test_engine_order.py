"""What the engine takes first: other messages before parts of large files, and short steps beside them."""

from __future__ import annotations

from gateway.engine import BATCH_WEIGHT_MAX, LATELY_NS, Engine
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
    assert endpoints(engine) == ["fix"], "messages go first, and alone"
    engine.offer((Inbound("fix", 1, b"order"),))
    assert endpoints(engine) == ["bank"], "but a file has its turn, one part long"
    assert endpoints(engine) == ["fix"]
    engine.offer((part(12),))
    now[0] += 2 * LATELY_NS
    assert endpoints(engine) == ["bank", "bank"], "what is left, when nobody else is there"
    assert engine.queued() == 0


def endpoints(engine: Engine) -> list[str]:
    return [one.messages[0].endpoint for one in engine._take()]
