"""The daemon: configuration in, doors open, orderly stop. The composition root.

Order of a start: read and check routes.yaml, open the store (its tail is verified), rebuild the state, compile
the snapshot, open the accounts, start the doors, tell systemd. Order of a stop: doors take nothing new, the
walk ends once nothing waits, the outbox writes down what arrived, the store closes. A reload parses, compiles
and rehearses the new file first; only then is it swapped in, between two batches; a wrong one changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

import watchfiles

from gateway import formats, practice, systemd
from gateway.compile import account_operations, compile_snapshot, door_class
from gateway.config.load import ConfigErrors, load
from gateway.config.records import Configuration, EndpointConfig
from gateway.engine import Engine
from gateway.outbox import Outbox
from gateway.pipeline import HEAD_BYTES, Snapshot
from gateway.ports import Acceptor, Committed, Decoded, Door, Inbound, Link, Queries, SessionConfig
from gateway.queries import EngineQueries
from gateway.rehearsal import rehearse
from gateway.statements.due import Due
from gateway.statements.issue import made_until, own_hash
from gateway.store import open_store
from gateway.telemetry.metrics import Metrics

STOP_S = 20.0  # systemd kills after 30
HEARTBEAT_S = 0.25
STATEMENTS_S = 1.0  # how soon after a day's end its statements are begun
STATEMENTS_TOGETHER = 20  # in one batch: each may hold ten thousand entries, and payments wait behind it
COLLECT_AFTER = (2_000, 20, 50)  # allocations, young collections, middle collections until the next older one

log = logging.getLogger("financial_os.daemon")


class Counter:
    """What doors may ask of the engine (ports.Desk)."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.queries: Queries = daemon.queries

    def clock_ns(self) -> int:
        return self._daemon.engine.clock_ns()

    def offer(self, messages: Sequence[Inbound], link: Link | None = None) -> asyncio.Future[Committed]:
        return self._daemon.engine.offer(messages, link)

    async def room(self) -> None:
        await self._daemon.engine.room()

    def has_room(self) -> bool:
        return self._daemon.engine.has_room()

    def parts(self, endpoint: str, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        door = self._daemon.engine.snapshot.endpoints[endpoint]
        codec, held_to = door.codec, door.held_to
        if codec is None:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            codec = formats.detect(head)
        if codec is None:
            raise ValueError("unknown format")
        return practice.held_parts(codec.parts(file, records_max), held_to)

    def acceptor(self, endpoint: str, sessions: Sequence[SessionConfig]) -> Acceptor:
        engine = self._daemon.engine
        codec: Any = engine.snapshot.endpoints[endpoint].codec
        states = [s for s in engine.session_states() if s.endpoint == endpoint]
        made: Acceptor = codec.acceptor(
            endpoint, sessions, states, lambda session, first, last: engine.store.sent(endpoint, session, first, last)
        )
        self._daemon.queries.acceptors[endpoint] = made
        return made

    async def command(self, endpoint: str, session: str, command: Literal["reset", "logout"]) -> bool:
        door: Any = self._daemon.doors.get(endpoint)
        act = getattr(door, "command", None)
        return act is not None and bool(await act(session, command))


class Daemon:
    """One running gateway."""

    def __init__(self, path: Path, environ: Mapping[str, str], clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self.environ = environ
        self.config: Configuration = load(path, environ)
        self.metrics = Metrics()
        self.engine = Engine(open_store(self.config.store), compile_snapshot(self.config, 1), clock_ns, self.metrics)
        self.doors: dict[str, Door] = {}
        self.outbox = Outbox(self.engine.store, self.doors, clock_ns)
        self.engine.on_outbox = self.outbox.add
        self.queries = EngineQueries(self.engine, self.outbox, self.metrics)
        self.desk = Counter(self)
        self.due = Due()
        self.generation = 1
        self.last_problem = ""
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._walk: asyncio.Task[None] | None = None

    # -- start and stop

    async def start(self) -> None:
        """Open everything; raises with a sentence when something cannot be opened."""
        await self.engine.open()
        await self.engine.open_accounts(account_operations(self.config.accounts.open))
        self._walk = asyncio.create_task(self.engine.walk(), name="walk")
        for entry in self.config.endpoints.values():
            await self._open_door(entry)
        if not any(entry.adapter == "control" for entry in self.config.endpoints.values()):
            await self._open_door(self._control())
        self.queries.started = True
        _spare_collections()
        systemd.notify("READY=1", f"STATUS=serving {len(self.doors)} endpoints")
        log.info("daemon.ready endpoints=%d batch=%d", len(self.doors), self.engine.batch_id)

    def _control(self) -> EndpointConfig:
        config = door_class_config("control")(path=self.config.state_folder / "control.sock")
        return EndpointConfig(name="control", adapter="control", format="json", config=config)

    async def _open_door(self, entry: EndpointConfig) -> None:
        make: Any = door_class(entry.adapter)
        door: Door = make(entry.name, entry.config, self.desk)
        await door.start()
        self.doors[entry.name] = door
        self.outbox.start(entry.name)

    async def _close_door(self, name: str) -> None:
        await self.outbox.halt(name)
        await self.doors.pop(name).stop()
        self.queries.acceptors.pop(name, None)

    async def stop(self) -> None:
        """Take nothing new, finish what is under way, close."""
        systemd.notify("STOPPING=1")
        self.queries.started = False
        for door in list(self.doors.values()):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(door.stop(), STOP_S)
        self.engine.stop()
        if self._walk is not None:
            await self._walk
        await self.outbox.stop()
        await self.engine.store.close()
        log.info("daemon.stopped batch=%d", self.engine.batch_id)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises what ended the walk, if something did."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        await self.start()
        jobs = (self._beat, self._watch, self._reload_on_demand, self._make_statements)
        helpers = [asyncio.create_task(job()) for job in jobs]
        assert self._walk is not None, "start opens the walk"
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({self._walk, stop}, return_when=asyncio.FIRST_COMPLETED)
        for task in [*helpers, stop]:
            task.cancel()
        await asyncio.gather(*helpers, stop, return_exceptions=True)
        if self._walk.done():
            self._walk.result()
        await self.stop()

    # -- reload

    async def reload(self) -> list[str]:
        """Read routes.yaml again; the problems found, empty when the new configuration is in force."""
        systemd.reloading()
        try:
            problems = await self._try_reload()
        finally:
            systemd.notify("READY=1")
        self.last_problem = problems[0] if problems else ""
        for problem in problems:
            log.error("config.refused %s", problem)
        if not problems:
            log.info("config.loaded generation=%d", self.generation)
        return problems

    async def _try_reload(self) -> list[str]:
        try:
            config = await asyncio.to_thread(load, self.path, self.environ)
            snapshot = await asyncio.to_thread(compile_snapshot, config, self.generation + 1)
            failed = [str(result) for result in rehearse(config, snapshot) if not result.passed]
        except ConfigErrors as errors:
            return [str(error) for error in errors.errors]
        except (ValueError, OSError) as error:
            return [f"{self.path.name}: {error}"]
        if failed:
            return failed
        if config.store != self.config.store:
            return [f"{self.path.name}: store: the store cannot be changed while the daemon runs; restart it"]
        problem = await self._take_over(config, snapshot)
        return [f"{self.path.name}: {problem}"] if problem else []

    async def _take_over(self, config: Configuration, snapshot: Snapshot) -> str:
        """Put a checked configuration into force; what a door could not do, and then the old one is back in force."""
        before, former = self.config, self.engine.snapshot
        self.engine.snapshot = snapshot
        try:
            await self._exchange(before, config)
        except (ValueError, OSError) as error:
            self.engine.snapshot = former
            return f"{error}; {await self._go_back(config, before)}"
        self.generation += 1
        self.config = config
        self.due.forget()
        await self._offer_accounts(config)
        return ""

    async def _go_back(self, config: Configuration, before: Configuration) -> str:
        try:
            await self._exchange(config, before)
        except (ValueError, OSError) as error:
            return f"and an endpoint of the configuration before could not be opened again: {error}"
        return "everything is as it was"

    async def _exchange(self, before: Configuration, config: Configuration) -> None:
        """Close the doors that are gone or changed, then open the new; a door that can take its change stays open."""
        for name, old in before.endpoints.items():
            new = config.endpoints.get(name)
            if new is not None and new.config == old.config and (new.adapter, new.format) == (old.adapter, old.format):
                continue
            reconfigure = getattr(self.doors.get(name), "reconfigure", None)
            if new is not None and new.adapter == old.adapter and reconfigure is not None and reconfigure(new.config):
                continue
            if name in self.doors:
                await self._close_door(name)
        for name, entry in config.endpoints.items():
            if name not in self.doors:
                await self._open_door(entry)

    async def _offer_accounts(self, config: Configuration) -> None:
        missing = self.engine.missing_accounts(account_operations(config.accounts.open))
        if missing:
            decoded = Decoded("json", "operation", records=missing)
            await self.engine.offer([Inbound("config", self.engine.clock_ns(), b"", self.path.name, decoded=decoded)])

    # -- helpers that run beside the walk

    async def _beat(self) -> None:
        """Feed health and watchdog from the loop itself: a loop that hangs feeds neither."""
        every = systemd.watchdog_s()
        fed = 0.0
        while True:
            self.queries.beat()
            self.engine.tick()
            now = time.monotonic()
            if every and now - fed >= every:
                systemd.notify("WATCHDOG=1")
                fed = now
            await asyncio.sleep(min(HEARTBEAT_S, every or HEARTBEAT_S))

    async def _make_statements(self) -> None:
        """Offer the instructions for statements whose day has ended."""
        engine = self.engine
        while True:
            await asyncio.sleep(STATEMENTS_S)
            now_ns, rules = engine.clock_ns(), engine.snapshot.statements
            due = self.due.operations(rules, engine.state.ledger.positions, self._statements_until, now_ns)
            for start in range(0, len(due), STATEMENTS_TOGETHER):
                await engine.room()
                decoded = Decoded("json", "operation", records=due[start : start + STATEMENTS_TOGETHER])
                done = await engine.offer([Inbound("config", now_ns, b"", self.path.name, decoded=decoded)])
                for status in (status for outcome in done.outcomes for status in outcome.statuses):
                    if status.code == "RJCT":
                        log.error("statement.refused payment=%d code=%s", status.payment_id, status.refusal_code)

    def _statements_until(self, rule: str, account: str, currency: str) -> int:
        row = self.engine.store.latest(own_hash(rule, account, currency))
        return made_until(row) if row is not None else 0

    async def _watch(self) -> None:
        """Reload when routes.yaml changes on disk."""
        name = self.path.resolve().name
        async for _ in watchfiles.awatch(
            self.path.resolve().parent, recursive=False, step=100, watch_filter=lambda _, path: Path(path).name == name
        ):
            self._reload.set()

    async def _reload_on_demand(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            await self.reload()

    def request_stop(self) -> None:
        self._stop.set()


def _spare_collections() -> None:
    """Keep the garbage collector from walking over what is never garbage, while everybody waits.

    What was loaded at the start (lists, schemas, positions) is set aside. Records and rows form no cycles, so that
    collections of the old find little: they come rarely.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def door_class_config(adapter: str) -> Any:
    """The Config type of a door's module."""
    return getattr(__import__(f"adapters.{adapter}", fromlist=["Config"]), "Config")  # noqa: B009
