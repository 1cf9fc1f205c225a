"""Mutated input to every decoder and to the FIX session; anything that escapes is a failure.

    python tests/fuzz/run.py [--runs 200000] [--seed 1] [--only fix]

Seeds are the project's examples and generated samples; mutations flip, cut, repeat, splice and swap structural
bytes. A failure prints the seed and the input, so that it becomes a test.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gateway import formats  # noqa: E402  # the path comes first
from gateway.ports import Decoded, SessionConfig  # noqa: E402
from tests import samples  # noqa: E402
from tests.fix_peer import frame, order_body  # noqa: E402
from tests.formats.mt.test_family import DEBITS, REQUEST, SEVERAL, STATEMENT, fin  # noqa: E402

FAMILY = [
    STATEMENT.strip(),
    *(
        fin(type, body).decode()
        for type, body in (("940", STATEMENT), ("101", REQUEST), ("104", DEBITS), ("203", SEVERAL))
    ),
]

INPUT_BYTES_MAX = 8_192  # mutants of small messages; size limits have tests of their own
SLOW_S = 0.5
SPICE = (
    b"\x01",
    b"\x00",
    b"\xff",
    b"<",
    b">",
    b"&",
    b"<!DOCTYPE",
    b"{4:",
    b"-}",
    b":",
    b"\r\n",
    b"9" * 40,
    b"-1",
    b"\xc3\xa9",
    b"8=FIX.4.4\x01",
    b"10=000\x01",
    b"]]>",
    b"{",
    b"}",
    b"[",
    b'"',
    b"=",
    b"6",
    b"7",
    b"\xef\xbb\xbf",
)


def seeds() -> dict[str, list[bytes]]:
    """Good messages of every format."""
    found: dict[str, list[bytes]] = {
        "ach": [samples.ach(5)],
        "fix": [frame("D", "CLIENT1", "FINOS", 2, order_body("A1", "1", "1000", "1.1"))],
        "iso20022": [samples.pacs008(1, "A"), samples.pain001(2, "DE23999900000000000101")],
        "sepa": [samples.pain001(2, "DE23999900000000000101")],
        "mt": [samples.mt103(1, "A"), samples.mt103(1, "A") + samples.mt103(2, "B"), *map(str.encode, FAMILY)],
        "json": [(ROOT / "examples" / "transfer.json").read_bytes()],
        "fedwire": [path.read_bytes() for path in sorted((ROOT / "tests" / "corpus" / "fedwire").glob("*.faim"))],
    }
    for path in sorted((ROOT / "examples").iterdir()):
        if path.suffix in (".xml", ".fin", ".ach", ".json"):
            codec = formats.detect(path.read_bytes()[:4096])
            if codec is not None:
                found.setdefault(codec.name, []).append(path.read_bytes())
    return found


def mutate(data: bytes, random: Random, others: list[bytes]) -> bytes:
    """One to six small accidents."""
    out = bytearray(data)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(out) + 1)
        end = min(len(out), at + random.randint(1, 40))
        what = random.randrange(7)
        if what == 0 and at < len(out):
            out[at] ^= 1 << random.randrange(8)
        elif what == 1:
            del out[at:end]
        elif what == 2:
            out[at:at] = out[at:end] * random.randint(1, 3)
        elif what == 3:
            out[at:at] = random.choice(SPICE)
        elif what == 4:
            other = random.choice(others)
            cut = random.randrange(len(other))
            out[at:end] = other[cut : cut + random.randint(1, 60)]
        elif what == 5:
            out[at:end] = bytes(random.randrange(256) for _ in range(end - at))
        else:
            out[at:end] = random.choice(SPICE)
    return bytes(out[:INPUT_BYTES_MAX])


def decoder(name: str) -> Callable[[bytes], None]:
    codec = formats.load(name)

    def run(data: bytes) -> None:
        decoded = codec.decode(data)
        assert isinstance(decoded, Decoded)
        assert decoded.refusals or decoded.records, "a message opens into something, or is refused"
        assert not (decoded.refusals and decoded.records), "a message refused as a whole has no records"

    return run


def session() -> Callable[[bytes], None]:
    """The FIX session engine, logged on, fed with mutants; its numbers never go back."""
    now = time.time_ns()

    def run(data: bytes) -> None:
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

    return run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000, help="mutants in all, shared among the targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    corpus = seeds()
    targets = {name: (decoder(name), corpus[name]) for name in formats.names()}
    targets["fix session"] = (session(), corpus["fix"])
    targets = {name: target for name, target in targets.items() if options.only in name}
    failed = 0
    for name, (run, good) in targets.items():
        random = Random(f"{options.seed} {name}")
        failures = _fuzz(run, good, random, options.runs // len(targets))
        failed += failures
        print(f"{name:12} {options.runs // len(targets)} mutants, {failures} escapes", flush=True)
    return 1 if failed else 0


def _fuzz(run: Callable[[bytes], None], good: list[bytes], random: Random, runs: int) -> int:
    failures = 0
    for _ in range(runs):
        data = mutate(random.choice(good), random, good)
        started = time.perf_counter()
        try:
            run(data)
        except Exception:
            failures += 1
            if failures <= 3:
                traceback.print_exc()
                print(f"input: {data!r}")
        if time.perf_counter() - started > SLOW_S:
            failures += 1
            print(f"slow: {data!r}")
    return failures


if __name__ == "__main__":
    sys.exit(main())
