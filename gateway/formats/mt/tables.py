"""The message types as data: which fields, in which order and format.

Strategy: formats are written as SWIFT writes them (`6!n3!a15d`) and compiled once. A field's place in its message is a
number; a message is right when the numbers rise and no mandatory one is missing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

X = r"[A-Za-z0-9/\-?:().,'+ ]"
_SETS = {
    "n": "[0-9]",
    "a": "[A-Z]",
    "c": "[A-Z0-9]",
    "x": X,
    "d": "[0-9,]",
    "h": "[0-9A-F]",
    "z": r"[A-Za-z0-9/\-?:().,'+ =!\"%&*<>;{@#_]",
}
_TOKEN = re.compile(r"(\d+)(?:\*(\d+)|(!)|-(\d+))?([nacxdhz])|(\[)|(\])|(\$)|(.)")

BIC = "4!a2!a2!c[3!c]"
_LINE = "[(=/)[/1!a][/34x]$]"  # first line of a party: indicator, account or clearing id
A, B, C, D = _LINE + BIC, "[[/1!a][/34x]][$35x]", "/34x", _LINE + "(!/)4*35x"
ACCOUNT = "[(=/)/34x$]"

# What a faulty field is answered with, where it is not the general T33.
FAULT_CODES = {
    "20": "T26",
    "21": "T26",
    "23B": "T36",
    "23E": "T47",
    "71A": "T08",
    "13C": "T38",
    "32A": "T50",
    "33B": "T52",
    "71F": "T52",
    "71G": "T52",
    "36": "T40",
}
BIC_FAULT, FORMAT_FAULT, ORDER_FAULT = "T27", "T33", "T13"


@lru_cache(maxsize=256)
def compiled(notation: str) -> re.Pattern[str]:
    """A format in SWIFT notation as a regular expression; `$` is a line end, `(=/)` a slash follows, `(!/)` none."""
    out = []
    for token in _TOKEN.finditer(notation.replace("(=/)", "\x00").replace("(!/)", "\x01")):
        count, second, exact, _, kind, opened, closed, line, literal = token.groups()
        if kind and second:
            out.append(f"{_SETS[kind]}{{1,{second}}}(?:\n{_SETS[kind]}{{1,{second}}}){{0,{int(count) - 1}}}")
        elif kind:
            out.append(f"{_SETS[kind]}{{{count}}}" if exact else f"{_SETS[kind]}{{1,{count}}}")
        elif literal:
            out.append({"\x00": "(?=/)", "\x01": "(?!/)"}.get(literal) or re.escape(literal))
        else:
            out.append("(?:" if opened else ")?" if closed else "\n" if line else "")
    return re.compile("".join(out) + r"\Z", re.ASCII)


class Field(Struct, frozen=True):
    """One field of a message: its number, its options with their formats, how often it may stand."""

    number: str
    options: dict[str, str]
    mandatory: bool = False
    repeats: bool = False
    sequence: str = ""  # "B" of a cover message

    @property
    def key(self) -> str:
        return self.sequence + self.number


def _one(tag: str, notation: str, mandatory: bool = False, repeats: bool = False, sequence: str = "") -> Field:
    return Field(tag[:2], {tag[2:]: notation}, mandatory, repeats, sequence)


_ABCD = {"A": A, "B": B, "C": C, "D": D}
_ABD = {"A": A, "B": B, "D": D}
_AD = {"A": A, "D": D}
_ACD = {"A": A, "C": C, "D": D}
_50 = {"A": ACCOUNT + BIC, "F": "35x$4*35x", "K": ACCOUNT + "(!/)4*35x"}
_59 = {"": ACCOUNT + "(!/)4*35x", "A": ACCOUNT + BIC, "F": ACCOUNT + "4*35x"}

CUSTOMER_TRANSFER = (
    _one("20", "16x", True),
    _one("13C", "/8c/4!n1!x4!n", repeats=True),
    _one("23B", "4!c", True),
    _one("23E", "4!c[/30x]", repeats=True),
    _one("26T", "3!c"),
    _one("32A", "6!n3!a15d", True),
    _one("33B", "3!a15d"),
    _one("36", "12d"),
    Field("50", _50, True),
    _one("51A", A),
    Field("52", _AD),
    Field("53", _ABD),
    Field("54", _ABD),
    Field("55", _ABD),
    Field("56", _ACD),
    Field("57", _ABCD),
    Field("59", _59, True),
    _one("70", "4*35x"),
    _one("71A", "3!a", True),
    _one("71F", "3!a15d", repeats=True),
    _one("71G", "3!a15d"),
    _one("72", "6*35x"),
    _one("77B", "3*35x"),
    _one("77T", "9000z"),
)
BANK_TRANSFER = (
    _one("20", "16x", True),
    _one("21", "16x", True),
    _one("13C", "/8c/4!n1!x4!n", repeats=True),
    _one("32A", "6!n3!a15d", True),
    Field("52", _AD),
    Field("53", _ABD),
    Field("54", _ABD),
    Field("56", _AD),
    Field("57", _ABD),
    Field("58", _AD, True),
    _one("72", "6*35x"),
)
OWN_TRANSFER = (
    _one("20", "16x", True),
    _one("32A", "6!n3!a15d", True),
    _one("53B", B),
    Field("56", _AD),
    Field("57", _ABD, True),
    _one("72", "6*35x"),
)
FURTHER_TRANSFER = tuple(
    Field("52", _AD, True) if field.number == "52" else field for field in BANK_TRANSFER if field.number != "54"
)
COVER = (
    *BANK_TRANSFER,
    Field("50", _50, True, sequence="B"),
    Field("52", _AD, sequence="B"),
    Field("56", _ACD, sequence="B"),
    Field("57", _ABCD, sequence="B"),
    Field("59", _59, True, sequence="B"),
    _one("70", "4*35x", sequence="B"),
    _one("72", "6*35x", sequence="B"),
    _one("33B", "3!a15d", sequence="B"),
)


class Table(Struct, frozen=True):
    """A message type, ready to be checked against."""

    name: str
    fields: tuple[Field, ...]
    places: dict[str, tuple[tuple[int, str, str, re.Pattern[str], bool], ...]]  # (place, key, option, ..., repeats)
    mandatory: int  # bits of the places


def _table(name: str, fields: tuple[Field, ...]) -> Table:
    places: dict[str, tuple[tuple[int, str, str, re.Pattern[str], bool], ...]] = {}
    for place, field in enumerate(fields):
        for option, notation in field.options.items():
            tag = field.number + option
            key = field.key if not _single(field) else field.sequence + tag
            row = (place, key, option, compiled(notation), field.repeats)
            places[tag] = (*places.get(tag, ()), row)
    return Table(name, fields, places, sum(1 << place for place, field in enumerate(fields) if field.mandatory))


def _single(field: Field) -> bool:
    return len(field.options) == 1


TABLES = {
    "MT103": _table("MT103", CUSTOMER_TRANSFER),
    "MT202": _table("MT202", BANK_TRANSFER),
    "MT202COV": _table("MT202COV", COVER),
    "MT200": _table("MT200", OWN_TRANSFER),
    "MT205": _table("MT205", FURTHER_TRANSFER),
    "MT205COV": _table("MT205COV", (*FURTHER_TRANSFER, *COVER[len(BANK_TRANSFER) :])),
}

# --- codes ----------------------------------------------------------------------------------------

BEARERS = {"OUR": "DEBT", "SHA": "SHAR", "BEN": "CRED"}
OPERATION_CODES = frozenset(("CRED", "CRTS", "SPAY", "SPRI", "SSTD"))
INSTRUCTION_CODES = ("SDVA", "INTC", "REPA", "CORT", "HOLD", "CHQB", "PHOB", "TELB", "PHON", "TELE", "PHOI", "TELI")
REQUEST_CODES = ("CHQB", "CMSW", "CMTO", "CMZB", "CORT", "EQUI", "INTC", "NETS", "OTHR", "PHON", "REPA", "RTGS", "URGP")
PRIORITY_INSTRUCTIONS = frozenset(("SDVA", "TELB", "PHOB", "INTC"))  # what SPRI allows in 23E
CREDITOR_AGENT_CODES = frozenset(("HOLD", "CHQB", "PHOB", "TELB"))
COMMODITIES = frozenset(("XAU", "XAG", "XPD", "XPT"))

# Countries between which 33B must stand (rule D49).
EUROPEAN = frozenset(
    "AD AT BE BG BV CH CY CZ DE DK EE ES FI FR GB GF GI GP GR HU IE IM IS IT LI LT LU LV MC MQ MT NL NO PL PM PT RE RO"
    " SE SI SJ SK SM TF VA".split()
)

# National clearing codes of `//XX` and what ISO 20022 calls the systems.
CLEARING = {
    "AT": "ATBLZ",
    "AU": "AUBSB",
    "BL": "DEBLZ",
    "CC": "CACPA",
    "CN": "CNAPS",
    "CP": "USPID",
    "ES": "ESNCC",
    "FW": "USABA",
    "GR": "GRBIC",
    "HK": "HKNCC",
    "IE": "IENCC",
    "IN": "INFSC",
    "IT": "ITNCC",
    "NZ": "NZNCC",
    "PL": "PLKNR",
    "PT": "PTNCC",
    "RU": "RUCBC",
    "SC": "GBDSC",
    "SW": "CHBCC",
    "ZA": "ZANCC",
}
CLEARING_PREFIX = {system: prefix for prefix, system in CLEARING.items()}
# Party identifiers of 50F and whether a private person has them.
IDENTIFIERS = {
    "ARNU": True,
    "CCPT": True,
    "CUST": False,
    "DRLC": True,
    "EMPL": False,
    "NIDN": True,
    "SOSE": True,
    "TXID": False,
}

# FIN copy services of {103:} that settle in a clearing system, and what ISO 20022 calls that.
FIN_COPY = {"TGT": "TGT", "EBA": "EBA"}
FIN_COPY_OF = {system: service for service, system in FIN_COPY.items()}
# Times of 13C that are times of day on the settlement date, and those that are instants of their own.
INSTANTS = frozenset(("SNDTIME", "RNCTIME"))
# Code words of 77B, who has to report, and whose residence the country is.
RESIDENCE = {"ORDERRES": "DEBT", "BENEFRES": "CRED"}
RESIDENCE_OF = {indicator: word for word, indicator in RESIDENCE.items()}
# Where what has no field of the model stands, in the words of ISO 20022: both families read and write it there.
LOCAL_INSTRUMENT = "iso:PmtTpInf/LclInstrm/Prtry"
CATEGORY_PURPOSE = "iso:PmtTpInf/CtgyPurp/Prtry"
SERVICE_LEVEL = "iso:PmtTpInf/SvcLvl/Prtry"
PURPOSE = "iso:Purp/Prtry"
RELATED_REMITTANCE = "iso:RltdRmtInf/RmtId"
REPORTING_SIDE = "iso:RgltryRptg/DbtCdtRptgInd"
REPORTING_COUNTRY = "iso:RgltryRptg/Dtls/Ctry"
# What a pair of codes in 23E leaves: the first stands, the second goes (notices T15002 to T15005).
EXCLUDED_CODES = (
    ("SDVA", "HOLD", "T15002"),
    ("SDVA", "CHQB", "T15002"),
    ("INTC", "HOLD", "T15003"),
    ("INTC", "CHQB", "T15003"),
    ("CORT", "HOLD", "T15003"),
    ("CORT", "CHQB", "T15003"),
    ("PHOB", "TELB", "T15004"),
    ("HOLD", "CHQB", "T15005"),
    ("REPA", "HOLD", ""),
    ("REPA", "CHQB", ""),
    ("REPA", "CORT", ""),
    ("PHON", "TELE", ""),
    ("PHOI", "TELI", ""),
)
CODES_WITH_WORDS = frozenset(("PHON", "PHOB", "PHOI", "TELE", "TELB", "TELI", "HOLD", "REPA"))  # rule D97
# What field 11a calls an original that was an ISO 20022 message.
ISO_NAMES = {
    "pain.001": "101",
    "pacs.008": "103",
    "pacs.003": "104",
    "pain.008": "104",
    "pacs.009": "202",
    "pacs.010": "204",
    "camt.057": "210",
    "camt.056": "192",
    "camt.029": "196",
    "camt.105": "190",
    "camt.106": "191",
}
# What field 12 of a request calls a statement.
STATEMENT_NAMES = {"camt.053": "940", "camt.052": "942", "camt.054": "900"}

Values = dict[str, tuple[str, str]]
