"""One simulated run: the engine, its peers, a network that breaks and a disk that fails, all from one seed.

The gateway lives several lives: each ends in a crash before or after a commit, and the next rebuilds itself from
what is durable. Peers do what real ones do: they repeat what was not answered, under the same name. At the end
everything that was asked for has happened exactly once, or was refused, and the books say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from random import Random

from gateway import formats
from gateway.compile import account_operations, compile_snapshot
from gateway.config.load import parse
from gateway.engine import Engine
from gateway.outbox import Outbox
from gateway.pipeline import Endpoint, Snapshot
from gateway.ports import Acceptor, Delivery, Inbound, Link, SessionConfig
from gateway.telemetry.metrics import Metrics
from tests import samples
from tests.fakes.store import Disk, MemoryStore
from tests.fix_peer import FixPeer
from tests.sim import clearing

EPOCH_NS = 1_767_225_600_000_000_000
TRANSFERS, ORDERS, FILES, HELD = 30, 20, 6, 4

ROUTES = """
version: 1
store: "sqlite::memory:"
gateway: {bic: FINODEHHXXX}
ENDPOINTS
accounts:
  open:
    - {id: NOSTRO, currency: USD, floor: none}
    - {id: SINK-USD, currency: USD}
    - {id: FUND, currency: USD, balance: 20, from: NOSTRO}
    - {id: HOUSE-USD, currency: USD, floor: none}
    - {id: HOUSE-EUR, currency: EUR, floor: none}
    - {id: PEER-USD, currency: USD, floor: none}
    - {id: PEER-EUR, currency: EUR, floor: none}
ACCOUNTS
routes:
CLEARING
  - {name: fx, when: {kind: order}, settle: {client: "{session}-{currency}", principal: "HOUSE-{currency}"}}
  - {name: book, when: {scheme: internal}, settle: {debit: debtor, credit: creditor}}
  - {name: default, settle: {debit: NOSTRO, credit: creditor}}
"""


class Crash(Exception):
    """The machine stops here."""


class World:
    """Everything that exists in one run."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.disk = Disk()
        routes = ROUTES.replace("ENDPOINTS", clearing.ENDPOINTS).replace("ACCOUNTS", clearing.ACCOUNTS)
        self.config = parse(routes.replace("CLEARING", clearing.ROUTES), "sim", {})
        self.snapshot = _snapshot(compile_snapshot(self.config, 1), self.config)
        self.engine: Engine | None = None
        self.acceptor: Acceptor | None = None
        self.alive = asyncio.Event()
        self.crashes = 0
        self.folder: dict[str, bytes] = {}  # files that were dropped and not let go
        self.answers: dict[str, bytes] = {}  # out/: name -> content
        self.acked: dict[str, str] = {}  # key of a transfer -> the status its caller was told
        self.peer = FixPeer(0, "PEER")
        self.peer.clock_ns = self._clock_ns
        self.clearing = clearing.Clearing(self, random)
        self.done = False

    # -- lives

    async def run(self) -> None:
        """Live and crash until every peer has what it wants; then check the books."""
        peers = [asyncio.create_task(job) for job in self._jobs()]
        life = asyncio.create_task(self._lives())
        await asyncio.gather(*peers)
        self.done = True
        await life
        self._check()

    def _jobs(self) -> list[object]:
        return [*(self._caller(n) for n in range(TRANSFERS)), self._dropper(), self._trader(), *self.clearing.jobs()]  # type: ignore[list-item]

    async def _lives(self) -> None:
        while True:
            with contextlib.suppress(Crash):
                if await self._live():
                    return
            self.crashes += 1
            self.alive.clear()
            await asyncio.sleep(self.random.random())

    async def _live(self) -> bool:
        """One life; True when it ended in order."""
        store = MemoryStore(self.disk, self._fault, lambda: self.random.choice((0.0, 0.0, 0.001, 0.05)))
        engine = Engine(store, self.snapshot, self._clock_ns, Metrics())
        await engine.open()
        await engine.open_accounts(account_operations(self.config.accounts.open))
        folders = {"bank": _Folder(self, self.answers)}
        folders |= {peer: _Folder(self, taken) for peer, taken in self.clearing.taken.items()}
        outbox = Outbox(store, folders, self._clock_ns)  # type: ignore[arg-type]
        engine.on_outbox = outbox.add
        walk = asyncio.create_task(engine.walk())
        for name in folders:
            outbox.start(name)
        self.engine, self.acceptor = engine, _acceptor(engine, store)
        self.alive.set()
        drops = asyncio.gather(self._carry_files(engine), self.clearing.carry(engine))
        try:
            return await self._until_done(engine, outbox, walk)
        finally:
            self.engine = self.acceptor = None
            self.alive.clear()
            for task in (walk, drops, *outbox._tasks.values(), outbox._note_task):
                if task is not None:
                    task.cancel()
            await asyncio.gather(walk, drops, return_exceptions=True)

    async def _until_done(self, engine: Engine, outbox: Outbox, walk: asyncio.Task[None]) -> bool:
        while not self.done:
            await asyncio.wait({walk}, timeout=0.1)
            if walk.done():
                walk.result()
        await outbox.drained()
        engine.stop()
        await walk
        await outbox.note()
        return True

    def _fault(self, when: str) -> None:
        if self.disk.batch and self.random.random() < 0.02:
            raise Crash(when)

    def _clock_ns(self) -> int:
        return EPOCH_NS + int(asyncio.get_running_loop().time() * 1e9)

    async def _offered(self, message: Inbound, link: Link | None = None) -> list[str] | None:
        """Statuses told to the sender; None when the life ended first."""
        engine = self.engine
        if engine is None:
            return None
        future = engine.offer([message], link)
        while not future.done() and self.engine is engine:
            await asyncio.wait({future}, timeout=0.05)
        if not future.done():
            return None
        [outcome] = future.result().outcomes
        return [json.loads(frame.data).get("status", "?") for frame in outcome.answers] if message.key else ["done"]

    # -- peers

    async def _caller(self, n: int) -> None:
        """Transfers 1.00 under its own key until it is told what became of it; sometimes asks once more."""
        body = json.dumps(
            {
                "debit_account": "FUND",
                "credit_account": "SINK-USD",
                "amount": "1.00",
                "currency": "USD",
                "reference": f"T{n}",
            }
        ).encode()
        again = self.random.random() < 0.3
        while True:
            await asyncio.sleep(self.random.random() * 3)
            await self.alive.wait()
            told = await self._offered(
                Inbound("api", self._clock_ns(), body, session="me", key=f"K{n}", type="transfer")
            )
            if told is None:
                continue
            assert self.acked.setdefault(f"T{n}", told[0]) == told[0], "a repetition got another answer"
            if not again:
                return
            again = False

    async def _dropper(self) -> None:
        """A bank that drops files of several MT 103, some of them twice."""
        for n in range(FILES):
            data = b"".join(samples.mt103(n * 10 + i, "SINK-USD", "F") for i in range(self.random.randint(1, 5)))
            self.folder[f"file{n}.fin"] = data
            if self.random.random() < 0.3:
                self.folder[f"again{n}.fin"] = data
            await asyncio.sleep(self.random.random())
        while self.folder:
            await asyncio.sleep(0.1)

    async def _carry_files(self, engine: Engine) -> None:
        """The folder door: a file stays until its commit."""
        while True:
            for name, data in list(self.folder.items()):
                if await self._offered(Inbound("bank", self._clock_ns(), data, name)) is not None:
                    self.folder.pop(name, None)
            await asyncio.sleep(0.05)

    async def _trader(self) -> None:
        """A FIX counterparty over a connection that breaks and cuts messages anywhere."""
        for n in range(ORDERS):
            self.peer.order(f"O{n}", self.random.choice("12"), "1000", "1.1000")
        while len(self.peer.reports) < ORDERS:
            await self.alive.wait()
            acceptor = self.acceptor
            if acceptor is not None:
                with contextlib.suppress(ConnectionError):
                    await _Wire(self, acceptor).run()
            self.peer.logged_on.clear()
            self.peer._writer = None
            self.peer._asked_to = 0
            await asyncio.sleep(self.random.random() * 0.2)

    # -- the end

    def _check(self) -> None:
        paid = Counter(
            p.reference
            for p in self.disk.payments.values()
            if self.disk.current(p.id) == "ACSC"
            and (p.kind == "order" or (p.kind, p.currency) == ("credit_transfer", "USD"))
        )
        doubled = [reference for reference, count in paid.items() if count > 1]
        assert not doubled, f"doubled: {doubled}"
        for reference, status in self.acked.items():
            assert (paid[reference] == 1) == (status == "ACSC"), (
                f"{reference} was told {status}, settled {paid[reference]}"
            )
        assert sum(status == "ACSC" for status in self.acked.values()) == 20, (
            "FUND holds 20.00: 20 transfers of 1.00 settle"
        )
        for order, executions in self.peer.reports.items():
            assert len(executions) == 1, f"{order} was executed as {executions}"
            assert paid[order] == 1
        state = self.disk.sessions["fix", "PEER"]
        assert state.next_in <= self.peer.next_out, "the gateway expects what was never sent"
        assert state.next_out >= self.peer.next_in, "the peer got what was never committed"
        messages = [m for m in self.disk.messages.values() if m.endpoint == "bank"]
        assert len({m.digest for m in messages}) == len(messages) == FILES, "every file was taken once"
        assert set(self.answers) == {item.name for item in self.disk.outbox.values() if item.endpoint == "bank"}
        totals: Counter[str] = Counter()
        for transfer in self.disk.transfers.values():
            assert transfer.minor > 0
            totals[transfer.credit] += transfer.minor
        taken = sum(
            1
            for p in self.disk.payments.values()
            if (p.kind, p.currency) == ("credit_transfer", "USD") and self.disk.current(p.id) == "ACSC"
        )
        assert totals["SINK-USD"] == taken * 100, "what was credited is what was settled"
        self.clearing.check()


class _Folder:
    """out/ of a peer's folder: takes some, fails sometimes, never forgets what it took."""

    def __init__(self, world: World, taken: dict[str, bytes]) -> None:
        self.world, self.taken = world, taken

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        random = self.world.random
        await asyncio.sleep(random.random() * 0.02)
        if random.random() < 0.2:
            raise OSError("the folder is not there just now")
        taken = items[: random.randint(0, len(items))]
        for item in taken:
            assert self.taken.setdefault(item.name, item.data) == item.data, f"{item.name} changed"
        return [item.id for item in taken]


class _Wire:
    """A TCP connection between the FIX peer and the acceptor, cut into pieces, broken now and then."""

    def __init__(self, world: World, acceptor: Acceptor) -> None:
        self.world, self.acceptor = world, acceptor
        self.link = acceptor.connect(world._clock_ns())
        self.out = bytearray()  # peer -> gateway
        self.back = bytearray()  # gateway -> peer
        self.parse = bytearray()
        self.busy = False

    def write(self, data: bytes) -> None:
        self.out += data

    async def run(self) -> None:
        peer = self.world.peer
        peer._writer = self  # type: ignore[assignment]
        peer._admin("A", "98=0\x01108=30\x01")
        try:
            while len(peer.reports) < ORDERS:
                await self._turn()
        finally:
            self.link.lost()

    async def _turn(self) -> None:
        random, world = self.world.random, self.world
        await asyncio.sleep(random.random() * 0.01)
        if world.acceptor is not self.acceptor or random.random() < 0.01:
            raise ConnectionError("cut")
        size = random.randint(1, 400)
        if self.out and not self.busy and world.engine is not None:
            piece = bytes(self.out[:size])
            del self.out[:size]
            messages = self.link.receive(piece, world._clock_ns())
            inbound = [
                Inbound("fix", world._clock_ns(), m, session=self.link.session, type="session") for m in messages
            ]
            self.busy = True  # one offer of a connection under way at a time, as the door does it
            world.engine.offer(inbound, self.link).add_done_callback(self._committed)
        self._read(random.randint(1, 400))

    def _committed(self, future: asyncio.Future[object]) -> None:
        self.busy = False
        if not future.cancelled():
            self.back += future.result().wire  # type: ignore[attr-defined]

    def _read(self, size: int) -> None:
        self.parse += self.back[:size]
        del self.back[:size]
        while (end := self.parse.find(b"\x0110=")) >= 0 and (stop := self.parse.find(b"\x01", end + 1)) >= 0:
            frame = bytes(self.parse[: stop + 1])
            del self.parse[: stop + 1]
            self.world.peer._take(frame)


def _snapshot(snapshot: Snapshot, config: object) -> Snapshot:
    """The doors of the simulation, which are no modules."""
    own = {
        "api": Endpoint("api", formats.load("json"), "caller"),
        "bank": Endpoint("bank", formats.load("mt"), "outbox"),
        "fix": Endpoint("fix", formats.load("fix"), "link"),
    }
    return Snapshot(snapshot.generation, {**snapshot.endpoints, **own}, snapshot.table, snapshot.ways, snapshot.sender)


def _acceptor(engine: Engine, store: MemoryStore) -> Acceptor:
    codec = formats.load("fix")
    sessions = [SessionConfig("PEER")]
    acceptor: Acceptor = codec.acceptor(  # type: ignore[attr-defined]
        "fix", sessions, engine.session_states(), lambda session, first, last: store.sent("fix", session, first, last)
    )
    return acceptor
