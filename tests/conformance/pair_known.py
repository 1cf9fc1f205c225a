"""Known deviations of the translator that made the expected sides (section 13 of the reference), each seen in its text.

These hold wherever the deviation shows, whether or not a pair at hand has it: what the other writes must be the
deviation itself, and what we write must follow from it by the rule that the other breaks.
"""

from __future__ import annotations

import re

from tests.conformance.carried import plain
from tests.conformance.sides import Leaves

_WORDS = (("/SVCL/", "/SVCLVL/"), ("/CtgyPurp/", "/CATPURP/"))


def _flat(value: str) -> str:
    """A field without its option and its line ends."""
    return value.partition("\n")[2].replace("\n//", "").replace("\n", "")


def words(expected: str, ours: str) -> bool:
    """Point 2: code words of 72 that are not those of SWIFT."""
    fixed = _flat(expected)
    for wrong, right in _WORDS:
        fixed = fixed.replace(wrong, right)
    return fixed != _flat(expected) and fixed == _flat(ours)


def empty_bearer(expected: str, ours: str, source: Leaves) -> bool:
    """Point 3: an empty 71A for charges as the service level has them."""
    return (
        not _flat(expected)
        and _flat(ours) == "SHA"
        and any(path.endswith("/ChrgBr") and text == "SLEV" for path, text in source.items())
    )


def reference_left_out(expected: str, ours: str, source: Leaves) -> bool:
    """Point 4: the end-to-end id is left out of 70 when there is other text."""
    ends = {text for path, text in source.items() if path.endswith("/EndToEndId")}
    bare = _flat(ours)
    for one in ends:
        bare = bare.replace(f"/ROC/{plain(one)}//", "").replace(f"/ROC/{plain(one)}", "")
    kept = _flat(expected).replace("/URI/", "")
    return bare != _flat(ours) and bool(kept) and plain(bare.replace("/URI/", "")) == plain(kept)


def too_long_reference(expected: str, ours: str, source: Leaves) -> bool:
    """Point 4: everything behind /ROC/ as the end-to-end id, beyond its 35 characters or the next code word."""
    said = next((_flat(value) for path, value in source.items() if path in (":70a:", ":B70a:")), "")
    return bool(ours) and len(expected) > len(ours) and expected.startswith(ours) and f"/ROC/{ours}" in said


def zero_charge(expected: str, ours: str, source: Leaves) -> bool:
    """Point 5: a charge of no dollars where BEN came without one; ours has the currency of the transfer."""
    charged = any("/ChrgsInf" in path for path in source)
    return (
        not charged
        and re.fullmatch(r"USD0,0*", _flat(expected)) is not None
        and re.fullmatch(r"([A-Z]{3}0,0*)?", _flat(ours)) is not None
    )


def made_up_country(expected: str, source: Leaves) -> bool:
    """Point 6: CH where no country is said."""
    return expected == "CH" and not any(
        re.search(r"3/CH(/|$)|\bCH\b", value, re.MULTILINE) for value in source.values()
    )


def long_lines(expected: str, ours: str) -> bool:
    """Point 7: lines of more than 35 characters, which ours fills and splits."""
    lines = [line for line in expected.split("\n")[1:] if len(line) > 35]
    first, second = (re.sub(r"\n(?:[1-8]/)?", "", "\n" + value.partition("\n")[2]) for value in (expected, ours))
    return bool(lines) and (
        plain(first) == plain(second) or (second[-1:] == "+" and plain(first).startswith(plain(second[:-1])))
    )


def signs(expected: str, ours: str) -> bool:
    """Point 7: characters that FIN does not have; ours writes them without their marks or as a full stop."""
    return plain(expected) == plain(ours) and any(
        not (" " <= sign <= "~") or sign in '!"#$%&*;<=>@[]^_`{|}~\\' for sign in _flat(expected)
    )
