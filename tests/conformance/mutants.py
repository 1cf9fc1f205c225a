"""Mutated messages: the verdict of our schemas against that of the official ones.

    python tests/conformance/mutants.py --per-type 1000 [--seed 1]

For every message type that the corpus has an official schema of, samples of the corpus (and messages made up from
the schema, where it has few) are changed: elements dropped, doubled, swapped, renamed, moved; texts lengthened,
emptied, replaced; attributes and namespaces changed. A false accept is a mutant that we take and the official
schema does not; a false reject the other way round. Exit 1 when there is any that no rule explains.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from lxml import etree
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gateway.formats.iso20022.xml import NAMESPACE, OWN, parser, schema  # noqa: E402
from tests.formats.iso20022.instances import document  # noqa: E402

CORPUS = ROOT.parent / "shared" / "corpus" / "iso20022"
MADE_UP = 6  # messages made up beside the samples of a type
# What our schemas ask beyond the official ones, by id. They ask nothing: the schemas are equivalent, and rules of a
# market practice are held against records, after the schema.
PROFILE_RULES: dict[str, Callable[[etree._Element], bool]] = {}

TEXTS = (
    "",
    " ",
    "x",
    "x" * 36,
    "x" * 71,
    "x" * 141,
    "x" * 351,
    "9" * 19,
    "0",
    "-1",
    "+1.5",
    "1.123456",
    "1e3",
    ".5",
    "5.",
    "EUR",
    "eur",
    "DE",
    "2026-02-29",
    "2028-02-29",
    "2026-11-23",
    "2026-11-23Z",
    "2026-11-23T24:00:00",
    "2026-11-23T10:00:00.123+14:00",
    "10:00:00",
    "true",
    "1",
    "TRUE",
    "ABCDEFGH",
    "FINODEHHXXX",
    "DE23999900000000000101",
    "de23999900000000000101",
    "NARR",
    "SEPA",
    "SLEV",
    "TRF",
    "é" * 35,
    "\t35\n",
    "7a562c67-ca16-48ba-b074-65581be6f001",
    "7a562c67-ca16-18ba-b074-65581be6f001",
)
NAMES = ("Cd", "Prtry", "Id", "Nm", "Othr", "Amt", "Dt", "DtTm", "Ccy", "Xtra", "GrpHdr", "Ustrd", "Envlp", "BICFI")


class Difference(Struct, frozen=True):
    """A mutant that the two schemas judge differently."""

    type: str
    accepted: bool  # by ours
    rule: str  # of the profile that explains it; empty: none
    error: str
    data: bytes


def samples(type: str, random: Random) -> list[etree._Element]:
    """Roots of this type: of the corpus, and made up."""
    found = list(_corpus().get(type, ()))
    for number in range(MADE_UP):
        found.append(etree.fromstring(document(type, random, 0.2 + 0.15 * number), parser()))
    return found


_known: dict[str, list[etree._Element]] = {}


def _corpus() -> dict[str, list[etree._Element]]:
    if _known:
        return _known
    gathered = defaultdict(list)
    for path in sorted((CORPUS / "samples").rglob("*.xml")):
        try:
            root = etree.parse(str(path), parser()).getroot()
        except etree.XMLSyntaxError:
            continue
        for element in root.iter():
            name = etree.QName(element)
            if name.localname in ("Document", "AppHdr") and (name.namespace or "").startswith(NAMESPACE):
                alone = etree.fromstring(etree.tostring(element, with_tail=False), parser())
                gathered[str(name.namespace).removeprefix(NAMESPACE)].append(alone)
    _known.update(gathered)
    return _known


def mutated(root: etree._Element, random: Random) -> etree._Element:
    """A copy with one to three changes."""
    made = copy.deepcopy(root)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        nodes = [node for node in made.iter() if node.getparent() is not None]
        if nodes:
            random.choice(CHANGES)(random.choice(nodes), random)
    return made


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None, "only inner elements are changed"
    return parent


def _drop(node: etree._Element, random: Random) -> None:
    _parent(node).remove(node)


def _double(node: etree._Element, random: Random) -> None:
    node.addnext(copy.deepcopy(node))


def _many(node: etree._Element, random: Random) -> None:
    for _ in range(random.choice((2, 5, 10))):
        node.addnext(copy.deepcopy(node))


def _swap(node: etree._Element, random: Random) -> None:
    after = node.getnext()
    if after is not None:
        after.addnext(node)


def _move(node: etree._Element, random: Random) -> None:
    _parent(node).insert(random.randrange(len(_parent(node)) + 1), node)


def _rename(node: etree._Element, random: Random) -> None:
    siblings = [str(etree.QName(other).localname) for other in _parent(node)]
    node.tag = etree.QName(etree.QName(node).namespace, random.choice([*NAMES, *siblings])).text


def _text(node: etree._Element, random: Random) -> None:
    leaves = [leaf for leaf in node.iter() if len(leaf) == 0] or [node]
    random.choice(leaves).text = random.choice(TEXTS)


def _edge(node: etree._Element, random: Random) -> None:
    leaf = random.choice([leaf for leaf in node.iter() if len(leaf) == 0] or [node])
    text = leaf.text or ""
    leaf.text = random.choice((text[:-1], text + "1", text + "A", text.lower(), " " + text, text + "\n", "-" + text))


def _attribute(node: etree._Element, random: Random) -> None:
    for element in node.iter():
        if element.attrib:
            name = random.choice(list(element.attrib))
            change = random.randrange(3)
            if change == 0:
                del element.attrib[name]
            else:
                element.set(name, random.choice(("EU", "EURO", "eur", "XXX", "", "E1R")))
            return
    node.set(random.choice(("Ccy", "x", "type")), "EUR")


def _namespace(node: etree._Element, random: Random) -> None:
    space = random.choice(("urn:example:other", None, NAMESPACE + "pacs.008.001.99"))
    node.tag = etree.QName(space, etree.QName(node).localname).text


def _insert(node: etree._Element, random: Random) -> None:
    made = etree.SubElement(node, etree.QName(etree.QName(node).namespace, random.choice(NAMES)).text)
    made.text = random.choice(TEXTS)


def _mixed(node: etree._Element, random: Random) -> None:
    node.tail = "words between elements"


CHANGES: tuple[Callable[[etree._Element, Random], None], ...] = (
    _drop, _drop, _double, _many, _swap, _move, _rename, _text, _text, _text, _edge, _edge, _edge, _attribute,
    _namespace, _insert, _mixed,
)  # fmt: skip


def compare(type: str, count: int, seed: int) -> Iterator[Difference]:
    """All differences among `count` mutants of a type."""
    random = Random(f"{seed}/{type}")
    official = etree.XMLSchema(etree.parse(str(CORPUS / "xsd" / "iso" / f"{type}.xsd")))
    own = schema(type)
    assert own is not None, f"no schema of {type}"
    roots = samples(type, random)
    for number in range(count):
        root = roots[number] if number < len(roots) else mutated(random.choice(roots), random)
        data = etree.tostring(root)
        ours, theirs = own.validate(root), official.validate(root)
        if ours != theirs:
            log = (own if theirs else official).error_log
            rule = next((id for id, test in PROFILE_RULES.items() if theirs and test(root)), "")
            yield Difference(type, ours, rule, str(log.last_error), data)


def types() -> list[str]:
    """Every type that we and the corpus have a schema of."""
    return sorted(path.stem for path in OWN.glob("*.*.*.*.xsd") if (CORPUS / "xsd" / "iso" / path.name).exists())


def main() -> int:
    """Print the tally, and every difference; exit 1 when one is not explained."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--per-type", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--type", action="append", help="only this type")
    said = options.parse_args()
    if not CORPUS.exists():
        print("the conformance corpus is not beside the checkout", file=sys.stderr)
        return 2
    chosen = said.type or types()
    found = [difference for type in chosen for difference in compare(type, said.per_type, said.seed)]
    accepts = [difference for difference in found if difference.accepted]
    rejects = [difference for difference in found if not difference.accepted]
    for difference in found:
        word = "FALSE ACCEPT" if difference.accepted else "false reject"
        print(f"{word} {difference.type} {difference.rule or 'UNEXPLAINED'}: {difference.error}")
    print(
        f"{len(chosen)} types, {said.per_type} each: {len(accepts)} false accepts, {len(rejects)} false rejects,"
        f" {sum(not difference.rule for difference in rejects)} of them unexplained"
    )
    return 1 if accepts or any(not difference.rule for difference in rejects) else 0


if __name__ == "__main__":
    raise SystemExit(main())
