"""NACHA records, printed as the rule book prints them: field, first and last position, kind.

Kinds: n digits, a printable ASCII, b blank on origination, and fixed texts as themselves. One reader, one writer and
every error's columns come from these tables.
"""

from __future__ import annotations

from typing import NamedTuple

RECORD = 94
BLOCKING = 10
PADDING = "9" * RECORD


class Column(NamedTuple):
    """A field: positions from 1, inclusive."""

    name: str
    first: int
    last: int
    kind: str

    @property
    def where(self) -> slice:
        return slice(self.first - 1, self.last)


FILE_HEADER = (
    Column("record_type", 1, 1, "1"),
    Column("priority_code", 2, 3, "01"),
    Column("immediate_destination", 4, 13, "a"),
    Column("immediate_origin", 14, 23, "a"),
    Column("creation_date", 24, 29, "n"),
    Column("creation_time", 30, 33, "a"),
    Column("file_id_modifier", 34, 34, "a"),
    Column("record_size", 35, 37, "094"),
    Column("blocking_factor", 38, 39, "10"),
    Column("format_code", 40, 40, "1"),
    Column("destination_name", 41, 63, "a"),
    Column("origin_name", 64, 86, "a"),
    Column("reference_code", 87, 94, "a"),
)
BATCH_HEADER = (
    Column("record_type", 1, 1, "5"),
    Column("service_class", 2, 4, "n"),
    Column("company_name", 5, 20, "a"),
    Column("company_discretionary_data", 21, 40, "a"),
    Column("company_identification", 41, 50, "a"),
    Column("sec_code", 51, 53, "a"),
    Column("entry_description", 54, 63, "a"),
    Column("descriptive_date", 64, 69, "a"),
    Column("effective_date", 70, 75, "a"),
    Column("settlement_date", 76, 78, "b"),
    Column("originator_status", 79, 79, "n"),
    Column("odfi", 80, 87, "n"),
    Column("batch_number", 88, 94, "n"),
)
BATCH_HEADER_IAT = (
    Column("record_type", 1, 1, "5"),
    Column("service_class", 2, 4, "n"),
    Column("iat_indicator", 5, 20, "a"),
    Column("exchange_indicator", 21, 22, "a"),
    Column("exchange_reference_indicator", 23, 23, "a"),
    Column("exchange_reference", 24, 38, "a"),
    Column("destination_country", 39, 40, "a"),
    Column("company_identification", 41, 50, "a"),
    Column("sec_code", 51, 53, "a"),
    Column("entry_description", 54, 63, "a"),
    Column("originating_currency", 64, 66, "a"),
    Column("destination_currency", 67, 69, "a"),
    Column("effective_date", 70, 75, "a"),
    Column("settlement_date", 76, 78, "b"),
    Column("originator_status", 79, 79, "n"),
    Column("odfi", 80, 87, "n"),
    Column("batch_number", 88, 94, "n"),
)
ENTRY = (
    Column("record_type", 1, 1, "6"),
    Column("transaction_code", 2, 3, "n"),
    Column("rdfi", 4, 11, "n"),
    Column("check_digit", 12, 12, "n"),
    Column("account_number", 13, 29, "a"),
    Column("amount_cents", 30, 39, "n"),
    Column("individual_id", 40, 54, "a"),
    Column("individual_name", 55, 76, "a"),
    Column("discretionary_data", 77, 78, "a"),
    Column("addenda_indicator", 79, 79, "n"),
    Column("trace_number", 80, 94, "n"),
)
ENTRY_IAT = (
    Column("record_type", 1, 1, "6"),
    Column("transaction_code", 2, 3, "n"),
    Column("rdfi", 4, 11, "n"),
    Column("check_digit", 12, 12, "n"),
    Column("addenda_count", 13, 16, "n"),
    Column("reserved", 17, 29, "b"),
    Column("amount_cents", 30, 39, "n"),
    Column("account_number", 40, 74, "a"),
    Column("reserved_2", 75, 76, "b"),
    Column("ofac_indicator", 77, 77, "a"),
    Column("secondary_ofac_indicator", 78, 78, "a"),
    Column("addenda_indicator", 79, 79, "n"),
    Column("trace_number", 80, 94, "n"),
)
ENTRY_ADV = (
    Column("record_type", 1, 1, "6"),
    Column("transaction_code", 2, 3, "n"),
    Column("rdfi", 4, 11, "n"),
    Column("check_digit", 12, 12, "n"),
    Column("account_number", 13, 27, "a"),
    Column("amount_cents", 28, 39, "n"),
    Column("advice_routing_number", 40, 48, "n"),
    Column("file_identification", 49, 53, "a"),
    Column("operator_data", 54, 54, "a"),
    Column("individual_name", 55, 76, "a"),
    Column("discretionary_data", 77, 78, "a"),
    Column("addenda_indicator", 79, 79, "n"),
    Column("adv_routing_number", 80, 87, "n"),
    Column("julian_day", 88, 90, "n"),
    Column("sequence", 91, 94, "n"),
)
ADDENDA_05 = (
    Column("record_type", 1, 1, "7"),
    Column("addenda_type", 2, 3, "05"),
    Column("payment_information", 4, 83, "a"),
    Column("sequence", 84, 87, "n"),
    Column("entry_sequence", 88, 94, "n"),
)
ADDENDA_99 = (
    Column("record_type", 1, 1, "7"),
    Column("addenda_type", 2, 3, "99"),
    Column("return_code", 4, 6, "a"),
    Column("original_trace", 7, 21, "n"),
    Column("date_of_death", 22, 27, "a"),
    Column("original_rdfi", 28, 35, "n"),
    Column("information", 36, 79, "a"),
    Column("trace_number", 80, 94, "n"),
)
ADDENDA_98 = (
    Column("record_type", 1, 1, "7"),
    Column("addenda_type", 2, 3, "98"),
    Column("change_code", 4, 6, "a"),
    Column("original_trace", 7, 21, "n"),
    Column("reserved", 22, 27, "b"),
    Column("original_rdfi", 28, 35, "n"),
    Column("corrected_data", 36, 64, "a"),
    Column("reserved_2", 65, 79, "a"),
    Column("trace_number", 80, 94, "n"),
)
BATCH_CONTROL = (
    Column("record_type", 1, 1, "8"),
    Column("service_class", 2, 4, "n"),
    Column("count", 5, 10, "n"),
    Column("entry_hash", 11, 20, "n"),
    Column("debits_cents", 21, 32, "n"),
    Column("credits_cents", 33, 44, "n"),
    Column("company_identification", 45, 54, "a"),
    Column("authentication_code", 55, 73, "a"),
    Column("reserved", 74, 79, "b"),
    Column("odfi", 80, 87, "n"),
    Column("batch_number", 88, 94, "n"),
)
BATCH_CONTROL_ADV = (
    Column("record_type", 1, 1, "8"),
    Column("service_class", 2, 4, "n"),
    Column("count", 5, 10, "n"),
    Column("entry_hash", 11, 20, "n"),
    Column("debits_cents", 21, 40, "n"),
    Column("credits_cents", 41, 60, "n"),
    Column("operator_data", 61, 79, "a"),
    Column("odfi", 80, 87, "n"),
    Column("batch_number", 88, 94, "n"),
)
FILE_CONTROL = (
    Column("record_type", 1, 1, "9"),
    Column("batch_count", 2, 7, "n"),
    Column("block_count", 8, 13, "n"),
    Column("count", 14, 21, "n"),
    Column("entry_hash", 22, 31, "n"),
    Column("debits_cents", 32, 43, "n"),
    Column("credits_cents", 44, 55, "n"),
    Column("reserved", 56, 94, "b"),
)
FILE_CONTROL_ADV = (
    Column("record_type", 1, 1, "9"),
    Column("batch_count", 2, 7, "n"),
    Column("block_count", 8, 13, "n"),
    Column("count", 14, 21, "n"),
    Column("entry_hash", 22, 31, "n"),
    Column("debits_cents", 32, 51, "n"),
    Column("credits_cents", 52, 71, "n"),
    Column("reserved", 72, 94, "b"),
)


class Code(NamedTuple):
    """What a transaction code says: the account's type, the direction, and what the entry is."""

    account: str
    debit: bool
    kind: str  # live, prenote, zero (zero-dollar with remittance), returned


CODES: dict[str, Code] = {}
for _first, _account in (("2", "checking"), ("3", "savings"), ("4", "gl"), ("5", "loan")):
    for _last, _debit, _kind in (
        ("1", False, "returned"),
        ("2", False, "live"),
        ("3", False, "prenote"),
        ("4", False, "zero"),
        ("6", True, "returned"),
        ("7", True, "live"),
        ("8", True, "prenote"),
        ("9", True, "zero"),
    ):
        if _first != "5" or _last in "1236":
            CODES[_first + _last] = Code(_account, _debit, _kind)
CODES["55"] = Code("loan", True, "live")
for _number in range(81, 89):
    CODES[str(_number)] = Code("advice", _number % 2 == 0, "live")

# SEC code -> what its entries may be: party, addenda types of forward entries, most addenda, direction, zero amounts.


class Sec(NamedTuple):
    """One standard entry class."""

    debits: bool
    credits: bool
    zero: bool  # amount is zero, or may be
    addenda: tuple[str, ...]
    addenda_max: int
    name_needed: bool
    count_field: tuple[int, int] | None = None  # positions of the number of addenda


_COUNT = (55, 58)
SECS: dict[str, Sec] = {
    "PPD": Sec(True, True, False, ("05",), 1, True),
    "CCD": Sec(True, True, True, ("05",), 1, True),
    "CTX": Sec(True, True, True, ("05",), 9999, False, _COUNT),
    "WEB": Sec(True, True, False, ("05",), 1, True),
    "TEL": Sec(True, False, False, (), 0, True),
    "IAT": Sec(True, True, True, ("10", "11", "12", "13", "14", "15", "16", "17", "18"), 14, False, (13, 16)),
    "COR": Sec(True, True, True, ("98",), 1, False),
    "ADV": Sec(True, True, True, (), 0, False),
    "ARC": Sec(True, False, False, (), 0, False),
    "BOC": Sec(True, False, False, (), 0, False),
    "POP": Sec(True, False, False, (), 0, False),
    "RCK": Sec(True, False, False, (), 0, True),
    "XCK": Sec(True, False, False, (), 0, False),
    "TRC": Sec(True, False, False, (), 0, False),
    "TRX": Sec(True, False, False, ("05",), 9999, False, _COUNT),
    "CIE": Sec(False, True, False, ("05",), 1, True),
    "MTE": Sec(True, True, False, ("02",), 1, True),
    "POS": Sec(True, True, False, ("02",), 1, True),
    "SHR": Sec(True, True, False, ("02",), 1, False),
    "DNE": Sec(False, True, True, ("05",), 1, True),
    "ENR": Sec(False, True, True, ("05",), 9999, False, _COUNT),
    "ACK": Sec(False, True, True, ("05",), 1, True),
    "ATX": Sec(False, True, True, ("05",), 9999, False, _COUNT),
}
CEILING_CENTS = {"ARC": 2_500_000, "BOC": 2_500_000, "POP": 2_500_000, "RCK": 250_000, "XCK": 250_000}
POSTED = frozenset({"PPD", "CCD", "WEB", "TEL", "CTX"})

RETURN_CODES = frozenset(
    [f"R{n:02d}" for n in (*range(1, 48), 50, 51, 52, 53, *range(61, 63), *range(67, 78), *range(80, 86), 90)]
) - {"R48", "R49"}
CHANGE_CODES = frozenset([f"C{n:02d}" for n in (*range(1, 10), 13, 14, *range(61, 70))])

# ISO 20022 reason -> return code, and the other way round where it is one to one (docs/formats/ach.md).
RETURN_OF = {
    "AM04": "R01",
    "AC04": "R02",
    "AC07": "R02",
    "AC01": "R03",
    "AC02": "R03",
    "AC03": "R03",
    "BE06": "R03",
    "FOCR": "R06",
    "SP01": "R08",
    "MD01": "R10",
    "MD05": "R11",
    "AC15": "R12",
    "RC04": "R13",
    "RC03": "R13",
    "MD07": "R15",
    "AC06": "R16",
    "RR04": "R16",
    "NARR": "R17",
    "DT01": "R18",
    "AM09": "R19",
    "AM02": "R19",
    "AM03": "R19",
    "AG01": "R20",
    "BE16": "R21",
    "BE17": "R22",
    "MS02": "R23",
    "AM05": "R24",
    "DUPL": "R24",
    "RR07": "R25",
    "RF01": "R27",
    "RC01": "R28",
    "MD06": "R31",
    "ED05": "R32",
}
RETURN_OTHER = "R17"  # file record edit criteria: what has no code of its own
RETURN_TITLES = {
    "R01": "INSUFFICIENT FUNDS",
    "R02": "ACCOUNT CLOSED",
    "R03": "NO ACCOUNT/UNABLE TO LOCATE",
    "R16": "ACCOUNT FROZEN",
    "R17": "FILE RECORD EDIT CRITERIA",
    "R20": "NON-TRANSACTION ACCOUNT",
    "R24": "DUPLICATE ENTRY",
}


def routing_check_digit(eight: str) -> str:
    """The ninth digit of a routing number: weights 3 7 1."""
    total = sum(int(digit) * weight for digit, weight in zip(eight, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return str(-total % 10)
