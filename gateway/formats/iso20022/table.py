"""A table of paths and fields, read both ways.

Left a path below the record's element, right the field of the record. `*` behind a step says that the element
repeats and the model has room for each: `StsRsnInf*/AddtlInf*` is `reasons.*.text.*`. A path that begins with `/`
stands in the body of the message, one that begins with the name of an outer repeated element stands there; both
hold for every record below. `RmtInf//` takes whatever stands below RmtInf and has no line of its own, as
(path, text); `Bal*//Avlbty` only what stands below Avlbty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.formats.iso20022.shape import step

RESOLVED_MAX = 20_000  # paths remembered for one table; statements and remittance have the most
Slot = tuple[str, str]  # (field, rest): ("debtor", "address.town"), ("reasons", "0.text.1"), ("uetr", "")
_PLACE = re.compile(r"\*")


class Table:
    """The lines of a table, indexed for reading and for writing."""

    def __init__(self, lines: Mapping[str, str]) -> None:
        self._exact: dict[str, tuple[tuple[bool, ...], str]] = {}
        self._captures: dict[tuple[str, str], tuple[tuple[bool, ...], str]] = {}
        self.reverse: dict[str, list[str]] = {}
        self._resolved: dict[str, Slot | None] = {}
        for path, target in lines.items():
            self.reverse.setdefault(target, []).append(path)
            if "//" in path:
                base, _, first = path.partition("//")
                self._captures[_bare(base), first] = (_stars(base), target)
            else:
                self._exact[_bare(path)] = (_stars(path), target)

    def slot(self, path: str) -> Slot | None:
        """The field that a path of a message belongs to; None when the model has no room for it."""
        try:
            return self._resolved[path]
        except KeyError:
            if len(self._resolved) >= RESOLVED_MAX:
                self._resolved.clear()
            found = self._resolved[path] = self._resolve(path)
            return found

    def _resolve(self, path: str) -> Slot | None:
        steps = path.split("/")
        names, numbers = zip(*map(step, steps), strict=True)
        exact = self._exact.get("/".join(names))
        if exact is not None:
            target = _filled(exact, numbers)
            return _slot(target) if target is not None else None
        for length in range(len(steps) - 1, -1, -1):
            base = "/".join(names[:length])
            found = self._captures.get((base, names[length])) or self._captures.get((base, ""))
            if found is not None:
                target = _filled(found, numbers[:length])
                return _slot(f"{target}.{'/'.join(steps[length:])}") if target is not None else None
        return None


def _bare(path: str) -> str:
    return path.replace("*", "")


def _stars(path: str) -> tuple[bool, ...]:
    return tuple(one.endswith("*") for one in path.split("/"))


def _filled(line: tuple[tuple[bool, ...], str], numbers: tuple[int, ...]) -> str | None:
    stars, target = line
    for star, number in zip(stars, numbers, strict=False):
        if star:
            target = target.replace("*", str(number - 1), 1)
        elif number > 1:
            return None
    return target


def _slot(target: str) -> Slot:
    head, _, rest = target.partition(".")
    return head, rest


def path_of(template: str, numbers: tuple[int, ...], rest: str) -> str:
    """A path of the table with its places filled in: `StsRsnInf*/AddtlInf*`, (1, 0) is `StsRsnInf[2]/AddtlInf`."""
    places = iter(numbers)
    base, captured, _ = template.partition("//")
    path = _PLACE.sub(lambda _: f"[{number + 1}]" if (number := next(places)) else "", base)
    if not captured:
        return path
    return f"{path}/{rest}" if path else rest
