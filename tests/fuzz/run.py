"""Mutated input to every decoder and to the FIX session: nothing but records and refusals with a place may come out.

    python tests/fuzz/run.py [--runs 200000] [--seed 1] [--format mt ...] [--processes 2]

`--runs` are shared among the formats. Each process has a bound on its memory, each input one on its time; the closing
lines count what came out, by format and by code of refusal. A failure prints the input, so that it becomes a test, and
the slice of the seed that repeats it.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gateway import formats  # noqa: E402  # the path comes first
from gateway.model import Refusal  # noqa: E402
from gateway.ports import Codec, Decoded, SessionConfig  # noqa: E402
from tests.fix_peer import frame  # noqa: E402
from tests.fuzz.mutate import mutate, rearrange  # noqa: E402
from tests.fuzz.seeds import by_format  # noqa: E402

SLICE = 2_000  # inputs of one task
SLOW_S = 0.5  # of processor time: an input of a few kilobytes takes less than a millisecond
HANG_S = 20.0
MEMORY_BYTES_MAX = 2 * 1024**3  # address space of a process
GROWTH_KIB_MAX = 300 * 1024  # resident, over a whole process: caches are bounded
PRINTED_MAX = 3
STREAMED = ("iso20022", "sepa", "mt", "statements")  # also read in parts
Run = Callable[[bytes], Counter[str]]


class Hang(BaseException):
    """The time of one input is over."""


class Outcome(NamedTuple):
    """What one slice brought: counts of results, and what went wrong."""

    name: str
    counts: Counter[str]
    failures: list[str]
    resident_kib: int


def decoder(name: str) -> Run:
    """Decode, in parts too where files may be large; count what comes out."""
    codec = formats.load(name) if name in formats.names() else None

    def run(data: bytes) -> Counter[str]:
        own = codec or formats.detect(data[:4096])
        if own is None:
            return Counter({"no format": 1})
        decoded = own.decode(data)
        if name in STREAMED and len(data) % 16 == 0:
            _streamed(own, data, decoded)
        return _counted(decoded)

    return run


def _streamed(codec: Codec, data: bytes, whole: Decoded) -> None:
    """A file in parts has the records of the message read at once, or is refused like it."""
    found = list(codec.parts(io.BytesIO(data), 3))
    assert found, "a file has at least one part"
    for part in found:
        _counted(part)
    refused = any(part.refusals for part in found)
    assert refused == bool(whole.refusals), f"in parts {'refused' if refused else 'taken'}, at once not so"


def _counted(decoded: Decoded) -> Counter[str]:
    """The laws of a decoded message."""
    assert isinstance(decoded, Decoded)
    assert decoded.refusals or decoded.records, "a message opens into something, or is refused"
    assert not (decoded.refusals and decoded.records), "a message refused as a whole has no records"
    found: Counter[str] = Counter()
    for one in (*decoded.refusals, *decoded.records):
        if isinstance(one, Refusal):
            assert one.code, f"a refusal without a code: {one}"
            assert one.reason, f"a refusal without a reason: {one}"
            assert one.place.strip(), f"a refusal without a place: {one}"
            assert one.text.strip(), f"a refusal without a sentence: {one}"
            found[one.code] += 1
        else:
            found["record"] += 1
    return found


def session() -> Run:
    """The FIX session engine, logged on, fed with mutants; its numbers never go back."""
    now = time.time_ns()

    def run(data: bytes) -> Counter[str]:
        acceptor = formats.load("fix").acceptor(  # type: ignore[attr-defined]
            "fix", [SessionConfig("CLIENT1")], [], lambda session, first, last: []
        )
        link = acceptor.connect(now)
        link.receive(frame("A", "CLIENT1", "FINOS", 1, "98=0\x01108=30\x01"), now)
        before = link.seal()
        link.receive(data, now)
        link.tick(now + 10**9)
        after = link.seal()
        if before.state is not None and after.state is not None and not after.reset:
            assert after.state.next_in >= before.state.next_in
        return Counter({"stream": 1})

    return run


@cache
def _seeds() -> dict[str, list[bytes]]:
    found = by_format()
    return found | {"fix session": found["fix"]}


@cache
def _target(name: str) -> Run:
    return session() if name == "fix session" else decoder(name)


def targets(chosen: list[str]) -> list[str]:
    """The formats, statements, and the FIX session; all without a choice."""
    known = [*formats.names(), "statements", "fix session"]
    wrong = sorted(set(chosen) - set(known))
    if wrong:
        raise SystemExit(f"no format {', '.join(wrong)}; known are {', '.join(known)}")
    return chosen or known


def fuzz(task: tuple[str, str, int]) -> Outcome:
    """One slice: a format, the seed of its chance, how many inputs."""
    name, seed, runs = task
    random, good, run = Random(seed), _seeds()[name], _target(name)
    counts: Counter[str] = Counter()
    failures: list[str] = []
    before = signal.signal(signal.SIGALRM, _hang)
    for _ in range(runs):
        change = rearrange if random.random() < 0.5 else mutate
        data = change(random.choice(good), random, good)
        started = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, HANG_S)
        try:
            counts += run(data)
        except (Exception, Hang):
            failures.append(f"{traceback.format_exc()}slice {seed!r}, input: {data!r}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if time.perf_counter() - started > SLOW_S and _slow(run, data):
            failures.append(f"slow: slice {seed!r}, input: {data!r}")
    signal.signal(signal.SIGALRM, before)
    return Outcome(name, counts, failures, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _slow(run: Run, data: bytes) -> bool:
    """Whether an input takes its time again, of the processor: a busy machine and what is made once do not count."""
    started = time.process_time()
    run(data)
    return time.process_time() - started > SLOW_S


def _hang(number: int, at: Any) -> None:
    raise Hang


def bounded() -> None:
    """Bound the memory of a process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, resource.getrlimit(resource.RLIMIT_AS)[1]))


def tasks(names: list[str], runs: int, seed: int) -> Iterator[tuple[str, str, int]]:
    """Slices, the formats in turn, so that every process sees all of them."""
    each = runs // len(names)
    for first in range(0, each, SLICE):
        for name in names:
            yield name, f"{seed} {name} {first}", min(SLICE, each - first)


def played(names: list[str], runs: int, seed: int, processes: int) -> Iterator[Outcome]:
    """All slices, in processes of their own."""
    with multiprocessing.get_context("spawn").Pool(processes, bounded) as pool:
        yield from pool.imap_unordered(fuzz, tasks(names, runs, seed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000, help="mutants in all, shared among the formats")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", action="append", default=[], metavar="NAME", help="only this one; again for more")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    names = targets(options.format)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    started, failed, resident = time.monotonic(), 0, [1 << 62, 0]
    for outcome in played(names, options.runs, options.seed, options.processes):
        counts[outcome.name] += outcome.counts
        for failure in outcome.failures[: max(0, PRINTED_MAX - failed)]:
            print(failure, flush=True)
        failed += len(outcome.failures)
        resident = [min(resident[0], outcome.resident_kib), max(resident[1], outcome.resident_kib)]
    _close(counts, options.runs // len(names), failed, resident, time.monotonic() - started)
    return 1 if failed or resident[1] - resident[0] > GROWTH_KIB_MAX else 0


def _close(counts: dict[str, Counter[str]], each: int, failed: int, resident: list[int], seconds: float) -> None:
    codes: Counter[str] = Counter()
    for name, found in counts.items():
        refused = found.total() - found["record"]
        print(f"{name:12} {each} mutants, {found['record']} records, {refused} refusals")
        codes += found
    del codes["record"]
    print("refusals:", ", ".join(f"{code} {count}" for code, count in codes.most_common()))
    print(
        f"{each * len(counts)} mutants, {failed} escapes, {seconds:.0f} s,"
        f" memory of a process from {resident[0] // 1024} to {resident[1] // 1024} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
