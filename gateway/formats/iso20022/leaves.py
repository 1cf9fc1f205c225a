"""From an element to its leaves: (path, text), in one walk.

A path is written as the standard writes it, `RmtInf/Strd[2]/RfrdDocAmt/DuePyblAmt`; second siblings get [2], third
[3]; an attribute is `Amt/@Ccy`; content of any namespace (supplementary data, signatures) is one leaf, `Envlp/*`,
whose text is the XML itself.
"""

from __future__ import annotations

from lxml import etree

Leaves = dict[str, str]
NOTHING: frozenset[str] = frozenset()
OPEN = frozenset({"Envlp", "Sgntr"})  # elements whose content may be of any namespace


def walk(element: etree._Element, space: int, skip: frozenset[str] = NOTHING) -> Leaves:
    """All leaves below an element, children named in `skip` left out; `space` is the length of `{namespace}`."""
    out: Leaves = {}
    _walk(element, "", space, skip, out)
    return out


def _walk(element: etree._Element, prefix: str, space: int, skip: frozenset[str], out: Leaves) -> None:
    last, number = "", 0
    for child in element:
        tag = child.tag[space:]
        if tag in skip:
            continue
        if tag == last:
            number += 1
            path = f"{prefix}{tag}[{number}]"
        else:
            number = 1  # the schema lets equal siblings stand only side by side
            last = tag
            path = prefix + tag
        text = child.text
        # An element with words of its own has no children; the schema has seen to that.
        if (text is None or text.isspace()) and len(child):
            if tag in OPEN:
                out[f"{path}/*"] = "".join(etree.tostring(inner, encoding="unicode") for inner in child)
            else:
                _walk(child, path + "/", space, NOTHING, out)
            continue
        for name, value in child.items():
            out[f"{path}/@{name!s}"] = str(value)
        if text:
            out[path] = text
