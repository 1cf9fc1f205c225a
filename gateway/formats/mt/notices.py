"""The numbers by which operators of FIN know what a translation loses.

Strategy: the general ones (T0000.) say what happened to a text; where an element has a number of its own, that stands.
"""

from __future__ import annotations

import re

NOTICES = {
    "T0000L": "a line began with a colon or a hyphen, and another character stands there",
    "T0000M": "the message has no place for it",
    "T0000R": "characters outside the character set are written otherwise",
    "T0000S": "blanks before or behind a text are left out",
    "T0000T": "cut to the length of the field; a plus sign stands last",
    "T12009": "a party without a name is written NOTPROVIDED",
    "T13004": "charges of several currencies, or of another than the settlement, are not added up",
    "T13007": "charges as the service level has them (SLEV) are written as shared (SHA)",
    "T14001": "a reference with slashes that no field 20 or 21 takes is written NOTPROVIDED",
    "T15001": "a text behind CHQB is left out",
    "T15002": "SDVA and HOLD or CHQB exclude each other: the first stands",
    "T15003": "INTC or CORT and HOLD or CHQB exclude each other: the first stands",
    "T15004": "PHOB and TELB exclude each other: PHOB stands",
    "T15005": "HOLD and CHQB exclude each other: HOLD stands",
    "T20020": "the settlement method is not said by these fields",
    "T20087": "the source has no unique end-to-end reference: one is made of its own",
    "T20202": "the ordering institution is not said: its agent stands under /INS/",
}
# By element (places of a list left out) and severity; the general number of the severity holds for the others.
_OWN = (
    (re.compile(r"(?:underlying\.)?instruction_id|end_to_end_id"), "changed", "T14001"),
    (re.compile(r"charge_bearer"), "", "T13007"),
    (re.compile(r"settlement_method"), "", "T20020"),
)
_GENERAL = {"lost": "T0000M", "truncated": "T0000T", "letters": "T0000R", "blanks": "T0000S", "changed": ""}


def number(element: str, what: str) -> str:
    """The number for an element and what became of it: lost, truncated, letters, blanks or changed."""
    for pattern, only, found in _OWN:
        if pattern.fullmatch(element) and only in ("", what):
            return found
    return _GENERAL.get(what, "")
