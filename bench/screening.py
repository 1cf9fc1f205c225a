"""Names against sanctions lists: how long, how many found, how many false alarms.

    python bench/screening.py [--json]

Against all lists of the conformance corpus where it is there, else against 30,000 fictional names. A warm name is one
that was never asked while its words were; a cold one brings words never seen. The baseline compares with every name.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random

from rapidfuzz import fuzz, process

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.figures import ROOT, Figure, options, show
from gateway.compliance import _lists, kyc_level, policy, screen
from gateway.compliance._lists import Listed
from gateway.compliance._matcher import Matcher
from gateway.model import Account, Money, Party, Payment
from tests import samples
from tests.compliance import slips

THRESHOLD = 0.80
BATCH = 256
CORPUS = ROOT.parent / "shared" / "corpus" / "sanctions"


def lists(folder: Path) -> list[str]:
    """Folders of lists: the corpus', or a fictional one."""
    if CORPUS.exists():
        return [str(CORPUS / "ofac"), str(CORPUS / "un"), str(CORPUS / "us-other")]
    names = slips.fictional(36_000, 1)
    (folder / "own.csv").write_text("name\n" + "".join(f'"{name}"\n' for name in names))
    return [str(folder)]


def strangers(count: int) -> list[str]:
    """Names of two and three words, all different; most of their words several times."""
    random = Random(2)
    given, family = [*slips.GIVEN, *samples.GIVEN], [*slips.FAMILY, *samples.FAMILY]
    names: dict[str, None] = {}
    while len(names) < count:
        names[" ".join((random.choice(given), *random.sample(family, random.choice((1, 1, 2)))))] = None
    return list(names)


def us_each(work: Callable[[str], object], names: Iterable[str], count: int) -> float:
    start = time.perf_counter()
    for name in names:
        work(name)
    return (time.perf_counter() - start) / count * 1e6


def asking(listed: Listed, count: int) -> list[Figure]:
    matcher, names = listed.matcher, strangers(count)
    for name in names:
        matcher.best(name, THRESHOLD)
    warm = statistics.median(us_each(lambda name: matcher.best(name, THRESHOLD), names, count) for _ in range(5))
    every = [entry.name.lower() for entry in listed.entries]
    full = us_each(lambda name: process.extractOne(name, every, scorer=fuzz.token_sort_ratio), names[:20], 20)
    find = matcher.screener(THRESHOLD)
    hot_names = names[:1_000]
    us_each(find, hot_names, 1_000)
    hot = statistics.median(us_each(find, hot_names, 1_000) for _ in range(5))
    cold_names = [f"{name.split()[0]} {name.split()[-1][:4]}{n:x}ski" for n, name in enumerate(names[:2_000])]
    cold = us_each(lambda name: matcher.best(name, THRESHOLD), cold_names, len(cold_names))
    return [
        Figure("screen, warm name", warm, "us", 5.0, True, full, "comparing every name"),
        Figure("screen, name with an unseen word", cold, "us", 60.0, True),
        Figure("screen, name asked before", hot, "us", 0.3, True),
    ]


def finding(listed: Listed, count: int) -> list[Figure]:
    random, find = Random(4), listed.matcher.screener(THRESHOLD)
    chosen = random.sample(listed.entries, count)
    ways = (slips.slipped, slips.turned, slips.accented)
    found = [find(way(entry.name, random)) is not None for entry in chosen for way in ways]
    names = strangers(5_000)
    alarms = [find(name) is not None for name in (*names, *(slips.company(random) for _ in range(2_000)))]
    return [
        Figure("screen, listed names found", 100 * sum(found) / len(found), "%", 99.0),
        Figure("screen, strangers held", 100 * sum(alarms) / len(alarms), "%", 0.3, True),
    ]


def payments(names: Sequence[str]) -> list[Payment]:
    return [
        Payment(
            "credit_transfer",
            Money("USD", 12_50),
            debtor=Party(one),
            debtor_account=Account("A-1"),
            creditor=Party(other),
            creditor_account=Account("A-2"),
        )
        for one, other in zip(names[::2], names[1::2], strict=True)
    ]


def batches(paths: list[str], count: int) -> Figure:
    """All checks over batches of payments whose names were never asked before, though their words were."""
    chosen = {
        "screen": screen.Options(tuple(paths), THRESHOLD),
        "limits": {"USD": Decimal(1_000_000)},
        "report_above": {"USD": Decimal(10_000)},
        "kyc_level": kyc_level.Options("none"),
    }
    check = policy("bench", chosen, Path())
    records = payments(strangers(count)[: count // (2 * BATCH) * 2 * BATCH])
    start = time.perf_counter()
    for first in range(0, len(records), BATCH):
        check(records[first : first + BATCH])
    taken = (time.perf_counter() - start) / len(records) * 1e6
    return Figure(f"all checks, batch of {BATCH}", taken, "us/payment", 20.0, True)


def main() -> None:
    chosen = options(__doc__.splitlines()[0])
    scale = 10 if chosen.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        paths = lists(Path(folder))
        start = time.perf_counter()
        listed = _lists.read(paths, Path())
        read_s = time.perf_counter() - start
        start = time.perf_counter()
        Matcher([entry.name for entry in listed.entries])
        index_s = time.perf_counter() - start
        start = time.perf_counter()
        _lists.read(paths, Path())
        again_s = time.perf_counter() - start
        figures = [
            Figure("lists, names", len(listed.entries), "names"),
            Figure("lists, read and indexed", read_s, "s", 3.0, True),
            Figure("lists, indexed", index_s, "s", 2.0, True),
            Figure("lists, unchanged, read again", again_s, "s", 0.1, True),
            *asking(listed, 20_000 // scale),
            batches(paths, 20_000 // scale),
            *finding(listed, 5_000 // scale),
        ]
    for figure in figures:
        if not chosen.only or any(word in figure.name for word in chosen.only):
            show(figure, chosen.json)


if __name__ == "__main__":
    main()
