"""What the codes of ACH mean: transaction codes, entry classes, return and change codes, their ISO 20022 reasons."""

from __future__ import annotations

from typing import NamedTuple

from gateway.formats.ach import tables
from gateway.formats.ach.tables import Layout

# --- transaction codes ----------------------------------------------------------------------------


class Code(NamedTuple):
    """What a transaction code says: the account's type, the direction, and what the entry is."""

    account: str
    debit: bool
    kind: str  # live, prenote, zero (zero-dollar with remittance), returned


_DIGITS = {
    "1": (False, "returned"),
    "2": (False, "live"),
    "3": (False, "prenote"),
    "4": (False, "zero"),
    "6": (True, "returned"),
    "7": (True, "live"),
    "8": (True, "prenote"),
    "9": (True, "zero"),
}
ACCOUNTS = {"2": "checking", "3": "savings", "4": "gl", "5": "loan"}
CODES: dict[str, Code] = {
    first + last: Code(account, debit, kind)
    for first, account in ACCOUNTS.items()
    for last, (debit, kind) in _DIGITS.items()
    if first != "5" or last in "12346"
}
CODES["55"] = Code("loan", True, "live")  # a loan is debited by a reversal only
CODES |= {str(number): Code("advice", number % 2 == 0, "live") for number in range(81, 89)}
LIVE_CODES = {code: said for code, said in CODES.items() if said.kind == "live" and said.account != "advice"}
CODE_OF = {(said.account, said.debit, said.kind): code for code, said in CODES.items() if said.account != "advice"}
RETURNED = {
    code: CODE_OF[said.account, said.debit, "returned"] for code, said in CODES.items() if said.account != "advice"
}


def said(code: str) -> Code:
    """What a code says; of one that there is not (a bank's own), by its last digit."""
    return CODES.get(code) or Code("", code[1:] >= "5", "live")


# --- entry classes --------------------------------------------------------------------------------


class Sec(NamedTuple):
    """One standard entry class: what its entries may be."""

    title: str
    layout: str
    debits: bool
    credits: bool
    zero: bool  # zero-dollar entries
    always_zero: bool = False  # no entry of it moves money
    addenda: tuple[str, ...] = ()  # types of forward entries
    addenda_max: int = 0
    addenda_min: int = 0
    name_needed: bool = False
    ceiling_cents: int = 0


_IAT = tuple(str(number) for number in range(10, 19))
SECS: dict[str, Sec] = {
    "PPD": Sec("prearranged payment or deposit", "entry", True, True, False, False, ("05",), 1, 0, True),
    "CCD": Sec("corporate credit or debit", "entry", True, True, True, False, ("05",), 1, 0, True),
    "CTX": Sec("corporate trade exchange", "entry_counted", True, True, True, False, ("05",), 9999),
    "WEB": Sec("internet and mobile", "entry_web", True, True, False, False, ("05",), 1, 0, True),
    "TEL": Sec("telephone", "entry_web", True, False, False, name_needed=True),
    "IAT": Sec("international", "entry_iat", True, True, True, False, _IAT, 14, 7),
    "COR": Sec("notification of change", "entry", True, True, True, True, ("98",), 1, 1),
    "ADV": Sec("automated accounting advice", "entry_adv", True, True, True),
    "ARC": Sec("accounts receivable check", "entry_check", True, False, False, ceiling_cents=2_500_000),
    "BOC": Sec("back office conversion", "entry_check", True, False, False, ceiling_cents=2_500_000),
    "POP": Sec("point of purchase", "entry_pop", True, False, False, ceiling_cents=2_500_000),
    "RCK": Sec("re-presented check", "entry_check", True, False, False, name_needed=True, ceiling_cents=250_000),
    "XCK": Sec("destroyed check", "entry_truncated", True, False, False, ceiling_cents=250_000),
    "TRC": Sec("truncated check", "entry_truncated", True, False, False),
    "TRX": Sec("truncated checks exchange", "entry_counted", True, False, False, False, ("05",), 9999),
    "CIE": Sec("customer initiated", "entry_name_first", False, True, False, False, ("05",), 1, 0, True),
    "MTE": Sec("machine transfer", "entry_name_first", True, True, False, False, ("02",), 1, 1, True),
    "POS": Sec("point of sale", "entry_pos", True, True, False, False, ("02",), 1, 1, True),
    "SHR": Sec("shared network", "entry_shr", True, True, False, False, ("02",), 1, 1),
    "DNE": Sec("death notification", "entry", False, True, True, True, ("05",), 1, 1, True),
    "ENR": Sec("automated enrolment", "entry_counted", False, True, True, True, ("05",), 9999, 1),
    "ACK": Sec("acknowledgement of CCD", "entry", False, True, True, True, ("05",), 1, 0, True),
    "ATX": Sec("acknowledgement of CTX", "entry_counted", False, True, True, True, ("05",), 9999),
}
PLAIN = ("PPD", "CCD", "WEB", "TEL")  # nearly all entries there are: read in runs, see `fast`
MICRO = "ACCTVERIFY"  # entry description of micro-entries
REVERSAL = "REVERSAL"
IAT_TYPES = frozenset(
    "ANN BUS DEP LOA MIS MOR PEN REM RLS SAL TAX ARC BOC CIE CCD CTX MTE POP POS PPD RCK SHR TEL WEB".split()
)
CARD_TYPES = frozenset(("01", "02", "03", "11", "12", "13", "21", "99"))
STATES = frozenset(
    (
        "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR"
        " PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI UM FM MH PW AA AE AP"
    ).split()
)


def entry_layout(sec: str, line: str) -> Layout:
    """The layout of an entry. Enrolments stand with and without a count of addenda."""
    known = SECS.get(sec)
    if known is None or (sec == "ENR" and not line[54:58].isdecimal()):
        return tables.ENTRY
    return tables.LAYOUTS[known.layout]


# --- returns and changes --------------------------------------------------------------------------


class Return(NamedTuple):
    """A return code: its title, the ISO 20022 reason, and the deadline in banking days (or calendar days)."""

    title: str
    reason: str
    days: int = 2
    calendar: bool = False


RETURNS: dict[str, Return] = {
    "R01": Return("INSUFFICIENT FUNDS", "AM04"),
    "R02": Return("ACCOUNT CLOSED", "AC04"),
    "R03": Return("NO ACCOUNT/UNABLE TO LOCATE", "AC01"),
    "R04": Return("INVALID ACCOUNT NUMBER", "AC01"),
    "R05": Return("UNAUTHORIZED, CORPORATE CODE", "AG01", 60, True),
    "R06": Return("RETURNED AT REQUEST OF ODFI", "FOCR"),
    "R07": Return("AUTHORIZATION REVOKED", "MD01", 60, True),
    "R08": Return("PAYMENT STOPPED", "SP01"),
    "R09": Return("UNCOLLECTED FUNDS", "AM04"),
    "R10": Return("ORIGINATOR NOT AUTHORIZED", "MD01", 60, True),
    "R11": Return("NOT IN LINE WITH AUTHORIZATION", "MD05", 60, True),
    "R12": Return("ACCOUNT SOLD TO ANOTHER BANK", "AC15"),
    "R13": Return("RDFI NOT QUALIFIED", "RC04"),
    "R14": Return("REPRESENTATIVE PAYEE DECEASED", "MD07"),
    "R15": Return("BENEFICIARY DECEASED", "MD07"),
    "R16": Return("ACCOUNT FROZEN", "AC06"),
    "R17": Return("FILE RECORD EDIT CRITERIA", "NARR"),
    "R18": Return("IMPROPER EFFECTIVE DATE", "DT01"),
    "R19": Return("AMOUNT FIELD ERROR", "AM09"),
    "R20": Return("NON-TRANSACTION ACCOUNT", "AG01"),
    "R21": Return("INVALID COMPANY ID", "BE16"),
    "R22": Return("INVALID INDIVIDUAL ID", "BE17"),
    "R23": Return("CREDIT REFUSED BY RECEIVER", "MS02"),
    "R24": Return("DUPLICATE ENTRY", "AM05"),
    "R25": Return("ADDENDA ERROR", "RR07"),
    "R26": Return("MANDATORY FIELD ERROR", "NARR"),
    "R27": Return("TRACE NUMBER ERROR", "RF01"),
    "R28": Return("ROUTING CHECK DIGIT ERROR", "RC01"),
    "R29": Return("CORPORATE NOT AUTHORIZED", "MD01"),
    "R30": Return("NOT IN CHECK TRUNCATION", "AG01"),
    "R31": Return("PERMISSIBLE RETURN", "MD06"),
    "R32": Return("RDFI NON-SETTLEMENT", "ED05"),
    "R33": Return("RETURN OF XCK", "MS03", 60, True),
    "R34": Return("LIMITED PARTICIPATION", "AG01"),
    "R35": Return("IMPROPER DEBIT", "AG01"),
    "R36": Return("IMPROPER CREDIT", "AG01"),
    "R37": Return("SOURCE DOCUMENT PRESENTED", "NARR", 60, True),
    "R38": Return("STOP ON SOURCE DOCUMENT", "NARR", 60, True),
    "R39": Return("IMPROPER SOURCE DOCUMENT", "NARR"),
    "R40": Return("ENR RETURNED BY AGENCY", "NARR"),
    "R41": Return("ENR TRANSACTION CODE", "NARR"),
    "R42": Return("ENR ROUTING OR CHECK DIGIT", "NARR"),
    "R43": Return("ENR ACCOUNT NUMBER", "NARR"),
    "R44": Return("ENR INDIVIDUAL ID", "NARR"),
    "R45": Return("ENR NAME", "NARR"),
    "R46": Return("ENR PAYEE INDICATOR", "NARR"),
    "R47": Return("ENR DUPLICATE", "NARR"),
    "R50": Return("STATE LAW AFFECTING RCK", "NARR"),
    "R51": Return("RCK ITEM INELIGIBLE", "NARR", 60, True),
    "R52": Return("STOP ON RCK ITEM", "NARR", 60, True),
    "R53": Return("RCK ITEM AND ENTRY PRESENTED", "NARR", 60, True),
    "R61": Return("MISROUTED RETURN", "NARR", 5),
    "R62": Return("ERRONEOUS OR REVERSING DEBIT", "NARR", 5),
    "R67": Return("DUPLICATE RETURN", "NARR", 5),
    "R68": Return("UNTIMELY RETURN", "NARR", 5),
    "R69": Return("FIELD ERROR", "NARR", 5),
    "R70": Return("RETURN NOT REQUESTED", "NARR", 5),
    "R71": Return("MISROUTED DISHONORED RETURN", "NARR"),
    "R72": Return("UNTIMELY DISHONORED RETURN", "NARR"),
    "R73": Return("TIMELY ORIGINAL RETURN", "NARR"),
    "R74": Return("CORRECTED RETURN", "NARR"),
    "R75": Return("RETURN NOT A DUPLICATE", "NARR"),
    "R76": Return("NO ERRORS FOUND", "NARR"),
    "R77": Return("R62 NOT ACCEPTED", "NARR"),
    "R80": Return("IAT CODING ERROR", "NARR"),
    "R81": Return("NOT IN IAT PROGRAM", "NARR"),
    "R82": Return("INVALID FOREIGN RDFI", "RC04"),
    "R83": Return("FOREIGN RDFI NON-SETTLEMENT", "ED05"),
    "R84": Return("NOT PROCESSED BY GATEWAY", "MS03"),
    "R85": Return("INCORRECTLY CODED OUTBOUND IAT", "NARR"),
    "R90": Return("SANCTIONS OBLIGATIONS", "RR04"),
}
DISHONORED = frozenset(("R61", "R62", "R67", "R68", "R69", "R70"))
CONTESTED = frozenset(("R71", "R72", "R73", "R74", "R75", "R76", "R77"))
RETURN_CODES = frozenset(RETURNS)

# ISO 20022 reason -> the return code that says the same.
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


class Change(NamedTuple):
    """A change code: its title, and the corrected data as fields (name, from, length) of positions 36 to 64."""

    title: str
    parts: tuple[tuple[str, int, int], ...] = ()


CHANGES: dict[str, Change] = {
    "C01": Change("incorrect account number", (("account_number", 0, 17),)),
    "C02": Change("incorrect routing number", (("routing_number", 0, 9),)),
    "C03": Change("incorrect routing and account number", (("routing_number", 0, 9), ("account_number", 12, 17))),
    "C04": Change("incorrect name", (("name", 0, 22),)),
    "C05": Change("incorrect transaction code", (("transaction_code", 0, 2),)),
    "C06": Change(
        "incorrect account number and transaction code", (("account_number", 0, 17), ("transaction_code", 20, 2))
    ),
    "C07": Change(
        "incorrect routing, account number and transaction code",
        (("routing_number", 0, 9), ("account_number", 9, 17), ("transaction_code", 26, 2)),
    ),
    "C08": Change("incorrect foreign receiving bank", (("foreign_bank", 0, 34),)),
    "C09": Change("incorrect individual identification", (("individual_id", 0, 22),)),
    "C13": Change("addenda format error"),
    "C14": Change("should have been IAT"),
}  # fmt: skip
REFUSED_CHANGES = {
    "C61": "misrouted notification of change",
    "C62": "incorrect trace number",
    "C63": "incorrect company identification",
    "C64": "incorrect individual identification",
    "C65": "incorrectly formatted corrected data",
    "C66": "incorrect discretionary data",
    "C67": "routing number not from the original entry",
    "C68": "account number not from the original entry",
    "C69": "incorrect transaction code",
}
CHANGE_CODES = frozenset(CHANGES) | frozenset(REFUSED_CHANGES)


def addenda_layout(line: str, international: bool) -> Layout | None:
    """The layout of an addenda record; None when its type is none."""
    kind, code = line[1:3], line[3:6]
    if kind == "99":
        if code in DISHONORED:
            return tables.ADDENDA_99_DISHONORED
        if code in CONTESTED:
            return tables.ADDENDA_99_CONTESTED
        return tables.ADDENDA_99_IAT if international else tables.ADDENDA_99
    if kind == "98":
        if code in REFUSED_CHANGES:
            return tables.ADDENDA_98_REFUSED
        return tables.ADDENDA_98_IAT if international else tables.ADDENDA_98
    return tables.LAYOUTS.get(f"addenda_{kind}")


def international(batch_header: str) -> bool:
    """Whether a batch header has the layout of IAT."""
    return batch_header[50:53] == "IAT" or batch_header[4:10] == "IATCOR"


def corrected(code: str, data: str) -> dict[str, str]:
    """Corrected data by the fields that a change code corrects; what cannot be told apart under `data`."""
    parts = CHANGES[code].parts if code in CHANGES else ()
    found = {name: data[at : at + length].strip() for name, at, length in parts}
    return {name: value for name, value in found.items() if value} or ({"data": data.strip()} if data.strip() else {})


def correction(code: str, values: dict[str, str]) -> str:
    """The corrected data of a change code, printed for positions 36 to 64; the other way round of `corrected`."""
    parts = CHANGES[code].parts if code in CHANGES else ()
    printed = ""
    for name, at, length in parts:
        printed = printed.ljust(at) + values.get(name, "")[:length].ljust(length)
    return printed or values.get("data", "")


def routing_check_digit(eight: str) -> str:
    """The ninth digit of a routing number: weights 3 7 1."""
    total = sum(int(digit) * weight for digit, weight in zip(eight, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return str(-total % 10)
