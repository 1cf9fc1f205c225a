"""XML as text in turn with tags, for messages that a parser has found valid: what their leaves are, without a tree.

Strategy: a text is cut at its angle brackets; equal tags have equal leaves, so paths are found once for a sequence of
tags. Where text and tree could mean different things there is no answer, and the tree is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from gateway.formats.iso20022.leaves import OPEN

_TAG = re.compile(r"([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z]+\s*=\s*(?:\"[^\"<&\s]*\"|'[^'<&\s]*'))*)\s*(/?)\Z")
_ATTRIBUTE = re.compile(r"([A-Za-z]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([a-z]+));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
Texts = Sequence[str]
Picked = Callable[[Texts], tuple[str, ...]]


def plain(data: bytes) -> bool:
    """Whether there are tags, texts and a declaration, and nothing else: no comment, no CDATA, no instruction."""
    after = data.find(b"?>") + 2  # a declaration stands at the beginning alone
    return (b"!" not in data or b"<!" not in data) and (b"?" not in data[after:] or b"<?" not in data[after:])


def between(name: str, text: str) -> list[str] | None:
    """What stands between the tags of each element of this name; None when the name stands anywhere else too."""
    if "\r" in text:  # a parser makes one line end of all
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = text.split(name)
    inner = parts[1::2]
    if len(parts) % 2 == 0 or not all(one[:1] == ">" and one[-2:] == "</" for one in inner):
        return None
    outer = parts[::2]
    if not all(one[-1:] == "<" for one in outer[:-1]) or not all(one[:1] == ">" for one in outer[1:]):
        return None
    return [one[1:-2] for one in inner]


def cut(text: str) -> list[str] | None:
    """Texts and tags in turn; None when a bracket stands in a text, which XML allows."""
    parts = text.replace(">", "<").split("<")
    return parts if text.count(">") * 2 + 1 == len(parts) else None


class Places:
    """Where the leaves of one cut message stand: behind their tags, attributes behind everything."""

    def __init__(self, tags: Sequence[str]) -> None:
        self._tags = tags
        self.constants: list[str] = []

    def leaves(self, numbers: Sequence[int]) -> list[tuple[str, int]] | None:
        """Paths and places of the leaves that tags of these numbers make; None when there is more than elements."""
        found = _leaves([self._tags[number] for number in numbers])
        if found is None:
            return None
        return [(path, self._constant(at) if isinstance(at, str) else 2 * numbers[at] + 2) for path, at in found]

    def _constant(self, text: str) -> int:
        self.constants.append(text)
        return 2 * len(self._tags) + len(self.constants)


def _leaves(tags: Sequence[str]) -> list[tuple[str, int | str]] | None:
    """Paths with the number of their tag, or the text of an attribute; None when there is more than elements."""
    found: list[tuple[str, int | str]] = []
    prefixes, siblings = [""], [("", 0)]
    for number, text in enumerate(tags):
        if text[:1] == "/":
            prefixes.pop()
            siblings.pop()
            continue
        tag = _TAG.match(text)
        if tag is None or tag[1] in OPEN or not siblings:
            return None
        name, attributes, closed = tag.groups()
        last, count = siblings[-1]
        count = count + 1 if name == last else 1
        siblings[-1] = (name, count)
        path = f"{prefixes[-1]}{name}[{count}]" if count > 1 else prefixes[-1] + name
        leaf = bool(closed) or (number + 1 < len(tags) and tags[number + 1][:1] == "/")
        if attributes and not leaf:
            return None
        found += [(f"{path}/@{one[1]}", one[2] or one[3] or "") for one in _ATTRIBUTE.finditer(attributes)]
        if leaf and not closed:
            found.append((path, number))
        if not closed:
            prefixes.append(f"{path}/")
            siblings.append(("", 0))
    return found


def picker(places: Sequence[int]) -> Picked:
    if not places:
        return lambda texts: ()
    if len(places) == 1:
        place = places[0]
        return lambda texts: (texts[place],)
    return itemgetter(*places)


def resolved(parts: list[str]) -> list[str]:
    """Texts with their references as characters."""
    return [_REFERENCE.sub(_character, part) if "&" in part else part for part in parts]


def _character(found: re.Match[str]) -> str:
    """A reference as the character that it means; in a document without a DTD there are no others."""
    if found[3]:
        return _NAMED[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))
