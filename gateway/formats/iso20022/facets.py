"""What the text of a leaf may be: the facets of XML Schema, held against a value.

The writer asks here before it prints; whatever it prints is also held against the schema itself by the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from msgspec import Struct

_DAY = (
    r"-?\d{4,}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|[12]\d))"
)
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_CLOCK = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_DAY_SAFE = _DAY.replace(r"-?\d{4,}", r"\d{4}").replace(r"02-(?:0[1-9]|[12]\d)", r"02-(?:0[1-9]|1\d|2[0-8])")
_LEAP = r"\d\d(?:0[48]|[2468][048]|[13579][26])-02-29"  # centuries are left out: none of them is near
_DATE = rf"(?:{_DAY_SAFE}|{_LEAP})"
BUILT_IN = {
    "xs:string": re.compile(r".*", re.DOTALL),
    "xs:date": re.compile(_DATE + _OFFSET, re.ASCII),
    "xs:time": re.compile(_CLOCK + _OFFSET, re.ASCII),
    "xs:dateTime": re.compile(_DATE + "T" + _CLOCK + _OFFSET, re.ASCII),
    "xs:boolean": re.compile("true|false|0|1"),
    "xs:decimal": re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII),
    "xs:gYear": re.compile(r"\d{4}" + _OFFSET, re.ASCII),
    "xs:gYearMonth": re.compile(r"\d{4}-(?:0[1-9]|1[0-2])" + _OFFSET, re.ASCII),
    "xs:gMonth": re.compile(r"--(?:0[1-9]|1[0-2])" + _OFFSET, re.ASCII),
    "xs:base64Binary": re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"),
    "xs:anyURI": re.compile(r"[!-~]*"),
}


class Facets(Struct, frozen=True):
    """The facets of one leaf; `attributes` are its attributes with their types."""

    base: str
    least: int = 0
    most: int | None = None
    patterns: tuple[re.Pattern[str], ...] = ()
    values: frozenset[str] = frozenset()
    digits: int | None = None
    fraction: int | None = None
    low: Decimal | None = None
    attributes: dict[str, str] = {}
    required: frozenset[str] = frozenset()

    @staticmethod
    def of(
        base: str, lines: Iterable[tuple[str, str]], attributes: Mapping[str, str], required: frozenset[str]
    ) -> Facets:
        """From the facets as they stand in a schema, the most derived first."""
        said: dict[str, str] = {}
        patterns, values = [], set()
        for name, value in lines:
            if name == "pattern":
                patterns.append(re.compile(value))
            elif name == "enumeration":
                values.add(value)
            else:
                said.setdefault(name, value)
        exact = said.get("length")
        most = said.get("maxLength", exact)
        return Facets(
            base,
            int(said.get("minLength", exact or 0)),
            int(most) if most is not None else None,
            tuple(patterns),
            frozenset(values),
            int(said["totalDigits"]) if "totalDigits" in said else None,
            int(said["fractionDigits"]) if "fractionDigits" in said else None,
            Decimal(said["minInclusive"]) if "minInclusive" in said else None,
            dict(attributes),
            required,
        )

    def takes(self, text: str) -> bool:
        """Whether the schema takes this text; its greatest length aside, which the writer mends by cutting."""
        if self.values:
            return text in self.values
        if self.base != "xs:string":
            text = text.strip(" \t\r\n")
            if BUILT_IN[self.base].fullmatch(text) is None:
                return False
            if self.base == "xs:decimal" and not self._decimal(text):
                return False
        if self.base != "xs:base64Binary" and len(text) < self.least:
            return False
        return all(pattern.fullmatch(text) for pattern in self.patterns)

    def _decimal(self, text: str) -> bool:
        try:
            value = Decimal(text)
        except InvalidOperation:
            return False
        if self.low is not None and value < self.low:
            return False
        _, digits, exponent = value.normalize().as_tuple() if value else (0, (0,), 0)
        assert isinstance(exponent, int), "a number that the pattern takes is finite"
        fraction = max(0, -exponent)
        whole = max(0, len(digits) + exponent)
        if self.fraction is not None and fraction > self.fraction:
            return False
        return self.digits is None or whole + fraction <= self.digits
