"""Network rules between fields of the messages that are read by their grammar, each with its error code.

Strategy: a rule is one question to the walked message; the rules of a type are asked in their order, and the first
that is broken is told.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import Fault
from gateway.formats.mt.rules import Broken

Rule = Callable[[Level], Broken | None]


def broken_rule(type: str, level: Level) -> Broken | None:
    """The first rule of its type that a message breaks; None when it keeps them all."""
    for rule in RULES.get(type, RULES.get("n" + type[1:], ())):
        broken = rule(level)
        if broken is not None:
            return broken
    return None


# --- statements -------------------------------------------------------------------------------------


def _one_currency(level: Level) -> Broken | None:
    """The first two characters of every currency are the same (C27)."""
    found = {value[7:9] for tag, value in level.fields if tag[:2] in ("60", "62", "64", "65")}
    found |= {value.lstrip("0123456789")[:2] for tag, value in level.fields if tag in ("90D", "90C")}
    found |= {value[:2] for tag, value in level.fields if tag == "34F"}
    return ("C27", ":60a:", "all balances of a statement are in one currency") if len(found) > 1 else None


def unled(type: str, fields: list[tuple[str, str]]) -> Broken | None:
    """940, 942: information for the account owner (86) follows a statement line (61), or ends the message (C24)."""
    if type not in ("940", "942"):
        return None
    tags = [tag for tag, _ in fields]
    last = len(tags) - 1
    for place, tag in enumerate(tags):
        if tag == "86" and place != last and tags[place - 1] != "61":
            return "C24", ":86:", "information (86) follows a statement line (61), or stands last in the message"
    return None


def _floors(level: Level) -> Broken | None:
    """One floor limit has no side; of two the first is for debits, the second for credits (C23)."""
    sides = [value[3:4] if value[3:4] in ("D", "C") else "" for _, value in level.all("34")]
    if sides in ([], [""], ["D", "C"]):
        return None
    return "C23", ":34F:", "one floor limit has no D or C; two have D, then C"


def _floor_asked(level: Level) -> Broken | None:
    for inner in level.levels():
        if inner.text("12") == "942" and not inner.all("34"):
            return "C22", ":34F:", "a request for MT942 names a floor limit"
        broken = _floors(inner)
        if broken is not None:
            return broken
    return None


# --- confirmations and notices ----------------------------------------------------------------------


def _one_orderer(level: Level) -> Broken | None:
    """910: the ordering customer or the ordering institution, one of them (C06)."""
    if (level.get("50") is None) == (level.get("52") is None):
        return "C06", ":50a:", "either the ordering customer (50a) or the ordering institution (52a) stands"
    return None


def _receipts(level: Level) -> Broken | None:
    inner = list(level.levels())
    if len(inner) > 10:
        return "T10", ":21:", "a notice has at most ten amounts"
    if len({one.text("32")[:3] for one in inner}) > 1:
        return "C02", ":32B:", "all amounts of a notice are in one currency"
    return next((broken for one in inner if (broken := _one_orderer(one)) is not None), None)


# --- payments ---------------------------------------------------------------------------------------

_ORDERING = ("F", "G", "H", "K", "A")


def _customers(level: Level, options: tuple[str, ...]) -> tuple[bool, list[bool]]:
    """Whether field 50a with one of the options stands in the first sequence, and in each repetition."""

    def there(one: Level) -> bool:
        return any(option in options for option, _ in one.all("50"))

    return there(level), [there(inner) for inner in level.levels() if inner.get("21") is not None]


def _ordering_customer(level: Level) -> Broken | None:
    """101: the ordering customer stands once for all, or in every transaction (D61)."""
    first, each = _customers(level, _ORDERING)
    if (first and any(each)) or (not first and not all(each)):
        return "D61", ":50a:", "the ordering customer stands in the first sequence, or in every transaction"
    return None


def _instructing_party(level: Level) -> Broken | None:
    """101: the instructing party in the first sequence or in transactions, not in both (D62)."""
    first, each = _customers(level, ("C", "L"))
    return ("D62", ":50a:", "the instructing party stands in one place only") if first and any(each) else None


def _servicing_institution(level: Level) -> Broken | None:
    """101, 102: 52a in the first sequence or in transactions, not in both (D64)."""
    each = any(inner.get("52") is not None for inner in level.levels())
    return ("D64", ":52a:", "the institution stands in one place only") if level.get("52") and each else None


def _intermediaries(level: Level) -> Broken | None:
    """101: with an intermediary the account with institution stands too (D65)."""
    for inner in level.levels():
        if inner.get("56") is not None and inner.get("57") is None:
            return "D65", ":57a:", "an intermediary (56a) is named, so the account with institution (57a) must be"
    return None


def _linked_currencies(level: Level) -> Broken | None:
    """101: transactions that are linked by 21R are in one currency (D98)."""
    if not any(option == "R" for option, _ in level.all("21")):
        return None
    found = {inner.text("32")[:3] for inner in level.levels()}
    return ("D98", ":32B:", "linked transactions are in one currency") if len(found) > 1 else None


def _exchange(level: Level) -> Broken | None:
    """101: a rate needs the exchange reference (D54); an ordered amount is in another currency (D68)."""
    for inner in level.levels():
        rate, ordered = inner.get("36"), inner.get("33")
        if rate is not None and not any(option == "F" for option, _ in inner.all("21")):
            return "D54", ":21F:", "a rate (36) stands with the reference of its exchange (21F)"
        if ordered is not None and ordered[1][:3] == inner.text("32")[:3]:
            return "D68", ":33B:", "the ordered amount is in another currency than the transaction"
    return None


def _ordered_amount(level: Level) -> Broken | None:
    """101: when a rate stands (D60), and what goes with an amount of zero (E54)."""
    for inner in level.levels():
        zero = not inner.text("32")[3:].strip("0,")
        ordered, rate = inner.get("33") is not None, inner.get("36") is not None
        if rate != (ordered and not zero):
            return "D60", ":36:", "a rate (36) stands if and only if 33B does and 32B is not zero"
        equivalent = any(value[:4] == "EQUI" for option, value in inner.all("23") if option == "E")
        exchanged = any(option == "F" for option, _ in inner.all("21"))
        if zero and (equivalent != ordered or (not equivalent and exchanged)):
            return "E54", ":33B:", "an amount of zero stands with EQUI and 33B, or with neither of them nor 21F"
    return None


# Codes of 23E in a request: pairs that exclude each other, and those behind which words may stand.
_EXCLUDING = {
    "CHQB": ("CMSW", "CMTO", "CMZB", "CORT", "NETS", "PHON", "REPA", "RTGS", "URGP"),
    "CMSW": ("CMTO", "CMZB"),
    "CMTO": ("CMZB",),
    "CORT": ("CMSW", "CMTO", "CMZB", "REPA"),
    "EQUI": ("CMSW", "CMTO", "CMZB"),
    "NETS": ("RTGS",),
}
_WITH_WORDS = ("CMTO", "PHON", "OTHR", "REPA")


def _request_codes(level: Level) -> Broken | None:
    """101: words (D66), combinations (D67), repetition (E46) and cheques (E18) of 23E."""
    for inner in level.levels():
        told = [value for option, value in inner.all("23") if option == "E"]
        codes = [value[:4] for value in told]
        if any(len(value) > 4 and value[:4] not in _WITH_WORDS for value in told):
            return "D66", ":23E:", "words stand only behind CMTO, PHON, OTHR and REPA"
        if any(other in codes for code in codes for other in _EXCLUDING.get(code, ())):
            return "D67", ":23E:", "two of the instruction codes exclude each other"
        if any(codes.count(code) > 1 for code in codes if code != "OTHR"):
            return "E46", ":23E:", "an instruction code other than OTHR stands once"
        if "CHQB" in codes and inner.text("59")[:1] == "/":
            return "E18", ":59a:", "with CHQB no account of the beneficiary stands"
    return None


def _sums(level: Level) -> Broken | None:
    """102, 104, 107: the sum of the amounts stands in 19 (C01), or without it in the amount that settles (D80)."""
    repeated = next(iter(level.inner.values()), [])
    fields = [*level.fields, *(line for inner in level.levels() if inner not in repeated for line in inner.fields)]
    settled = dict(fields)
    total = sum(_scaled(inner.text("32")[3:], "32B") for inner in repeated)
    if "19" in settled:
        proven = _scaled(settled["19"], "19") == total
        return None if proven else ("C01", ":19:", "the sum of the amounts is another one")
    taken = sum(_scaled(settled[tag][3:], tag) for tag in ("71F", "71G") if tag in settled)
    for tag, amount in (("32A", settled.get("32A", "")[9:]), ("32B", settled.get("32B", "")[3:])):
        if amount and _scaled(amount, "32B") != total + taken:
            return ("C01" if tag == "32A" else "D80"), f":{tag}:", "the amount is not the sum of all, and 19 is missing"
    return None


def _few(level: Level) -> Broken | None:
    """201, 203, 204: at most ten payments (T10)."""
    return ("T10", ":20:", "a message has at most ten payments") if len(list(level.levels())) > 10 else None


def _total(level: Level) -> Broken | None:
    """201, 203, 204: the sum of the amounts (C01), all in one currency (C02)."""
    inner = list(level.levels())
    if len({one.text("32")[:3] for one in inner}) > 1:
        return "C02", ":32B:", "all amounts of the message are in one currency"
    decimals = [one.text("32")[3:] for one in inner]
    if sum(_scaled(text, "32B") for text in decimals) != _scaled(level.text("19"), "19"):
        return "C01", ":19:", "the sum of the amounts is another one"
    return None


def _scaled(text: str, tag: str) -> int:
    """An amount in thousandths of a thousandth: exact for every currency. Raises Fault."""
    whole, _, fraction = text.partition(",")
    digits = (whole or "0") + fraction[:6].ljust(6, "0")
    if not digits.isdecimal():
        raise Fault("T40", "AM12", f":{tag}:", "an amount has digits, one comma, and the decimals behind it")
    return int(digits)


def _bank_intermediaries(level: Level) -> Broken | None:
    """203: with an intermediary the account with institution stands too (C81)."""
    broken = _intermediaries(level)
    return ("C81", *broken[1:]) if broken is not None else None


def _narrative_or_copy(level: Level) -> Broken | None:
    """n92, n95, n96: narrative (79) or copied fields, or both; not neither for a recall (C25)."""
    known = ("20", "21", "11", "75", "76", "77")
    if any(tag[:2] not in known for tag, _ in level.fields):
        return None
    return "C25", ":79:", "the original is told in narrative (79) or by copies of its fields"


RULES: dict[str, tuple[Rule, ...]] = {
    "101": (
        _exchange,
        _ordered_amount,
        _request_codes,
        _ordering_customer,
        _instructing_party,
        _servicing_institution,
        _intermediaries,
        _linked_currencies,
    ),
    "102": (_servicing_institution, _sums),
    "104": (_sums,),
    "107": (_sums,),
    "201": (_few, _total),
    "203": (_few, _total, _bank_intermediaries),
    "204": (_few, _total),
    "210": (_receipts,),
    "910": (_one_orderer,),
    "920": (_floor_asked,),
    "940": (_one_currency,),
    "941": (_one_currency,),
    "942": (_one_currency, _floors),
    "950": (_one_currency,),
    "n92": (_narrative_or_copy,),
}
