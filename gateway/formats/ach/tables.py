"""NACHA records, printed as the rule book prints them: field, first and last position, kind.

Kinds: `n` digits, `i` a number and `$` cents (digits too, and of JSON a number), `o` digits or blanks, `a` printable
ASCII, `r` the same but right aligned, `b` blank on origination, and fixed texts as themselves. One reader, one writer,
the JSON form, every error's columns and the documents come from these tables; which layout a record has is `layouts`'
affair, what codes mean is in `codes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

RECORD = 94
BLOCKING = 10
PADDING = "9" * RECORD
DIGITS = frozenset("ni$")  # kinds that are nothing but digits


class Column(NamedTuple):
    """A field: positions from 1, inclusive."""

    name: str
    first: int
    last: int
    kind: str

    @property
    def where(self) -> slice:
        return slice(self.first - 1, self.last)

    @property
    def width(self) -> int:
        return self.last - self.first + 1


class Layout(tuple[Column, ...]):
    """The fields of a record in their order; known by what it is, not by what it holds."""

    name: str = ""
    by: dict[str, Column]
    amount: Column  # of an entry

    def __new__(cls, columns: Iterable[Column]) -> Layout:
        made = super().__new__(cls, columns)
        made.by = {column.name: column for column in made}
        made.amount = made.by.get("amount_cents", made[0])
        return made

    __hash__ = object.__hash__  # the hash of its columns would be computed each time that it is looked up


def _table(printed: str) -> Layout:
    """`name first last kind` a line; a field of one position needs no last. Without a gap, and 94 wide."""
    columns = []
    for line in printed.strip().splitlines():
        name, positions, kind = line.split()
        first, _, last = positions.partition("-")
        columns.append(Column(name, int(first), int(last or first), kind))
    starts = [column.first for column in columns]
    assert starts == [1, *(column.last + 1 for column in columns[:-1])], f"a gap in the table of {columns[0]}"
    assert columns[-1].last == RECORD, f"the table of {columns[0]} is not as wide as a record"
    return Layout(columns)


FILE_HEADER = _table("""
    record_type             1       1
    priority_code           2-3     01
    immediate_destination   4-13    r
    immediate_origin        14-23   r
    creation_date           24-29   n
    creation_time           30-33   o
    file_id_modifier        34      a
    record_size             35-37   094
    blocking_factor         38-39   10
    format_code             40      1
    destination_name        41-63   a
    origin_name             64-86   a
    reference_code          87-94   a
""")
_BATCH_HEADER_END = """
    effective_date          70-75   a
    settlement_date         76-78   b
    originator_status       79      a
    odfi                    80-87   n
    batch_number            88-94   n
"""
BATCH_HEADER = _table(f"""
    record_type                 1       5
    service_class               2-4     n
    company_name                5-20    a
    company_discretionary_data  21-40   a
    company_identification      41-50   a
    sec_code                    51-53   a
    entry_description           54-63   a
    descriptive_date            64-69   a
    {_BATCH_HEADER_END.strip()}
""")
BATCH_HEADER_IAT = _table(f"""
    record_type                   1       5
    service_class                 2-4     n
    iat_indicator                 5-20    a
    exchange_indicator            21-22   a
    exchange_reference_indicator  23      a
    exchange_reference            24-38   a
    destination_country           39-40   a
    company_identification        41-50   a
    sec_code                      51-53   a
    entry_description             54-63   a
    originating_currency          64-66   a
    destination_currency          67-69   a
    {_BATCH_HEADER_END.strip()}
""")
_ENTRY_HEAD = """
    record_type        1       6
    transaction_code   2-3     n
    rdfi               4-11    n
    check_digit        12      n
    account_number     13-29   a
    amount_cents       30-39   $
"""
_ENTRY_END = """
    addenda_indicator  79      n
    trace_number       80-94   n
"""


def _entry(middle: str) -> Layout:
    """An entry whose positions 40 to 78 are its class's own."""
    return _table("\n".join((_ENTRY_HEAD.strip(), middle.strip(), _ENTRY_END.strip())))


ENTRY = _entry("""
    individual_id       40-54   a
    individual_name     55-76   a
    discretionary_data  77-78   a
""")
ENTRY_WEB = _entry("""
    individual_id       40-54   a
    individual_name     55-76   a
    payment_type        77-78   a
""")
ENTRY_COUNTED = _entry("""
    individual_id       40-54   a
    addenda_count       55-58   i
    individual_name     59-74   a
    reserved            75-76   b
    discretionary_data  77-78   a
""")
ENTRY_CHECK = _entry("""
    check_serial_number  40-54   a
    individual_name      55-76   a
    discretionary_data   77-78   a
""")
ENTRY_POP = _entry("""
    check_serial_number  40-48   a
    terminal_city        49-52   a
    terminal_state       53-54   a
    individual_name      55-76   a
    discretionary_data   77-78   a
""")
ENTRY_NAME_FIRST = _entry("""
    individual_name     40-54   a
    individual_id       55-76   a
    discretionary_data  77-78   a
""")
ENTRY_SHR = _entry("""
    card_expiration        40-43   a
    document_reference     44-54   a
    card_account_number    55-76   a
    card_transaction_type  77-78   a
""")
ENTRY_POS = _entry("""
    individual_id          40-54   a
    individual_name        55-76   a
    card_transaction_type  77-78   a
""")
ENTRY_TRUNCATED = _entry("""
    check_serial_number   40-54   a
    process_control       55-60   a
    item_research_number  61-76   a
    item_type             77-78   a
""")
ENTRY_IAT = _table("""
    record_type              1       6
    transaction_code         2-3     n
    rdfi                     4-11    n
    check_digit              12      n
    addenda_count            13-16   i
    reserved                 17-29   b
    amount_cents             30-39   $
    account_number           40-74   a
    reserved_2               75-76   b
    ofac_indicator           77      a
    secondary_ofac_indicator 78      a
    addenda_indicator        79      n
    trace_number             80-94   n
""")
ENTRY_ADV = _table("""
    record_type            1       6
    transaction_code       2-3     n
    rdfi                   4-11    n
    check_digit            12      n
    account_number         13-27   a
    amount_cents           28-39   $
    advice_routing_number  40-48   n
    file_identification    49-53   a
    operator_data          54      a
    individual_name        55-76   a
    discretionary_data     77-78   a
    addenda_indicator      79      n
    adv_routing_number     80-87   n
    julian_day             88-90   n
    sequence               91-94   i
""")
ADDENDA_02 = _table("""
    record_type               1       7
    addenda_type              2-3     02
    reference_1               4-10    a
    reference_2               11-13   a
    terminal_id               14-19   a
    transaction_serial        20-25   a
    transaction_date          26-29   a
    authorization             30-35   a
    terminal_location         36-62   a
    terminal_city             63-77   a
    terminal_state            78-79   a
    trace_number              80-94   n
""")
ADDENDA_05 = _table("""
    record_type          1       7
    addenda_type         2-3     05
    payment_information  4-83    a
    sequence             84-87   i
    entry_sequence       88-94   n
""")
ADDENDA_10 = _table("""
    record_type           1       7
    addenda_type          2-3     10
    transaction_type      4-6     a
    foreign_amount_cents  7-24    o
    foreign_trace         25-46   a
    receiver_name         47-81   a
    reserved              82-87   b
    entry_sequence        88-94   n
""")


def _two(type: str, first: str, second: str) -> Layout:
    """Addenda 11, 12 and 16: two texts of 35."""
    return _table(f"""
        record_type      1       7
        addenda_type     2-3     {type}
        {first}          4-38    a
        {second}         39-73   a
        reserved         74-87   b
        entry_sequence   88-94   n
    """)


def _bank(type: str, whose: str) -> Layout:
    """Addenda 13 and 14: a bank, its identification and country."""
    return _table(f"""
        record_type               1       7
        addenda_type              2-3     {type}
        {whose}_name              4-38    a
        {whose}_id_qualifier      39-40   a
        {whose}_id                41-74   a
        {whose}_branch_country    75-77   a
        reserved                  78-87   b
        entry_sequence            88-94   n
    """)


ADDENDA_11 = _two("11", "originator_name", "originator_street")
ADDENDA_12 = _two("12", "originator_city_state", "originator_country_postcode")
ADDENDA_13 = _bank("13", "odfi")
ADDENDA_14 = _bank("14", "rdfi")
ADDENDA_15 = _table("""
    record_type      1       7
    addenda_type     2-3     15
    receiver_id      4-18    a
    receiver_street  19-53   a
    reserved         54-87   b
    entry_sequence   88-94   n
""")
ADDENDA_16 = _two("16", "receiver_city_state", "receiver_country_postcode")
ADDENDA_17 = _table("""
    record_type          1       7
    addenda_type         2-3     17
    payment_information  4-83    a
    sequence             84-87   i
    entry_sequence       88-94   n
""")
ADDENDA_18 = _table("""
    record_type                   1       7
    addenda_type                  2-3     18
    correspondent_name            4-38    a
    correspondent_id_qualifier    39-40   a
    correspondent_id              41-74   a
    correspondent_branch_country  75-77   a
    reserved                      78-83   b
    sequence                      84-87   i
    entry_sequence                88-94   n
""")
ADDENDA_98 = _table("""
    record_type      1       7
    addenda_type     2-3     98
    change_code      4-6     a
    original_trace   7-21    n
    reserved         22-27   b
    original_rdfi    28-35   n
    corrected_data   36-64   a
    reserved_2       65-79   b
    trace_number     80-94   n
""")
ADDENDA_98_IAT = _table("""
    record_type      1       7
    addenda_type     2-3     98
    change_code      4-6     a
    original_trace   7-21    n
    reserved         22-27   b
    original_rdfi    28-35   n
    corrected_data   36-70   a
    reserved_2       71-79   b
    trace_number     80-94   n
""")
ADDENDA_98_REFUSED = _table("""
    record_type           1       7
    addenda_type          2-3     98
    refused_code          4-6     a
    original_trace        7-21    n
    reserved              22-27   b
    original_rdfi         28-35   n
    corrected_data        36-64   a
    change_code           65-67   a
    trace_sequence        68-74   n
    reserved_2            75-79   b
    trace_number          80-94   n
""")
ADDENDA_99 = _table("""
    record_type      1       7
    addenda_type     2-3     99
    return_code      4-6     a
    original_trace   7-21    n
    date_of_death    22-27   o
    original_rdfi    28-35   n
    information      36-79   a
    trace_number     80-94   n
""")
ADDENDA_99_IAT = _table("""
    record_type            1       7
    addenda_type           2-3     99
    return_code            4-6     a
    original_trace         7-21    n
    date_of_death          22-27   o
    original_rdfi          28-35   n
    original_amount_cents  36-45   o
    information            46-79   a
    trace_number           80-94   n
""")
ADDENDA_99_DISHONORED = _table("""
    record_type             1       7
    addenda_type            2-3     99
    dishonored_code         4-6     a
    original_trace          7-21    n
    reserved                22-27   b
    original_rdfi           28-35   n
    reserved_2              36-38   b
    return_trace            39-53   n
    return_settlement_date  54-56   o
    return_code             57-58   n
    information             59-79   a
    trace_number            80-94   n
""")
ADDENDA_99_CONTESTED = _table("""
    record_type                 1       7
    addenda_type                2-3     99
    contested_code              4-6     a
    original_trace              7-21    n
    original_returned_date      22-27   o
    original_rdfi               28-35   n
    original_settlement_date    36-38   o
    return_trace                39-53   n
    return_settlement_date      54-56   o
    return_code                 57-58   n
    dishonored_trace            59-73   n
    dishonored_settlement_date  74-76   o
    dishonored_code             77-78   n
    reserved                    79      b
    trace_number                80-94   n
""")
BATCH_CONTROL = _table("""
    record_type             1       8
    service_class           2-4     n
    count                   5-10    i
    entry_hash              11-20   i
    debits_cents            21-32   $
    credits_cents           33-44   $
    company_identification  45-54   a
    authentication_code     55-73   a
    reserved                74-79   b
    odfi                    80-87   n
    batch_number            88-94   n
""")
BATCH_CONTROL_ADV = _table("""
    record_type     1       8
    service_class   2-4     n
    count           5-10    i
    entry_hash      11-20   i
    debits_cents    21-40   $
    credits_cents   41-60   $
    operator_data   61-79   a
    odfi            80-87   n
    batch_number    88-94   n
""")
FILE_CONTROL = _table("""
    record_type    1       9
    batch_count    2-7     i
    block_count    8-13    i
    count          14-21   i
    entry_hash     22-31   i
    debits_cents   32-43   $
    credits_cents  44-55   $
    reserved       56-94   b
""")
FILE_CONTROL_ADV = _table("""
    record_type    1       9
    batch_count    2-7     i
    block_count    8-13    i
    count          14-21   i
    entry_hash     22-31   i
    debits_cents   32-51   $
    credits_cents  52-71   $
    reserved       72-94   b
""")

# Every layout by its name: what the JSON form calls a record, and what the documents list.
LAYOUTS: dict[str, Layout] = {
    "file_header": FILE_HEADER,
    "batch_header": BATCH_HEADER,
    "batch_header_iat": BATCH_HEADER_IAT,
    "entry": ENTRY,
    "entry_web": ENTRY_WEB,
    "entry_counted": ENTRY_COUNTED,
    "entry_check": ENTRY_CHECK,
    "entry_pop": ENTRY_POP,
    "entry_name_first": ENTRY_NAME_FIRST,
    "entry_shr": ENTRY_SHR,
    "entry_pos": ENTRY_POS,
    "entry_truncated": ENTRY_TRUNCATED,
    "entry_iat": ENTRY_IAT,
    "entry_adv": ENTRY_ADV,
    "addenda_02": ADDENDA_02,
    "addenda_05": ADDENDA_05,
    "addenda_10": ADDENDA_10,
    "addenda_11": ADDENDA_11,
    "addenda_12": ADDENDA_12,
    "addenda_13": ADDENDA_13,
    "addenda_14": ADDENDA_14,
    "addenda_15": ADDENDA_15,
    "addenda_16": ADDENDA_16,
    "addenda_17": ADDENDA_17,
    "addenda_18": ADDENDA_18,
    "addenda_98": ADDENDA_98,
    "addenda_98_iat": ADDENDA_98_IAT,
    "addenda_98_refused": ADDENDA_98_REFUSED,
    "addenda_99": ADDENDA_99,
    "addenda_99_iat": ADDENDA_99_IAT,
    "addenda_99_dishonored": ADDENDA_99_DISHONORED,
    "addenda_99_contested": ADDENDA_99_CONTESTED,
    "batch_control": BATCH_CONTROL,
    "batch_control_adv": BATCH_CONTROL_ADV,
    "file_control": FILE_CONTROL,
    "file_control_adv": FILE_CONTROL_ADV,
}
for _name, _layout in LAYOUTS.items():
    _layout.name = _name
MASKED = frozenset({
    "account_number", "individual_name", "card_account_number", "individual_id", "corrected_data", "receiver_name",
    "originator_name", "payment_information", "receiver_street", "originator_street", "receiver_id",
})  # fmt: skip  # values that no error repeats
