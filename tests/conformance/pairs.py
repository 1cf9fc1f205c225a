"""Pairs of MT and ISO 20022 messages: each source translated by us, and compared with the expected other side.

    python tests/conformance/pairs.py [--file PAIRS.tsv] [--dir CORPUS] [--back] [--held-out]

Every text of the two outputs is equal, justified by a rule of `pair_rules`, or wrong. Every text of the source is
found in the output, derived, named in the loss report, or silently lost (`carried`). `--back` also translates the
expected side, and compares with the source. Exit 1 when anything is wrong, silent or untranslated. `--held-out` says
how far the rules carry: each use case is left out in turn, and what only its own pairs taught the rules (a rule at a
place that no other use case has) is counted as if it were wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gateway import formats  # noqa: E402
from gateway.cli.translation import Ends, Translation, translated  # noqa: E402
from tests.conformance import carried, pair_rules, pair_verdicts, sides  # noqa: E402
from tests.conformance.loss_names import PLACES  # noqa: E402

CORPUS = ROOT.parent / "shared" / "corpus"
NOW_NS = 1_764_325_800_000_000_000  # any time; only sources without one of their own get it
# Refusals that say that a type is not written, rather than that a source is wrong.
NOT_WRITTEN = frozenset(("not-in-format", "wrong-kind", "unsupported-type"))


class Pair(Struct, frozen=True):
    """One line of the list."""

    name: str
    source: Path
    expected: Path
    back: bool = False


class Verdict(Struct):
    """What came of one pair."""

    pair: Pair
    equal: int = 0
    taught: Counter[tuple[str, str]] = Counter()  # rule and place, by use
    justified: Counter[str] = Counter()
    wrong: list[str] = []
    silent: list[str] = []
    untranslated: str = ""


def pairs(listing: Path, corpus: Path, back: bool) -> Iterator[Pair]:
    """The pairs of a list; paths as it has them, the first below `mt/`."""
    for line in listing.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        mt, mx, name, direction = line.split("\t")[:4]
        first, second = corpus / "mt" / mt, corpus / mx
        source, expected = (first, second) if direction == "mt2mx" else (second, first)
        yield Pair(name, source, expected)
        if back:
            yield Pair(name, expected, source, True)


def judged(pair: Pair) -> Verdict:
    """Translate the source and compare."""
    verdict = Verdict(pair, justified=Counter(), taught=Counter())
    source, wanted = pair.source.read_bytes(), pair.expected.read_bytes()
    type = _type(wanted)
    try:
        formats.writer(type)
    except ValueError:
        verdict.untranslated = f"{type} is not written"
        return verdict
    codec = formats.detect(source[:4096])
    if codec is None:
        verdict.wrong.append("the source belongs to no format that is known")
        return verdict
    decoded = codec.decode(source)
    done = translated(decoded, type, Ends(now_ns=NOW_NS), header=True)
    if done.refusals or not done.frames:
        _refused(verdict, done, source)
        return verdict
    written = b"".join(frame.data for frame in done.frames)
    _compare(verdict, _read(source), _read(wanted), _read(written))
    losses = [loss.element for _, loss in done.losses]
    verdict.silent = carried.silent(_read(source), _read(written), losses)
    return verdict


def _is_fin(data: bytes) -> bool:
    return data.lstrip()[:3] == b"{1:"


def _read(data: bytes) -> sides.Leaves:
    return sides.fin(data) if _is_fin(data) else sides.xml(data)


def _type(data: bytes) -> str:
    if not _is_fin(data):
        return sides.type_of_xml(data)
    found = sides.fin(data)
    return f"MT{found['{2} type']}" + ("COV" if found.get("{119}") == "COV" else "")


def _refused(verdict: Verdict, done: Translation, source: bytes) -> None:
    for refusal in done.refusals:
        rule = pair_verdicts.REFUSED.get(refusal.code)
        if rule is not None and rule[0](_read(source), source.decode("latin-1")):
            verdict.justified[f"refused-{refusal.code}"] += 1
            verdict.taught[(f"refused-{refusal.code}", "")] += 1
        elif refusal.code in NOT_WRITTEN:
            verdict.untranslated = refusal.text
        else:
            verdict.wrong.append(f"refused {refusal.code} {refusal.place}: {refusal.text}")
    if not done.refusals:
        verdict.untranslated = "nothing came of it"


def _compare(verdict: Verdict, source: sides.Leaves, expected: sides.Leaves, ours: sides.Leaves) -> None:
    for path in (*expected, *(path for path in ours if path not in expected)):
        one, other = expected.get(path, ""), ours.get(path, "")
        if one and other and sides.same(one, other):
            verdict.equal += 1
            continue
        rule = pair_verdicts.explained(
            pair_rules.Difference(path, one, other, expected, ours, source), verdict.pair.back
        )
        if rule is not None:
            verdict.justified[rule.id] += 1
            verdict.taught[(rule.id, _place(path))] += 1
        else:
            verdict.wrong.append(f"{path}\n        expected {one!r}\n        ours     {other!r}")


def report(verdicts: list[Verdict], title: str) -> bool:
    """Print what was found; True when all is well."""
    justified: Counter[str] = Counter()
    for verdict in verdicts:
        justified += verdict.justified
        faults = [*verdict.wrong, *(f"silently lost: {path}" for path in verdict.silent)]
        if verdict.untranslated:
            faults.append(f"untranslated: {verdict.untranslated}")
        if faults:
            print(f"{verdict.pair.name} ({verdict.pair.source.name} -> {verdict.pair.expected.name})")
            print("".join(f"    {fault}\n" for fault in faults), end="")
    for rule, count in sorted(justified.items()):
        print(f"{count:6}  {rule}")
    equal, wrong = sum(one.equal for one in verdicts), sum(len(one.wrong) for one in verdicts)
    silent, missing = sum(len(one.silent) for one in verdicts), sum(bool(one.untranslated) for one in verdicts)
    print(
        f"{title}: equal {equal} justified {justified.total()} wrong {wrong} silent {silent}"
        f" untranslated {missing} pairs {len(verdicts)}"
    )
    return not (wrong or silent or missing)


def _place(path: str) -> str:
    """Where a rule held, as far as types share their structure: the last two steps of an element, a field's number."""
    steps = PLACES.sub("", path).split("/")[-2:]
    return "/".join("report" if step in ("Stmt", "Rpt", "Ntfctn") else step for step in steps)


def use_case(pair: Pair) -> str:
    """The group of a pair, by which pairs are held out: c.52.1.1 is one in both directions."""
    file = next(path for path in (pair.source, pair.expected) if path.suffix == ".fin")
    name = file.name.partition("__")[0].removeprefix("test_").replace("_", "")
    return name if name.isalpha() else ".".join(re.findall(r"[a-z]+(?=\d)|\d{2,3}(?=\d{2})|\d|[a-z]$", name))


def held_out(verdicts: list[Verdict]) -> None:
    """Print, of each use case, what would be wrong had nobody seen it."""
    groups: dict[str, Counter[tuple[str, str]]] = {}
    for verdict in verdicts:
        groups.setdefault(use_case(verdict.pair), Counter()).update(verdict.taught)
    known = Counter(key for found in groups.values() for key in found)
    rules = Counter(rule for found in groups.values() for rule in {rule for rule, _ in found})
    compared = sum(one.equal + one.justified.total() for one in verdicts)
    print("use case      rule new  place new  rules at them")
    alone = Counter[str]()
    for name, found in sorted(groups.items()):
        own = {key: count for key, count in found.items() if known[key] == 1}
        new = sum(count for (rule, _), count in own.items() if rules[rule] == 1)
        alone.update({"rule": new, "place": sum(own.values())})
        print(f"{name:12} {new:9} {sum(own.values()):10}  {' '.join(sorted({rule for rule, _ in own}))}")
    for what, text in (("rule", "a rule"), ("place", "a place")):
        print(f"{text} of one use case alone: {alone[what]} of {compared}, {alone[what] / compared:.2%}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--file", type=Path, help="another list of pairs")
    options.add_argument("--dir", type=Path, default=CORPUS, help="the folder that its paths begin in")
    options.add_argument("--back", action="store_true", help="also the other direction, and compare with the source")
    options.add_argument("--held-out", action="store_true", help="what each use case alone taught the rules")
    found = options.parse_args()
    listing = found.file or found.dir / "mt" / "pairs.tsv"
    if not listing.exists():
        print(f"skipped: there are no pairs at {listing}")
        return 0
    every = [judged(pair) for pair in pairs(listing, found.dir, found.back)]
    if found.held_out:
        held_out([one for one in every if not one.pair.back])
    good = report([one for one in every if not one.pair.back], "pairs")
    if found.back:
        good = report([one for one in every if one.pair.back], "back") and good
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
