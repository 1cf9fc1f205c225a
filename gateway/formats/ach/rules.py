# ruff: noqa: E501  # a table: one rule a line
"""The rules of ACH by their ids, and the switches that loosen them for a bank that does not keep all of them.

A rule's sentence is what an error says was expected; the return code is what a receiving bank would return the entry
with. A switch silences certain errors of certain rules, and no others: what it silences is one line of `SWITCHES`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Rule(NamedTuple):
    """One rule: what it expects, an example of what breaks it, and the return code of an entry that does."""

    expects: str
    example: str
    return_code: str = ""  # "": the file or batch goes back as a whole


RULES: dict[str, Rule] = {
    "F01": Rule("a record of 94 characters", "a line was cut after 60 characters"),
    "F02": Rule("records in the order 1 (5 (6 7*)+ 8)* 9", "an entry outside a batch, or no file header"),
    "F03": Rule("the constants 01, 094, 10 and 1 of the file header", "record size `095`"),
    "F04": Rule("a destination of nine digits with the right check digit, an origin that is not zeros", "`09100001X`"),
    "F05": Rule("a real creation date and time, and a modifier A-Z or 0-9", "creation date `261323`"),
    "F06": Rule("a file control that agrees with the batch controls", "one batch was removed, the totals were not mended"),
    "F07": Rule("batch numbers that rise", "`0000002` before `0000001`"),
    "F08": Rule("no other class in a file of ADV batches", "an ADV batch behind a PPD batch"),
    "F09": Rule("at least one batch", "header and control only"),
    "F11": Rule("a file that ends with its control record", "the transfer broke off"),
    "B01": Rule("service class 200, 220, 225 or 280 in the header, and the same in the control", "`100`"),
    "B02": Rule("company name, identification and description, not blank or zeros", "a description of zeros", "R26"),
    "B03": Rule("a known entry class, and the originator status that goes with it", "class `PDT`", "R26"),
    "B04": Rule("an effective date that is a date; none for ENR", "`261345`", "R18"),
    "B05": Rule("ODFI and batch number in digits, and the same in header and control", "control of another batch"),
    "B06": Rule("a batch control that agrees with the entries", "a wrong total of debits"),
    "B07": Rule("entries in each batch, and a control before the next header", "two headers in a row"),
    "B08": Rule("trace numbers that rise within their batch and begin with its ODFI", "a repeated trace number", "R27"),
    "B09": Rule("forward entries and returns in batches of their own", "an entry without addenda 99 among returns"),
    "B10": Rule("entries in a direction that the service class allows", "a debit under `220`"),
    "E01": Rule("a transaction code that is known and that the class allows", "a debit in CIE", "R17"),
    "E02": Rule("a receiving bank of eight digits and the right check digit", "`091000018`", "R28"),
    "E03": Rule("an amount in digits, zero exactly where the code says so, below the class's ceiling", "22 with zero", "R19"),
    "E04": Rule("account and name of the receiver where the class needs them", "a blank name", "R26"),
    "E05": Rule("printable ASCII", "an accented letter in a name", "R26"),
    "E06": Rule("an addenda indicator that agrees with the addenda found", "`1`, and none follow", "R25"),
    "E07": Rule("addenda of the types and number of the class", "two addenda 05 in PPD", "R25"),
    "E08": Rule("addenda numbered 1, 2, 3, with the last seven digits of the entry's trace", "sequence `0003` first", "R25"),
    "E09": Rule("a number of addenda that agrees with those found", "CTX says `0012`, three follow", "R25"),
    "E10": Rule("the fields of the class: check serial, terminal, card, process control, description", "POS without card type", "R26"),
    "E11": Rule("of IAT: addenda 10 to 16 all there and in order, known type, countries, currencies, qualifiers", "type `BIL`", "R80"),
    "R01x": Rule("a known return code, the original trace number and bank in digits, a date of death for R14 and R15 only", "`R97`", "R69"),
    "C01x": Rule("a known change code, the original trace number and bank in digits, corrected data", "`C78`", "C65"),
}  # fmt: skip


class Switch(NamedTuple):
    """What a bank's profile may allow: errors silenced as (rule, field); "" for all fields, "!" for none named."""

    allows: str
    silences: tuple[tuple[str, str], ...] = ()


SWITCHES: dict[str, Switch] = {
    "require_aba_origin": Switch("nothing more: the origin too must be a routing number with its check digit"),
    "any_origin": Switch("any immediate origin, blanks and zeros too", (("F04", "immediate_origin"),)),
    "any_destination": Switch("any immediate destination", (("F04", "immediate_destination"),)),
    "any_traces": Switch(
        "trace numbers in any order and of any bank", (("B08", "trace_number"), ("E08", "entry_sequence"))
    ),
    "no_batches": Switch("a file without batches", (("F09", ""),)),
    "no_file_header": Switch("a file without its header record", (("F02", "file_header"),)),
    "no_file_control": Switch("a file without its control record", (("F11", "file_control"),)),
    "company_id_differs": Switch(
        "a company identification in the control that is not the header's", (("B02", "control_company"),)
    ),
    "any_return_codes": Switch(
        "return codes that are not in the list", (("R01x", "return_code"),)
    ),
    "service_class_differs": Switch("a service class in the control that is not the header's", (("B01", "control_service"),)),
    "unordered_batches": Switch("batch numbers in any order", (("F07", ""),)),
    "any_check_digit": Switch("any check digit of the receiving bank", (("E02", "check_digit"),)),
    "counts_differ": Switch(
        "counts of entries and addenda that do not agree", (("B06", "count"), ("F06", "count"), ("E09", ""))
    ),
    "keep_spaces": Switch("nothing more: account numbers keep the blanks before and behind them"),
    "any_amounts": Switch(
        "amounts that do not go with their transaction code, or are above the class's ceiling", (("E03", ""),)
    ),
    "zero_amounts": Switch("zero in live entries", (("E03", "zero_amount"),)),
    "any_characters": Switch("characters beyond printable ASCII", (("E05", ""),)),
    "empty_names": Switch("receivers without a name", (("E04", "individual_name"),)),
    "unchecked_batches": Switch(
        "whatever stands in batches, as long as records, counts and totals agree",
        tuple((rule, "") for rule in RULES if rule[0] in "BERC" and rule not in ("B06", "B07")),
    ),
    "any_creation": Switch("any creation date and time", (("F05", "creation_date"), ("F05", "creation_time"))),
    "any_company": Switch("blank company names, identifications and descriptions", (("B02", ""),)),
    "unchecked": Switch(
        "anything that consists of records", tuple((rule, "") for rule in RULES if rule not in ("F01", "F02", "B07"))
    ),
    "any_transaction_codes": Switch("transaction codes that are not in the list", (("E01", ""),)),
}  # fmt: skip


class Profile(NamedTuple):
    """The switches of one bank, put together."""

    names: frozenset[str] = frozenset()
    silent: frozenset[tuple[str, str]] = frozenset()

    def allows(self, rule: str, field: str) -> bool:
        return (rule, field) in self.silent or (rule, "") in self.silent


STRICT = Profile()


def profile(names: Iterable[str]) -> Profile:
    """The profile of these switches; ValueError names one that there is not."""
    chosen = frozenset(names)
    unknown = sorted(chosen - SWITCHES.keys())
    if unknown:
        raise ValueError(f"no setting {unknown[0]!r} of ACH files; known are {', '.join(sorted(SWITCHES))}")
    return Profile(chosen, frozenset(pair for name in chosen for pair in SWITCHES[name].silences))
