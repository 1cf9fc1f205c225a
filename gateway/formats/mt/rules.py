"""The network's rules between fields, each with the code that the network answers.

Strategy: a rule is one question to the values of a message that is right field by field. They are asked in a fixed
order and the first that is broken is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.formats.mt import parties, tables

Broken = tuple[str, str, str]  # code, field, sentence

_NEEDS_INTERMEDIARY = frozenset(("PHOI", "TELI"))
_NEEDS_ACCOUNT_WITH = frozenset(("PHON", "TELE"))
_SERVICES = frozenset(("SPRI", "SSTD", "SPAY"))
# Options that the services of 23B exclude: (code, number, option).
_SERVICE_OPTIONS = (
    ("E03", "53", "D"),
    ("E05", "54", "B"),
    ("E05", "54", "D"),
    ("E07", "55", "B"),
    ("E07", "55", "D"),
    ("E17", "56", "D"),
    ("E09", "57", "B"),
)
# Options that a message marked {119:STP} has: number, letters.
_STRAIGHT_OPTIONS = (("52", "A"), ("53", "AB"), ("54", "A"), ("55", "A"), ("56", "AC"), ("57", "AC"))
_STRAIGHT_INSTRUCTIONS = frozenset(("SDVA", "INTC", "REPA", "CORT"))


def broken_rule(
    values: tables.Values,
    repeated: dict[str, list[str]],
    sender: str,
    receiver: str,
    flag: str = "",
) -> Broken | None:
    """The first network rule that a message breaks; `flag`: the validation that tag 119 asks for, STP or REMIT."""
    if "56" in values and "57" not in values:
        return "C81", ":57a:", "an intermediary (56a) is named, so the account with institution (57a) must be"
    if "B56" in values and "B57" not in values:
        return "C68", ":57a:", "sequence B names an intermediary (56a), so it must name 57a"
    if "55" in values and ("53" not in values or "54" not in values):
        return "E06", ":55a:", "a third reimbursement institution (55a) needs 53a and 54a"
    if "71A" not in values:
        return None
    amount = _amount_rule(values, sender, receiver)
    return (
        amount
        or _charge_rule(values, repeated)
        or _instruction_rule(values, repeated)
        or _agent_rule(values)
        or (_straight_rule(values, repeated, sender, receiver) if flag == "STP" else None)
        or (_envelope_rule(values) if flag == "REMIT" else None)
    )


def _amount_rule(values: tables.Values, sender: str, receiver: str) -> Broken | None:
    instructed = values["33B"][1][:3] if "33B" in values else ""
    settled = values["32A"][1][6:9]
    if not instructed and sender[4:6] in tables.EUROPEAN and receiver[4:6] in tables.EUROPEAN:
        return "D49", ":33B:", "33B must stand when sender and receiver are in the listed European countries"
    if (instructed not in ("", settled)) != ("36" in values):
        return "D75", ":36:", "an exchange rate (36) stands if and only if the currencies of 32A and 33B differ"
    return None


def _charge_rule(values: tables.Values, repeated: dict[str, list[str]]) -> Broken | None:
    bearer, sent, received = values["71A"][1], "71F" in repeated, "71G" in values
    if bearer == "OUR" and sent:
        return "E13", ":71F:", "with charges OUR no sender's charges (71F) stand"
    if bearer == "SHA" and received:
        return "D50", ":71G:", "with charges SHA no receiver's charges (71G) stand"
    if bearer == "BEN" and (received or not sent):
        return "E15", ":71F:", "with charges BEN at least one 71F stands and no 71G"
    if (sent or received) and "33B" not in values:
        return "D51", ":33B:", "with 71F or 71G the instructed amount (33B) must stand"
    if received and values["71G"][1][:3] != values["32A"][1][6:9]:
        return "C02", ":71G:", "the receiver's charges (71G) are in the currency of 32A"
    return None


def _instruction_rule(values: tables.Values, repeated: dict[str, list[str]]) -> Broken | None:
    told = repeated.get("23E", ())
    operation, codes = values["23B"][1], [value[:4] for value in told]
    if operation == "SPRI" and not tables.PRIORITY_INSTRUCTIONS.issuperset(codes):
        return "E01", ":23E:", "with SPRI only SDVA, TELB, PHOB and INTC may stand"
    if operation in ("SSTD", "SPAY") and codes:
        return "E02", ":23E:", f"with {operation} no instruction code (23E) may stand"
    if len(set(codes)) != len(codes):
        return "E46", ":23E:", "an instruction code stands once"
    if "56" not in values and not _NEEDS_INTERMEDIARY.isdisjoint(codes):
        return "E44", ":23E:", "PHOI and TELI need an intermediary (56a)"
    if "57" not in values and not _NEEDS_ACCOUNT_WITH.isdisjoint(codes):
        return "E45", ":23E:", "PHON and TELE need an account with institution (57a)"
    if codes and (broken := _codes_rule(told, codes)) is not None:
        return broken
    if "CHQB" in codes and _has_account(values):
        return "E18", ":59a:", "with CHQB no account of the beneficiary stands"
    if "70" in values and "77T" in values:
        return "E12", ":77T:", "70 and 77T exclude each other"
    return None


def _codes_rule(told: Sequence[str], codes: list[str]) -> Broken | None:
    """Words, combinations and order of 23E."""
    if any(len(value) > 4 and value[:4] not in tables.CODES_WITH_WORDS for value in told):
        return "D97", ":23E:", "words stand only behind PHON, PHOB, PHOI, TELE, TELB, TELI, HOLD and REPA"
    if any(first in codes and second in codes for first, second, _ in tables.EXCLUDED_CODES):
        return "D67", ":23E:", "two of the instruction codes exclude each other"
    order = [tables.INSTRUCTION_CODES.index(code) for code in codes]
    if order != sorted(order):
        return "D98", ":23E:", "instruction codes stand in the order " + " ".join(tables.INSTRUCTION_CODES)
    return None


def _envelope_rule(values: tables.Values) -> Broken | None:
    """A message marked REMIT has its remittance in 77T, and no 70."""
    if "77T" not in values:
        return "T13", ":77T:", "a message marked REMIT has envelope contents (77T)"
    return None


def _has_account(values: tables.Values) -> bool:
    return values["59"][1][:1] == "/"


def _agent_rule(values: tables.Values) -> Broken | None:
    """What the options of 53a to 59a must be; stricter for the services that 23B names."""
    if "53" in values and values["53"][0] == "B" and values["53"][1][:1] != "/":
        return "E04", ":53B:", "53B holds an account or a clearing code"
    operation = values["23B"][1]
    if operation not in _SERVICES:
        return None
    for code, number, option in _SERVICE_OPTIONS:
        if number in values and values[number][0] == option:
            return code, f":{number}{option}:", f"with {operation} the option {option} of {number}a may not stand"
    if "56" in values and operation == "SPRI":
        return "E16", ":56a:", "with SPRI no intermediary (56a) may stand"
    if "57" in values and values["57"][0] == "D" and values["57"][1][:1] != "/":
        return "E09", ":57D:", f"with {operation} 57D holds an account or a clearing code"
    if not _has_account(values):
        return "E10", ":59a:", f"with {operation} the beneficiary's account must stand"
    return None


def _straight_rule(values: tables.Values, repeated: dict[str, list[str]], sender: str, receiver: str) -> Broken | None:
    """What a message marked {119:STP} may hold beyond the rules for all."""
    if "51A" in values:
        return "T13", ":51A:", "a message marked STP has no such field"
    for number, allowed in _STRAIGHT_OPTIONS:
        if number in values and values[number][0] not in allowed:
            return "T13", f":{number}{values[number][0]}:", "a message marked STP has no such option"
    if any(value[:4] not in _STRAIGHT_INSTRUCTIONS for value in repeated.get("23E", ())):
        return "T47", ":23E:", "a message marked STP holds only SDVA, INTC, REPA or CORT"
    sent_back = values.get("72", ("", ""))[1][:6] in ("/REJT/", "/RETN/")  # as it was, account or not
    if not _has_account(values) and not sent_back:
        return "E10", ":59a:", "in a message marked STP the beneficiary's account must stand"
    return _european_account(values, sender, receiver)


def _european_account(values: tables.Values, sender: str, receiver: str) -> Broken | None:
    """Between the listed countries the beneficiary's account is an IBAN, unless 57A is elsewhere."""
    option, value = values.get("57", ("", ""))
    countries = [sender[4:6], receiver[4:6]]
    if option == "A":
        countries.append(value.rpartition("\n")[2][4:6])
    if option == "C" or not tables.EUROPEAN.issuperset(countries):
        return None
    first = values["59"][1].partition("\n")[0]
    if first[:1] == "/" and not parties.is_iban(first[1:]):
        return "D19", ":59a:", "between the listed European countries the beneficiary's account is an IBAN"
    return None
