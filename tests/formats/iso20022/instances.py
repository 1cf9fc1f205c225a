"""Messages made up from their schemas: valid documents of any type, for tests that no sample reaches.

Strategy: walk the content model and choose; a pattern is turned into a text that it takes by walking its parsed
form. Everything follows from the random number generator that is given.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from gateway.formats.iso20022.facets import Facets
from gateway.formats.iso20022.kinds import FAMILIES
from gateway.formats.iso20022.shape import Particle, Shape, shape
from gateway.formats.iso20022.xml import NAMESPACE
from gateway.model import EXPONENTS

WORDS = "Alder Birch Cedar Dogwood Elm Fir Hazel Juniper Larch Maple Oak Pine Rowan Spruce Willow Yew".split()
CURRENCIES = ("EUR", "USD", "JPY", "BHD", "CHF")
COUNTRIES = ("DE", "FR", "NL", "US", "JP")
EXAMPLES = {
    "xs:date": "2026-03-%02d",
    "xs:dateTime": "2026-03-%02dT10:20:30+01:00",
    "xs:time": "10:20:%02dZ",
    "xs:gYear": "20%02d",
    "xs:gYearMonth": "20%02d-05",
    "xs:gMonth": "--05",
    "xs:boolean": "true",
    "xs:base64Binary": "QUJD",
    "xs:anyURI": "urn:example:%d",
}


def document(type: str, random: Random, fullness: float = 0.4) -> bytes:
    """A valid document; `fullness` is how likely an optional element is there."""
    form = shape(type)
    inner = _content(form, form.content(form.start), random, fullness, 0)
    spine = FAMILIES[type[:8]].spine if type[:8] in FAMILIES else ()
    if spine:
        count = max(1, inner.count(f"<{spine[-1]}>"))
        inner = inner.replace("<NbOfTxs>1</NbOfTxs>", f"<NbOfTxs>{count}</NbOfTxs>", 1)
    return f'<{form.root} xmlns="{NAMESPACE}{type}">{inner}</{form.root}>'.encode()


def _content(form: Shape, part: Particle | None, random: Random, fullness: float, depth: int) -> str:
    if part is None:
        return ""
    wanted = fullness if depth < 9 else 0.0
    count = part.least
    if part.most > count and random.random() < wanted:
        count += 1 if random.random() < 0.8 or part.most - count < 2 else 2
    return "".join(_one(form, part, random, fullness * 0.9, depth) for _ in range(count))


def _one(form: Shape, part: Particle, random: Random, fullness: float, depth: int) -> str:
    if part.what == "choice":
        return _content(form, random.choice(part.parts), random, fullness, depth)
    if part.what == "sequence":
        return "".join(_content(form, inner, random, fullness, depth) for inner in part.parts)
    if part.what == "any":
        space = part.name if ":" in part.name else "urn:example:note"
        return f'<x:note xmlns:x="{space}">kept</x:note>'
    facets = form.leaf(part.type)
    if facets is None:
        return f"<{part.name}>{_content(form, form.content(part.type), random, fullness, depth + 1)}</{part.name}>"
    currency = random.choice(CURRENCIES)
    attributes = "".join(
        f" {name}={quoteattr(currency if name == 'Ccy' else text(form.leaf(type), random))}"
        for name, type in facets.attributes.items()
    )
    value = text(facets, random, EXPONENTS[currency] if "Ccy" in facets.attributes else 2)
    if part.name in ("NbOfTxs", "OrgnlNbOfTxs", "CtrlSum", "OrgnlCtrlSum"):
        return "" if part.least == 0 else f"<{part.name}>1</{part.name}>"
    if part.name in ("Ccy", "CcyOfTrf", "TrgtCcy", "SrcCcy", "UnitCcy"):
        value = currency
    return f"<{part.name}{attributes}>{escape(value)}</{part.name}>"


def text(facets: Facets | None, random: Random, fraction: int = 2) -> str:
    """A text that the facets take."""
    assert facets is not None
    if facets.values:
        return random.choice(sorted(facets.values))
    if facets.patterns:
        made = sample(facets.patterns[0].pattern, random)
        return random.choice(COUNTRIES) if facets.patterns[0].pattern == "[A-Z]{2,2}" else made
    if facets.base == "xs:decimal":
        places = min(fraction, facets.fraction if facets.fraction is not None else 2)
        whole = random.randint(1, 10 ** min(4, (facets.digits or 18) - places) - 1)
        return f"{whole}.{random.randrange(10**places):0{places}d}" if places else str(whole)
    if facets.base != "xs:string":
        example = EXAMPLES[facets.base]
        return example % random.randint(10, 28) if "%" in example else example
    words = " ".join(random.choice(WORDS) for _ in range(random.randint(1, 3)))
    return words[: facets.most].strip().ljust(facets.least, "X")


def sample(pattern: str, random: Random) -> str:
    """A text that a pattern takes."""
    parser: Any = re._parser  # type: ignore[attr-defined]
    return "".join(_sampled(parser.parse(pattern), random))


def _sampled(parsed: Any, random: Random) -> list[str]:
    out: list[str] = []
    for operation, value in parsed:
        name = str(operation)
        if name == "LITERAL":
            out.append(chr(value))
        elif name == "IN":
            out.append(_of_set(value, random))
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = value
            for _ in range(random.randint(low, min(high, low + 3))):
                out += _sampled(inner, random)
        elif name == "SUBPATTERN":
            out += _sampled(value[3], random)
        elif name == "BRANCH":
            out += _sampled(random.choice(value[1]), random)
        elif name == "ANY":
            out.append("x")
    return out


def _of_set(items: Any, random: Random) -> str:
    name, value = random.choice(items)
    if str(name) == "RANGE":
        return chr(random.randint(*value))
    return chr(value) if str(name) == "LITERAL" else random.choice("0123456789")
