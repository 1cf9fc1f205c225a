"""How a set of leaves is printed so that the schema takes it: order, tags, what must be added, what cannot stand.

Strategy: the content model is walked once for each set of paths, the leaves are hung into it, mandatory elements
that are not there are put in where a word for "nothing known" exists, and what lacks something it cannot stand
without is left out, with its leaves named. The outcome is a template: the thousandth payment like the first costs
one `%`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from gateway.formats.iso20022.shape import FOREIGN, Particle, Shape, shape, step

# Places in a template that are filled by the writer itself.
MESSAGE_ID, NOW, TODAY, COUNT = -1, -2, -3, -4
UNKNOWN = "NOTPROVIDED"
# What stands for a mandatory leaf of which nothing is known, by the end of its path; the longest end wins.
DEFAULTS: dict[str, str | int] = {
    "GrpHdr/MsgId": MESSAGE_ID,
    "GrpHdr/CreDtTm": NOW,
    "GrpHdr/CreDt": NOW,
    "GrpHdr/NbOfTxs": COUNT,
    "Assgnmt/Id": MESSAGE_ID,
    "Assgnmt/MsgId": MESSAGE_ID,
    "Assgnmt/CreDtTm": NOW,
    "MsgId/MsgId": MESSAGE_ID,
    "MsgId": MESSAGE_ID,
    "CreDtTm": NOW,
    "/Id": MESSAGE_ID,  # of a statement, a notification, an item itself
    "/OrgnlNtfctnId": UNKNOWN,
    "/OrgnlItmId": UNKNOWN,
    "RptgPrd/Tp": "ALLL",
    "PmtInfId": MESSAGE_ID,
    "CdtId": MESSAGE_ID,
    "ReqdExctnDt": TODAY,
    "ReqdExctnDt/Dt": TODAY,
    "ReqdColltnDt": TODAY,
    "IntrBkSttlmDt": TODAY,
    "EndToEndId": UNKNOWN,
    "TxId": UNKNOWN,
    "OrgnlMsgId": UNKNOWN,
    "OrgnlMsgNmId": UNKNOWN,
    "OrgnlPmtInfId": UNKNOWN,
    "Case/Id": UNKNOWN,
    "RslvdCase/Id": UNKNOWN,
    "Othr/Id": UNKNOWN,
    "MndtId": UNKNOWN,
    "Ref": UNKNOWN,
    "RjctgPtyRsn": UNKNOWN,
    "SttlmMtd": "INDA",
    "ChrgBr": "SHAR",
    "PmtMtd": "TRF",
    "PgNb": "1",
    "LastPgInd": "true",
    "GrpCxl": "false",
    "NtfctnCxl": "false",
    "Vrfctn": "false",
    "Sts": "BOOK",
    "Sts/Cd": "BOOK",
    "ReqdTxTp/CdtDbtInd": "DBIT",
    "IncrrctInf/Tp/Cd": "NARR",
    "IncrrctInf/Cd": "NARR",
    "Justfn/AnyInf": "true",
}
# Elements of which only these children say nothing: written rather than an empty agent, as usage guidelines ask.
NAMELESS = {"ChrgsInf/Agt": "<FinInstnId><Nm>NOTPROVIDED</Nm></FinInstnId>"}
DEBIT = {"PmtMtd": "DD"}  # of initiations of debits


class Plan(Struct, frozen=True):
    """A template, the leaves that fill it in its order, those that cannot stand, and what would still be missing."""

    order: tuple[int, ...]
    template: str
    dropped: tuple[int, ...] = ()
    missing: str = ""


class _Node:
    """One element that is to be printed."""

    __slots__ = ("attributes", "children", "raw", "text")

    def __init__(self) -> None:
        self.children: dict[str, dict[int, _Node]] = {}
        self.attributes: dict[str, int] = {}
        self.text: int | None = None
        self.raw = False

    def places(self) -> Iterator[int]:
        """All leaves of this element and below."""
        if self.text is not None:
            yield self.text
        yield from self.attributes.values()
        for numbered in self.children.values():
            for node in numbered.values():
                yield from node.places()


class _Missing(Exception):
    """An element lacks what it cannot stand without; the argument says which."""


@lru_cache(maxsize=4_000)
def plan(type: str, start: str, paths: tuple[str, ...], slots: frozenset[str] = frozenset()) -> Plan:
    """The plan for leaves below an element of schema type `start`; `slots` are paths whose text is ready XML."""
    printer = _Printer(shape(type), type.startswith("pain.008"))
    root = _tree(paths, slots)
    try:
        template = printer.content(start, root, "")
    except _Missing as error:
        return Plan((), "", tuple(printer.dropped), str(error))
    return Plan(tuple(printer.order), template, tuple(printer.dropped))


def _tree(paths: Sequence[str], slots: frozenset[str]) -> _Node:
    root = _Node()
    for place, path in enumerate(paths):
        node = root
        steps = path.split("/")
        attribute = steps.pop()[1:] if steps[-1].startswith("@") else ""
        for one in steps:
            name, number = step(one)
            node = node.children.setdefault(name, {}).setdefault(number, _Node())
        if attribute:
            node.attributes[attribute] = place
        else:
            node.text = place
            node.raw = path in slots
    return root


class _Printer:
    """Walks the content model; `order` grows as the template is written."""

    def __init__(self, form: Shape, debit: bool) -> None:
        self._form = form
        self._defaults = {**DEFAULTS, **DEBIT} if debit else DEFAULTS
        self.order: list[int] = []
        self.dropped: list[int] = []

    def content(self, type: str, node: _Node, path: str) -> str:
        model = self._form.content(type)
        assert model is not None, f"{path} is a leaf"
        return self._group(model, node, path)

    def _group(self, part: Particle, node: _Node, path: str) -> str:
        if part.what == "element":
            return self._elements(part, node, path)
        if part.what == "any":
            return self._foreign(part, node, path)
        if part.least == 0 and not _present(part, node):
            return ""
        if part.what == "sequence":
            return "".join(self._group(inner, node, path) for inner in part.parts)
        return self._choice(part, node, path)

    def _choice(self, part: Particle, node: _Node, path: str) -> str:
        """The first alternative that something is known of and that can stand; the others are left out."""
        said = [inner for inner in part.parts if _present(inner, node)]
        chosen, wrong = None, None
        for inner in said or part.parts:
            mark = len(self.order), len(self.dropped)
            try:
                text = self._group(inner, node, path)
            except _Missing as error:
                del self.order[mark[0] :], self.dropped[mark[1] :]
                wrong = wrong or error
                continue
            if text or said or inner.least == 0:
                chosen = inner
                break
        if chosen is None:
            if part.least == 0:
                self._drop(said, node)
                return ""
            raise wrong or _Missing(path)
        self._drop([inner for inner in said if inner is not chosen], node)
        return text

    def _drop(self, parts: Sequence[Particle], node: _Node) -> None:
        for part in parts:
            for name in _names(part):
                for one in node.children.get(name, {}).values():
                    self.dropped.extend(one.places())

    def _elements(self, part: Particle, node: _Node, path: str) -> str:
        found = node.children.get(part.name, {})
        out, wrong = [], None
        for number in sorted(found):
            one = found[number]
            mark = len(self.order), len(self.dropped)
            try:
                out.append(self._element(part, one, f"{path}/{part.name}"))
            except _Missing as error:
                del self.order[mark[0] :], self.dropped[mark[1] :]
                self.dropped.extend(one.places())
                wrong = wrong or error
            if len(out) == part.most:
                break
        while len(out) < part.least:
            try:
                out.append(self._element(part, _Node(), f"{path}/{part.name}"))
            except _Missing as error:
                raise (wrong or error) from None
        return "".join(out)

    def _element(self, part: Particle, node: _Node, path: str) -> str:
        if node.raw:
            assert node.text is not None
            self.order.append(node.text)
            return "%s"
        facets = self._form.leaf(part.type)
        if facets is None:
            inner = self._branch(part, node, path)
            return f"<{part.name}>{inner}</{part.name}>" if inner else f"<{part.name}/>"
        if node.text is None and not self._known(path):
            raise _Missing(path)
        if facets.required.difference(node.attributes):
            raise _Missing(f"{path}/@{min(facets.required.difference(node.attributes))}")
        attributes = ""
        for name, place in node.attributes.items():
            attributes += f' {name}="%s"'
            self.order.append(place)
        return f"<{part.name}{attributes}>{self._text(node, path)}</{part.name}>"

    def _branch(self, part: Particle, node: _Node, path: str) -> str:
        nameless = NAMELESS.get("/".join(path.split("/")[-2:]))
        return nameless if nameless and not node.children else self.content(part.type, node, path)

    def _known(self, path: str) -> str:
        """The end of a path that a default is known for, or nothing."""
        steps = path.split("/")
        for length in (3, 2, 1):
            end = "/".join(steps[-length:])
            if end in self._defaults:
                return end
        return ""

    def _text(self, node: _Node, path: str) -> str:
        if node.text is not None:
            self.order.append(node.text)
            return "%s"
        default = self._defaults[self._known(path)]
        if isinstance(default, int):
            self.order.append(default)
            return "%s"
        return default

    def _foreign(self, part: Particle, node: _Node, path: str) -> str:
        found = node.children.get(FOREIGN, {}).get(1)
        if found is None or found.text is None:
            if part.least:
                raise _Missing(path)
            return ""
        self.order.append(found.text)
        return "%s"


def _names(part: Particle) -> Iterator[str]:
    if part.what == "element":
        yield part.name
    elif part.what == "any":
        yield FOREIGN
    for inner in part.parts:
        yield from _names(inner)


def _present(part: Particle, node: _Node) -> bool:
    return any(name in node.children for name in _names(part))
