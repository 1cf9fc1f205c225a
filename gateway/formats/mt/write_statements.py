"""Writing statements: MT 900, 910, 940, 941, 942 and 950, in pages whose balances prove.

Strategy: entries become fields 61 and 86 one by one; pages are filled up to what a FIN message may hold, and each
page's closing balance is reckoned from its opening one. What is lost is not guessed: the messages are read again and
every text of the record is looked for in what was read (`statement_losses`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from gateway.formats.mt import blocks, confirmations, entry_codes, read, statement_losses, text, write_narrative
from gateway.formats.mt.confirmations import account_field, moment, six
from gateway.formats.mt.details import POINTERS
from gateway.formats.mt.fields import amount_text, field
from gateway.formats.mt.write import terminal
from gateway.model import Balance, Entry, Money, Record, Refusal, Statement
from gateway.ports import Fit, Frame, Writing

TYPES = ("MT900", "MT910", "MT940", "MT941", "MT942", "MT950")
CHARACTERS_MAX = 2_000  # of the text block of a FIN message
SUFFIX, MEDIA = ".fin", "application/x-fin"
KINDS = {"MT900": "notification", "MT910": "notification", "MT940": "statement", "MT950": "statement"} | {
    "MT941": "report",
    "MT942": "report",
}
_TRIAL = Writing("TRIAL", 0, "TRIAUS33XXX", "TRIBUS33XXX")

Lines = list[tuple[str, str]]


class Account(Struct, frozen=True):
    """The two balances that the pages lie between, positive or negative."""

    opening: int
    closing: int
    date: str
    opened: str
    currency: str


# --- fit and encode -----------------------------------------------------------------------------


def fit(record: Record, type: str) -> Fit:
    """What the messages would lose, or why there can be none."""
    refusal = unfit(record, type)
    if refusal is not None or not isinstance(record, Statement):
        return Fit(refusal)
    again = []
    for written in messages(record, type, _TRIAL):
        parsed = blocks.parse(written)
        if isinstance(parsed, str):
            return Fit(_refusal(record, "unfit", "message", parsed))
        [one] = read.records_of(parsed, "")[0]
        if not isinstance(one, Statement):
            assert isinstance(one, Refusal), "a statement is read as one"
            return Fit(structs.replace(one, extra=(), record=record.id))
        again.append(one)
    return Fit(losses=tuple(statement_losses.losses(record, again, type)))


def encode(records: Sequence[Record], type: str, writing: Writing) -> Frame:
    """Messages one after the other, apart by CRLF."""
    found = [one for record in records if isinstance(record, Statement) for one in messages(record, type, writing)]
    return Frame("\r\n".join(found).encode("latin-1"), type, SUFFIX, MEDIA, writing.message_id)


def unfit(record: Record, type: str) -> Refusal | None:
    """Why a record cannot be written as this type; None when it can."""
    if not isinstance(record, Statement) or record.kind != KINDS[type]:
        said = getattr(record, "kind", "record").replace("_", " ")
        return Refusal("wrong-kind", "FF01", "kind", f"{type} carries no {said}")
    if not 0 < len(text.plain(record.account.id)) <= 35:
        return _refusal(record, "account-unfit", "account", "an account has 1 to 35 characters", "AC01")
    if type in ("MT900", "MT910"):
        if not confirmations.chosen(record, type):
            side = "credit" if type == "MT910" else "debit"
            return _refusal(record, "missing-entry", "entries", f"{type} tells of a {side}, and there is none")
        return None
    if any(one.amount.currency != _currency(record) for one in record.entries):
        return _refusal(record, "currencies-differ", "entries", "all entries are in the account's currency")
    if type == "MT942":
        return None
    named = {one.type for one in record.balances}
    if type == "MT941":
        known = "CLBD" in named or "ITBD" in named
        return None if known else _refusal(record, "missing-balance", "balances", "MT941 needs a closing balance")
    return _unproven(record)


def _unproven(record: Statement) -> Refusal | None:
    opening, closing = _opening(record), _of(record, "CLBD")
    if opening is None and closing is None:
        return _refusal(record, "missing-balance", "balances", "an opening or a closing balance is needed")
    if opening is None or closing is None or _signed(opening) + _moved(record.entries) == _signed(closing):
        return None
    sentence = "opening balance and entries do not make the closing balance"
    return _refusal(record, "unproven-balance", "balances", sentence, "AM12")


def _refusal(record: Statement, code: str, place: str, sentence: str, reason: str = "FF01") -> Refusal:
    return Refusal(code, reason, place, sentence, record.id)


# --- messages -----------------------------------------------------------------------------------


def messages(record: Statement, type: str, writing: Writing) -> list[str]:
    """The messages of one record: a page each, of confirmations an entry each."""
    sender = writing.sender or (record.servicer.bic if record.servicer is not None else "")
    receiver = writing.receiver or (record.owner.bic if record.owner is not None else "") or sender
    head = f"{{1:F01{terminal(sender or receiver, 'A')}0000000000}}{{2:I{type[2:]}{terminal(receiver, 'X')}N}}"
    if type in ("MT900", "MT910"):
        bodies = [
            f"{confirmations.user(entry)}{{4:{_text(confirmations.body(record, entry, type, _now(writing)))}"
            for entry in confirmations.chosen(record, type)
        ]
    elif type == "MT941":
        bodies = ["{4:" + _text(_balance_report(record))]
    elif type == "MT942":
        bodies = ["{4:" + _text(body) for body in _interim(record, writing)]
    else:
        bodies = ["{4:" + _text(body) for body in _pages(record, type, _now(writing))]
    return [f"{head}{body}\r\n-}}" for body in bodies]


def _now(writing: Writing) -> str:
    return datetime.fromtimestamp(writing.now_ns / 1e9, UTC).isoformat(timespec="minutes")


def _text(body: Lines) -> str:
    return "".join(f"\r\n:{tag}:{value}" for tag, value in body)


def _pages(record: Statement, type: str, today: str) -> Iterator[Lines]:
    """940 and 950: every page between its two balances."""
    account = _account(record)
    tail = [] if type == "MT950" else field("86", _block(record.information))
    rest = [("64", _balance(one)) for one in record.balances if one.type == "CLAV"][:1]
    rest += [("65", _balance(one)) for one in record.balances if one.type == "FWAV" and type == "MT940"]
    head = _head(record, type)
    groups = _grouped(record, type, account.date or today, len(_text(head)) + 90, len(_text([*rest, *tail])))
    balance, first = account.opening, _page_number(record)
    continued = any(one.type == "OPBD" and one.subtype for one in record.balances)
    for place, group in enumerate(groups):
        last = place == len(groups) - 1
        opening = ("60M" if place or continued else "60F", _figures(balance, account, not place))
        balance += sum(moved for moved, _ in group)
        closing = ("62F" if last and record.last_page else "62M", _figures(balance, account, False))
        lines = [line for _, written in group for line in written]
        number = ("28C", _number(record, first + place if place or len(groups) > 1 or record.page else 0))
        yield [*head, number, opening, *lines, closing, *(rest + tail if last else [])]


def _interim(record: Statement, writing: Writing) -> Iterator[Lines]:
    """942: floor limits, the time, entries, their sums."""
    currency = _currency(record)
    floors = [("34F", limit.currency + side + amount_text(limit)[3:]) for limit, side in record.floors]
    made = record.created or _now(writing)
    head, sums = _head(record, "MT942"), _sums(record)
    between = [*(floors or [("34F", f"{currency}0,")]), ("13D", moment(made))]
    tail = [*sums, *field("86", _block(record.information))]
    groups = _grouped(record, "MT942", made, len(_text([*head, *between])) + 20, len(_text(tail)))
    first = _page_number(record)
    for place, group in enumerate(groups):
        number = ("28C", _number(record, first + place if place or len(groups) > 1 or record.page else 0))
        lines = [line for _, written in group for line in written]
        yield [*head, number, *between, *lines, *(tail if place == len(groups) - 1 else [])]


def _balance_report(record: Statement) -> Lines:
    """941: balances alone."""
    closing = _of(record, "CLBD") or _of(record, "ITBD")
    assert closing is not None, "unfit asks for one"
    opening = _opening(record)
    number = _number(record, _page_number(record) if record.page else 0, 99)
    body = [*_head(record, "MT941"), ("28", number)]
    body += [("13D", moment(record.created))] if record.created else []
    body += [("60F", _balance(opening))] if opening is not None else []
    body += [*_sums(record), ("62F", _balance(closing))]
    body += [("64", _balance(one)) for one in record.balances if one.type == "CLAV"][:1]
    body += [("65", _balance(one)) for one in record.balances if one.type == "FWAV"]
    return body + field("86", _block(record.information))


def _grouped(record: Statement, type: str, date: str, head: int, tail: int) -> list[list[tuple[int, Lines]]]:
    """Entries by page: as many as there is room for; what stands at the end is kept free on every page."""
    room = CHARACTERS_MAX - head - tail - 40
    groups: list[list[tuple[int, Lines]]] = [[]]
    used = 0
    for entry in record.entries:
        written = entry_lines(entry, type, date)
        size = len(_text(written))
        if groups[-1] and used + size > room:
            groups.append([])
            used = 0
        groups[-1].append((_moved((entry,)), written))
        used += size
    return groups


# --- entries ------------------------------------------------------------------------------------


def entry_lines(entry: Entry, type: str, date: str) -> Lines:
    """Fields 61 and 86; `date` is the value date of an entry that says none."""
    known = write_narrative.told(entry)
    reference = owner_reference(entry, known)
    value = six(entry.value_date or entry.booking_date or date)
    booked = six(entry.booking_date)[2:]
    plain = entry.credit != entry.reversal
    mark = ("E" if entry.status != "BOOK" else "R" if entry.reversal else "") + "DC"[plain]
    funds = entry.funds_code if len(entry.funds_code) == 1 and entry.funds_code.isalpha() else ""
    code = entry_codes.code(entry.proprietary_code, (entry.domain, entry.family, entry.subfamily))
    servicer = text.cut(text.plain(entry.servicer_reference).strip(), 16).replace("//", "/.")
    line = f"{value}{booked}{mark}{funds}{amount_text(entry.amount)[3:]}{code}{reference}"
    line += f"//{servicer}" if servicer else ""
    more = text.cut(text.plain(entry.supplementary.replace("\n", " ")).strip(), 34)
    more = "." + more[1:] if more[:1] in (":", "-") else more
    found = [("61", f"{line}\r\n{more}" if more else line)]
    if type != "MT950":
        found += field("86", write_narrative.lines(entry, known, reference))
    return found


def owner_reference(entry: Entry, known: dict[str, object]) -> str:
    """Subfield 7: the owner's reference, or the one of the detail that field 86 does not tell."""
    own = entry.owner_reference
    if not own and len(entry.details) == 1:
        one = entry.details[0]
        instruction = "" if one.instruction_id == known.get("instruction_id") else one.instruction_id
        plain = "" if one.end_to_end_id in (known.get("end_to_end_id"), "NOTPROVIDED") else one.end_to_end_id
        own = next((word for word in (instruction, plain) if word and len(word) <= 16), "")
    own = text.plain(own).strip()
    if not own or own in POINTERS:
        return own or "NONREF"
    return text.cut(own.replace("//", "/.").lstrip("/") or "NONREF", 16)


# --- fields -------------------------------------------------------------------------------------


def _head(record: Statement, type: str) -> Lines:
    """20, 21 and 25."""
    body = [("20", text.reference(record.id) or "NONREF")]
    if record.related_id and type != "MT950":
        body.append(("21", text.reference(record.related_id)))
    return [*body, account_field(record)]


def _block(information: tuple[str, ...]) -> list[str]:
    lines = [text.plain(line) for line in "\n".join(information).split("\n")]
    if len(lines) <= 6 and all(len(line) <= 65 and line[:1] not in (":", "-") for line in lines):
        return [line for line in lines if line.strip()]
    return write_narrative.wrapped("".join(lines))


def _number(record: Statement, page: int, most: int = 99_999) -> str:
    """28C: number of the statement and, where there is one, of the page."""
    own = record.legal_number or record.electronic_number
    number = own[-5:] if own.isascii() and own.isdigit() else "1"
    if not page:
        return number
    return f"{number}/{record.page if str(page) == record.page.lstrip('0') else min(page, most)}"


def _page_number(record: Statement) -> int:
    return int(record.page) if record.page.isascii() and record.page.isdigit() and len(record.page) <= 5 else 1


def _sums(record: Statement) -> Lines:
    """90D and 90C, as the statement has them."""
    said, found = dict(record.totals), []
    for tag, name in (("90D", "TtlDbtNtries"), ("90C", "TtlCdtNtries")):
        count = said.get(f"{name}/NbOfNtries", "")
        total = Money.parse(_currency(record), said.get(f"{name}/Sum", ""))
        if count.isdecimal() and len(count) <= 5 and total is not None:
            found.append((tag, count + amount_text(total)))
    return found


# --- balances -----------------------------------------------------------------------------------


def _of(record: Statement, type: str) -> Balance | None:
    return next((one for one in record.balances if one.type == type), None)


def _opening(record: Statement) -> Balance | None:
    """The opening balance, or the one that the statement before closed with."""
    return _of(record, "OPBD") or _of(record, "PRCD")


def _currency(record: Statement) -> str:
    if record.balances:
        return record.balances[0].amount.currency
    return record.account.currency or (record.entries[0].amount.currency if record.entries else "XXX")


def _account(record: Statement) -> Account:
    opening, closing = _opening(record), _of(record, "CLBD")
    moved = _moved(record.entries)
    start = _signed(opening) if opening is not None else _signed(closing) - moved
    date = closing.date if closing is not None else opening.date if opening is not None else ""
    opened = opening.date if opening is not None else date
    return Account(start, start + moved, date, opened, _currency(record))


def _signed(balance: Balance | None) -> int:
    assert balance is not None, "one of the two balances is there"
    return balance.amount.minor if balance.credit else -balance.amount.minor


def _moved(entries: Sequence[Entry]) -> int:
    """What booked entries come to."""
    return sum(one.amount.minor if one.credit else -one.amount.minor for one in entries if one.status == "BOOK")


def _figures(minor: int, account: Account, opening: bool) -> str:
    date = six(account.opened if opening else account.date)
    return f"{'C' if minor >= 0 else 'D'}{date}{amount_text(Money(account.currency, abs(minor)))}"


def _balance(one: Balance) -> str:
    return f"{'C' if one.credit else 'D'}{six(one.date)}{amount_text(one.amount)}"
