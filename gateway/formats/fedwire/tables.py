"""FAIM 3.0.7 as data: every tag with its elements, every code list, what stands with what.

Strategy: printed the way the format is documented, one line a tag, so that a person can check it line by line. One
reader (`scan`), one set of checks (`rules`) and one writer (`write`) use it. Two kinds of element: *fixed* ones have
their full width in either writing and never an asterisk, *variable* ones end with an asterisk or, in the padded
writing, are filled with blanks.
"""

from __future__ import annotations

from msgspec import Struct

ADDENDA_NEW_MAX = 9_000  # characters before <<>>, since November 2022
ADDENDA_OLD_MAX = 8_994  # characters after the four digits of their number
ADDENDA_END = "<<>>"
SHORT = 4  # a variable element of at most so many characters may leave out its asterisk when it is full


class Element(Struct, frozen=True, gc=False):
    """One element: its name, its width in characters, and what may stand in it."""

    name: str
    width: int
    kind: str = "text"  # a key of CLASSES, or of CODES for a list of codes
    fixed: bool = False  # full width in either writing
    required: bool = False


class Tag(Struct, frozen=True, gc=False):
    """One tag: four digits, a name, and its elements in order."""

    number: str
    name: str
    elements: tuple[Element, ...]
    repeats: bool = False


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a text must match; {} is replaced by the width. Anything not fixed may also be empty.
CLASSES = {
    "text": r"[ -~]{1,{}}",
    "digits": r"[0-9]{{}}",
    "date": r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",
    "monthday": r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])",
    "time": r"(?:[01][0-9]|2[0-3])[0-5][0-9]",
    "currency": r"[A-Z]{3}",
    "decimal": r"[0-9]+(?:[,.][0-9]*)?",
    "money": r"[A-Z]{3}[0-9]+(?:[,.][0-9]*)?",
    "token": r"[ -~]{{}}",
    "alphanumeric": r"[A-Za-z0-9]{{}}",
}
CODES: dict[str, frozenset[str]] = {
    "version": _codes("30"),
    "environment": _codes("T P"),
    "duplication": frozenset((" ", "P", "")),
    "status": frozenset(" 0 2 3 7 N S".split(" ")) | {" "},
    "error category": _codes("E F H I W X"),
    "type": _codes("10 15 16"),
    "subtype": _codes("00 01 02 07 08 31 32 33 90"),
    "business function": _codes("BTR CKS CTP CTR DEP DRB DRC DRW FFR FFS SVC"),
    "local instrument": _codes("ANSI COVS GXML IXML NARR PROP RMTS RRMT S820 SWIF UEDI"),
    "charge details": _codes("B S"),
    "identification": frozenset(" B C D F T U 1 2 3 4 5 9".split(" ")) - {""} | {" "},
    "advice": _codes("HLD LTR PHN TLX WRE"),
    "method": _codes("CHECK"),
    "location method": _codes("EDIC EMAL FAXI POST SMSM URID"),
    "address type": _codes("ADDR HOME BIZZ MLTO DLVY PBOX"),
    "party type": _codes("OI PI"),
    "party code": _codes("ARNU BANK CCPT CUST DPOB DRLC DUNS EMPL GS1G NIDN PROP SOSE SWBB TXID"),
    "document": _codes(
        "AROI BOLD CINV CMCN CNFA CREN DEBN DISP DNFA HIRI INVS MSIN PROP PUOR SBIN SOAC TSUT USAR VCHR"
    ),
    "adjustment reason": _codes("01 03 04 05 06 07 11 12 59 75 81 CM"),
    "credit or debit": _codes("CRDT DBIT"),
}


def _fixed(name: str, width: int, kind: str = "token", required: bool = True) -> Element:
    return Element(name, width, kind, True, required)


def _free(name: str, width: int, kind: str = "text", required: bool = False) -> Element:
    return Element(name, width, kind, False, required)


def _lines(*widths: int) -> tuple[Element, ...]:
    return tuple(_free(f"line_{number}", width) for number, width in enumerate(widths, 1))


_PARTY = (
    _fixed("id_code", 1, "identification", False),
    _free("identifier", 34),
    _free("name", 35),
    _free("address_1", 35),
    _free("address_2", 35),
    _free("address_3", 35),
)
_NOTE = _lines(30, 33, 33, 33, 33, 33)
_ADVICE = (_fixed("advice_code", 3, "advice"), *_lines(26, 33, 33, 33, 33, 33))
_COVER = (_free("swift_tag", 5), *_lines(35, 35, 35, 35, 35))
_ADDRESS = (
    _free("address_type", 4, "address type"),
    _free("department", 70),
    _free("sub_department", 70),
    _free("street", 70),
    _free("building_number", 16),
    _free("postcode", 16),
    _free("town", 35),
    _free("subdivision", 35),
    _free("country", 2),
    *(_free(f"address_{number}", 70) for number in range(1, 8)),
)
_AMOUNT = (_fixed("currency", 3, "currency"), _free("amount", 19, "decimal", True))
_DOCUMENT = (
    _fixed("document_type", 4, "document"),
    _free("proprietary_type", 35),
    _free("identification", 35, required=True),
    _free("issuer", 35),
)

TAGS: tuple[Tag, ...] = (
    Tag(
        "1100",
        "message disposition",
        (
            _fixed("version", 2, "version"),
            _fixed("environment", 1, "environment"),
            _fixed("duplication", 1, "duplication"),
            _fixed("status", 1, "status", False),
        ),
    ),
    Tag(
        "1110",
        "receipt time stamp",
        (_fixed("date", 4, "monthday"), _fixed("time", 4, "time"), _fixed("application", 4, required=False)),
    ),
    Tag(
        "1120",
        "output message accountability data",
        (
            _fixed("cycle_date", 8, "date"),
            _fixed("destination", 8, "alphanumeric"),
            _fixed("sequence", 6, "digits"),
            _fixed("date", 4, "monthday"),
            _fixed("time", 4, "time"),
            _fixed("application", 4, required=False),
        ),
    ),
    Tag("1130", "error", (_fixed("category", 1, "error category"), _fixed("code", 3), _free("text", 35))),
    Tag(
        "1500",
        "sender supplied information",
        (
            _fixed("version", 2, "version"),
            _fixed("user_correlation", 8),
            _fixed("environment", 1, "environment"),
            _fixed("duplication", 1, "duplication", False),
        ),
    ),
    Tag("1510", "type and subtype", (_fixed("type", 2, "type"), _fixed("subtype", 2, "subtype"))),
    Tag(
        "1520",
        "input message accountability data",
        (_fixed("cycle_date", 8, "date"), _fixed("source", 8, "alphanumeric"), _fixed("sequence", 6, "digits")),
    ),
    Tag("2000", "amount", (_fixed("cents", 12, "digits"),)),
    Tag("3100", "sender", (_fixed("routing_number", 9, "digits"), _free("short_name", 18))),
    Tag("3320", "sender reference", (_free("reference", 16),)),
    Tag("3400", "receiver", (_fixed("routing_number", 9, "digits"), _free("short_name", 18))),
    Tag("3500", "previous message identifier", (_fixed("identifier", 22),)),
    Tag(
        "3600",
        "business function",
        (_fixed("business_function", 3, "business function"), _free("transaction_type", 3)),
    ),
    Tag(
        "3610",
        "local instrument",
        (_fixed("local_instrument", 4, "local instrument"), _free("proprietary", 35)),
    ),
    Tag(
        "3620",
        "payment notification",
        (
            _fixed("indicator", 1, "digits"),
            _free("electronic_address", 2048),
            _free("name", 140),
            _free("phone", 35),
            _free("mobile", 35),
            _free("fax", 35),
            _free("end_to_end_id", 35),
        ),
    ),
    Tag(
        "3700",
        "charges",
        (
            _fixed("details", 1, "charge details"),
            _free("charge_1", 15, "money"),
            _free("charge_2", 15, "money"),
            _free("charge_3", 15, "money"),
            _free("charge_4", 15, "money"),
        ),
    ),
    Tag("3710", "instructed amount", (_fixed("currency", 3, "currency"), _free("amount", 15, "decimal", True))),
    Tag("3720", "exchange rate", (_free("rate", 12, "decimal", True),)),
    Tag("4000", "intermediary institution", _PARTY),
    Tag("4100", "beneficiary institution", _PARTY),
    Tag("4200", "beneficiary", _PARTY),
    Tag("4320", "reference for beneficiary", (_free("reference", 16),)),
    Tag("4400", "account debited in drawdown", _PARTY),
    Tag("5000", "originator", _PARTY),
    Tag("5010", "originator option F", (_free("party_id", 35), _free("name", 35), *_lines(35, 35, 35))),
    Tag("5100", "originator institution", _PARTY),
    Tag("5200", "instructing institution", _PARTY),
    Tag("5400", "account credited in drawdown", (_fixed("routing_number", 9, "digits"),)),
    Tag("6000", "originator to beneficiary", _lines(35, 35, 35, 35)),
    Tag("6100", "to the receiver", _NOTE),
    Tag("6110", "advice to the drawdown debit institution", _ADVICE),
    Tag("6200", "to the intermediary institution", _NOTE),
    Tag("6210", "advice to the intermediary institution", _ADVICE),
    Tag("6300", "to the beneficiary institution", _NOTE),
    Tag("6310", "advice to the beneficiary institution", _ADVICE),
    Tag("6400", "to the beneficiary", _NOTE),
    Tag("6410", "advice to the beneficiary", _ADVICE),
    Tag("6420", "method of payment to the beneficiary", (_fixed("method", 5, "method"), _free("additional", 30))),
    Tag("6500", "institution to institution", _lines(35, 35, 35, 35, 35, 35)),
    Tag("7033", "cover: currency and instructed amount", (_free("swift_tag", 5), _free("amount", 18))),
    Tag("7050", "cover: ordering customer", _COVER),
    Tag("7052", "cover: ordering institution", _COVER),
    Tag("7056", "cover: intermediary institution", _COVER),
    Tag("7057", "cover: account with institution", _COVER),
    Tag("7059", "cover: beneficiary customer", _COVER),
    Tag("7070", "cover: remittance information", (_free("swift_tag", 5), *_lines(35, 35, 35, 35))),
    Tag("7072", "cover: sender to receiver", (_free("swift_tag", 5), *_lines(35, 35, 35, 35, 35, 35))),
    Tag("8200", "unstructured addenda", (_free("addenda", ADDENDA_NEW_MAX),)),
    Tag(
        "8250",
        "related remittance",
        (
            _free("identification", 35),
            _fixed("method", 4, "location method"),
            _free("electronic_address", 2048),
            _free("name", 140),
            *_ADDRESS,
        ),
    ),
    Tag(
        "8300",
        "remittance originator",
        (
            _fixed("id_type", 2, "party type"),
            _fixed("id_code", 4, "party code"),
            _free("name", 140, required=True),
            _free("id_number", 35),
            _free("id_issuer", 35),
            _free("birth", 82),
            *_ADDRESS,
            _free("country_of_residence", 2),
            _free("contact_name", 140),
            _free("contact_phone", 35),
            _free("contact_mobile", 35),
            _free("contact_fax", 35),
            _free("contact_electronic_address", 2048),
            _free("contact_other", 35),
        ),
    ),
    Tag(
        "8350",
        "remittance beneficiary",
        (
            _free("name", 140, required=True),
            _free("id_type", 2, "party type"),
            _free("id_code", 4, "party code"),
            _free("id_number", 35),
            _free("id_issuer", 35),
            _free("birth", 82),
            *_ADDRESS,
            _free("country_of_residence", 2),
        ),
    ),
    Tag("8400", "primary remittance document", _DOCUMENT, True),
    Tag("8450", "amount paid", _AMOUNT, True),
    Tag("8500", "gross amount", _AMOUNT, True),
    Tag("8550", "discount", _AMOUNT, True),
    Tag(
        "8600",
        "adjustment",
        (
            _fixed("reason", 2, "adjustment reason"),
            _fixed("indicator", 4, "credit or debit"),
            *_AMOUNT,
            _free("additional", 140),
        ),
        True,
    ),
    Tag("8650", "date of the document", (_fixed("date", 8, "date"),), True),
    Tag("8700", "secondary remittance document", _DOCUMENT, True),
    Tag("8750", "remittance free text", _lines(140, 140, 140), True),
    Tag("9000", "service message", _lines(*(35,) * 12)),
)
BY_NUMBER: dict[str, Tag] = {tag.number: tag for tag in TAGS}
ORDER: dict[str, int] = {tag.number: place for place, tag in enumerate(TAGS)}
# Tags that the Fedwire service or the sender puts before everything else: a message begins with one of them.
FIRST = frozenset("1100 1110 1120 1130 1500".split())

# --- what stands with what ------------------------------------------------------------------------------

MANDATORY = "1500 1510 1520 2000 3100 3400 3600".split()
_THREE = "10 15 16"


def _types(types: str, subtypes: str) -> frozenset[str]:
    return frozenset(type + subtype for type in types.split() for subtype in subtypes.split())


_SERVICE = _types(_THREE, "01 07 90") | {"1033", "1633"}
TYPES: dict[str, frozenset[str]] = {
    "BTR": _types(_THREE, "00 02 08"),
    "CTR": _types(_THREE, "00 02 08"),
    "CTP": _types(_THREE, "00 01 02 07 08"),
    **dict.fromkeys(("CKS", "DEP", "FFR", "FFS"), _types("16", "00 02 08")),
    "DRW": _types("10 16", "32"),
    "DRB": _types("16", "31 33"),
    "DRC": _types("10", "31 33"),
    "SVC": _SERVICE,
}
# Each entry asks for one of the tags in it.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "CTR": (("4200",), ("5000",)),
    "CTP": (("4200",), ("5000", "5010")),
    "DRW": (("4200",), ("5000",)),
    "DRB": (("4400",), ("5400",)),
    "DRC": (("4200",), ("4400",), ("5400",)),
}
# A tag on the left asks for one of each group on the right.
DEPENDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "3720": (("3710",),),
    "4000": (("4100",), ("4200",)),
    "4100": (("4200",),),
    "5100": (("5000", "5010"),),
    "5200": (("5000", "5010"), ("5100",)),
    "6000": (("4200",), ("5000", "5010")),
    "6200": (("4000",), ("4100",), ("4200",)),
    "6210": (("4000",), ("4100",), ("4200",)),
    "6300": (("4100",), ("4200",)),
    "6310": (("4100",), ("4200",)),
    "6400": (("4200",),),
    "6410": (("4200",),),
    "6420": (("6410",), ("4200",)),
}
PREVIOUS = frozenset("01 02 07 08".split())  # subtypes that name the message they are about
MOVES_MONEY = frozenset("00 02 08 32".split())
REVERSALS = frozenset("02 08".split())
REQUESTS = frozenset(("31",))
