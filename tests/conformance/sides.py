"""The two sides of a translation, taken apart by readers that share nothing with the translator.

Strategy: XML becomes path -> text with lxml alone, FIN becomes tag -> lines with one regular expression. Texts are
compared as what they mean: amounts as numbers, times as instants, BICs with their branch.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

Leaves = dict[str, str]

_BLOCK = re.compile(r"\{([123]):((?:[^{}]|\{[^{}]*\})*)\}")
_TEXT = re.compile(r"\{4:\s*\n(.*?)\n-\}", re.DOTALL)
_FIELD = re.compile(r"^:([0-9]{2}[A-Z]?):", re.MULTILINE)
_USER = re.compile(r"\{([0-9]{3}):([^{}]*)\}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z")

_AMOUNTS = ("19", "32", "33", "34", "60", "61", "62", "64", "65", "71", "90")
_ZEROS = re.compile(r"(\d),(\d*?)0+(?!\d)")  # decimals that say nothing: 2450,00 is 2450,


def xml(data: bytes) -> Leaves:
    """AppHdr and Document of a message: `Document/.../Nm`, repeated elements numbered from the second on."""
    root = etree.fromstring(data)
    found: Leaves = {}
    for name in ("AppHdr", "Document"):
        for element in root.iter(f"{{*}}{name}"):
            if not any(etree.QName(above).localname == name for above in element.iterancestors()):
                _walk(element, name, found)
                break
    return found


def _walk(element: etree._Element, path: str, found: Leaves) -> None:
    seen: dict[str, int] = {}
    children = [child for child in element if isinstance(child.tag, str)]
    for child in children:
        name = etree.QName(child).localname
        seen[name] = seen.get(name, 0) + 1
        _walk(child, f"{path}/{name}" + (f"[{seen[name]}]" if seen[name] > 1 else ""), found)
    if not children and (element.text or "").strip():
        found[path] = element.text or ""
    found.update(
        (f"{path}/@{name}", str(text))
        for name, text in element.attrib.items()
        if ":" not in str(name) and "{" not in str(name)
    )


def type_of_xml(data: bytes) -> str:
    """pacs.008.001.08 of the document in it."""
    found = re.search(rb"tech:xsd:((?!head)[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2})", data)
    return found[1].decode() if found else ""


def fin(data: bytes) -> Leaves:
    """Sender, receiver, block 3 and the fields of a message: `:50a:` holds the option and the value."""
    text = data.decode("latin-1").replace("\r\n", "\n")
    blocks = dict(_BLOCK.findall(text.partition("{4:")[0]))
    found = _headers(blocks)
    body = _TEXT.search(text)
    parts = _FIELD.split("\n" + body[1]) if body else [""]
    cover, seen = "COV" in found.get("{119}", ""), dict[str, int]()
    sequence = ""
    for tag, value in zip(parts[1::2], parts[2::2], strict=True):
        if cover and tag[:2] == "50":
            sequence = "B"
        key = f":{sequence}{tag[:2]}a:"
        seen[key] = seen.get(key, 0) + 1
        lines = [line.rstrip() for line in value.strip("\n").split("\n")]
        if tag[:2] in _AMOUNTS:
            lines[0] = _ZEROS.sub(r"\1,\2", lines[0])
        found[key + (f"[{seen[key]}]" if seen[key] > 1 else "")] = "\n".join([tag[2:], *lines])
    return found


def _headers(blocks: dict[str, str]) -> Leaves:
    one, two = blocks.get("1", ""), blocks.get("2", "")
    own = one[3:15]
    out = two[:1] == "O"
    other = two[14:26] if out else two[4:16]
    sender, receiver = (other, own) if out else (own, other)
    found = {
        "{2} type": two[1:4],
        "{1} sender": sender[:8] + sender[9:12],
        "{2} priority": "" if out and len(two) < 47 else two[-1:] if out else two[16:17],
        "{2} receiver": receiver[:8] + receiver[9:12],
    }
    found.update((f"{{{tag}}}", value) for tag, value in _USER.findall(blocks.get("3", "")))
    return found


def same(one: str, other: str) -> bool:
    """Whether two texts mean the same."""
    a, b = " ".join(one.split()), " ".join(other.split())
    if a == b or one.strip() == other.strip():
        return True
    return (
        (_number(a) is not None and _number(a) == _number(b))
        or (_instant(a) is not None and _instant(a) == _instant(b))
        or (_bic(a) is not None and _bic(a) == _bic(b))
    )


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if "." in text or (text.isdigit() and len(text) < 19 and text[:1] != "0") else None
    except InvalidOperation:
        return None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _bic(text: str) -> str | None:
    return (text + "XXX")[:11] if _BIC.match(text) else None
