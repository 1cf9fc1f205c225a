"""One small valid ACH file of every entry class, and of every kind of return and change: all names are fictional.

Made with the format's own builders from entries printed here; what they hold is asserted by the tests of the format.
"""

from __future__ import annotations

from functools import cache

from gateway.formats.ach import builders, tables
from gateway.formats.ach.batches import Item, RawFile, file_header, grouped, put_together, record
from gateway.formats.ach.codes import SECS, routing_check_digit
from gateway.formats.ach.tables import Layout

OURS = "091000019"
THEIRS = "12104288"
NOW_NS = 1_795_428_000_000_000_000  # 23 November 2026
ABROAD = {
    "transaction_type": "BUS",
    "foreign_amount_cents": "000000000000012500",
    "foreign_trace": "FT-1",
    "receiver_name": "ALMA FICTIVE",
    "originator_name": "PRAIRIE TOOLS",
    "originator_street": "1 PIER STREET",
    "originator_city_state": "TORONTO*ON\\",
    "originator_country_postcode": "CA*M5V1A1\\",
    "odfi_name": "MAPLE BANK",
    "odfi_id_qualifier": "02",
    "odfi_id": "MAPLCATTXXX",
    "odfi_branch_country": "CA",
    "rdfi_name": "HARBOR BANK",
    "rdfi_id_qualifier": "01",
    "rdfi_id": "091000019",
    "rdfi_branch_country": "US",
    "receiver_id": "R-77",
    "receiver_street": "9 DOCK ROAD",
    "receiver_city_state": "PORTLAND*ME\\",
    "receiver_country_postcode": "US*04101\\",
    "correspondent_name": "NORTHERN CORRESPONDENT",
    "correspondent_id_qualifier": "01",
    "correspondent_id": "00312",
    "correspondent_branch_country": "CA",
}
FIELDS = {
    "individual_id": "EMP-7",
    "individual_name": "ALMA FICTIVE",
    "account_number": "1000001",
    "check_serial_number": "100017",
    "terminal_city": "PORT",
    "terminal_state": "ME",
    "card_expiration": "0928",
    "document_reference": "77001",
    "card_account_number": "4000123",
    "card_transaction_type": "01",
    "process_control": "PC1",
    "item_research_number": "ITEM-9",
    "payment_type": "S",
    "advice_routing_number": "121042882",
    "file_identification": "11131",
    "adv_routing_number": "01100001",
    "julian_day": "050",
    "reference_1": "REF0001",
    "terminal_id": "T00001",
    "transaction_serial": "000123",
    "transaction_date": "1123",
    "authorization": "A77",
    "terminal_location": "HARBOR MARKET",
    "payment_information": "INVOICE 7",
}
CODES = {
    "CIE": "22",
    "DNE": "23",
    "ENR": "23",
    "ACK": "24",
    "ATX": "24",
    "ADV": "81",
    "CTX": "22",
    "IAT": "22",
    "CCD": "22",
}
DESCRIPTIONS = {"RCK": "REDEPCHECK", "ENR": "AUTOENROLL"}


def item(sec: str, sequence: int, trace_of: str = THEIRS) -> Item:
    """One entry of a class, with the addenda that the class has."""
    known = SECS[sec]
    abroad = sec == "IAT"
    header = record(
        tables.BATCH_HEADER_IAT if abroad else tables.BATCH_HEADER,
        {
            "service_class": "280" if sec == "ADV" else "200",
            "company_name": "PRAIRIE TOOLS",
            "company_identification": "1999999999",
            "sec_code": sec,
            "entry_description": DESCRIPTIONS.get(sec, "PAYMENT"),
            "effective_date": "" if sec == "ENR" else "261124",
            "originator_status": {"ADV": "0", "DNE": "2"}.get(sec, "1"),
            "odfi": trace_of,
            "exchange_indicator": "FF",
            "exchange_reference_indicator": "3",
            "destination_country": "US",
            "originating_currency": "CAD",
            "destination_currency": "USD",
        },
    )
    trace = f"{trace_of}{sequence:07d}"
    addenda = addenda_of(sec, trace)
    values: dict[str, str | int] = {
        **FIELDS,
        "transaction_code": CODES.get(sec, "27"),
        "rdfi": OURS[:8],
        "check_digit": OURS[8],
        "amount_cents": 0 if known.always_zero else 12_500 + sequence,
        "addenda_indicator": 1 if addenda else 0,
        "addenda_count": len(addenda),
        "trace_number": trace,
        "sequence": sequence,
    }
    return Item(header, [record(tables.LAYOUTS[known.layout], values), *addenda])


def addenda_of(sec: str, trace: str) -> list[str]:
    known = SECS[sec]
    kinds: list[str] = []
    if sec == "IAT":
        kinds = [*map(str, range(10, 17)), "17", "18"]
    elif known.addenda_max > 1:
        kinds = ["05", "05"]
    elif known.addenda:
        kinds = [known.addenda[0]]
    lines = []
    for place, kind in enumerate(kinds):
        layout: Layout = tables.LAYOUTS[f"addenda_{kind}"]
        sequence = kinds[: place + 1].count(kind)
        values = {**FIELDS, **ABROAD, "sequence": sequence, "entry_sequence": trace[-7:], "trace_number": trace}
        lines.append(record(layout, values))
    return lines


def file(items: list[Item], modifier: str = "A") -> bytes:
    """A file of entries, from the sending bank to ours."""
    header = file_header(OURS, THEIRS + routing_check_digit(THEIRS), ("HARBOR BANK", "PRAIRIE BANK"), NOW_NS, modifier)
    return put_together(RawFile(header, grouped(items)))


def entries(sec: str, count: int = 3) -> list[Item]:
    return [item(sec, sequence) for sequence in range(1, count + 1)]


@cache
def every_kind() -> dict[str, bytes]:
    """A file of each class, and of what comes back."""
    found = {sec: file(entries(sec)) for sec in SECS if sec != "COR"}
    theirs = THEIRS + routing_check_digit(THEIRS)
    sent = entries("PPD")
    returns = [builders.returned(one, "R03", OURS, n) for n, one in enumerate(sent, 1)]
    dishonored = [builders.dishonored(one, "R68", theirs, n) for n, one in enumerate(returns, 1)]
    contested = [builders.contested(one, "R73", OURS, n) for n, one in enumerate(dishonored, 1)]
    changes = [builders.change(one, "C01", {"account_number": "1000009"}, OURS, n) for n, one in enumerate(sent, 1)]
    refused = [builders.change_refused(one, "C68", theirs, n) for n, one in enumerate(changes, 1)]
    abroad = [builders.returned(one, "R04", OURS, n) for n, one in enumerate(entries("IAT"), 1)]
    found |= {"return": file(returns), "dishonored": file(dishonored), "contested": file(contested)}
    found |= {"COR": file(changes), "change_refused": file(refused), "IAT return": file(abroad)}
    found["IATCOR"] = file(
        [builders.change(one, "C01", {"account_number": "9"}, OURS, n) for n, one in enumerate(entries("IAT"), 1)]
    )
    found["reversal"] = file([builders.reversal(one, n) for n, one in enumerate(sent, 1)])
    found["prenote"] = file([builders.prenote(one, n) for n, one in enumerate(sent, 1)])
    found["ACK built"] = file(
        [builders.acknowledgement(one, OURS, n, "777") for n, one in enumerate(entries("CCD"), 1)]
    )
    found["ATX built"] = file(
        [builders.acknowledgement(one, OURS, n, "777") for n, one in enumerate(entries("CTX"), 1)]
    )
    return found
