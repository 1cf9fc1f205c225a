"""A received statement against the ledger's account that mirrors it.

Strategy: what neither side had matched before is carried in the last reconciliation, which is kept under the account's
identity; a new statement brings its entries, the ledger its transfers since then. Signs are the bank's throughout.
What a statement closes with must be what the ledger holds, but for what only one side has: else the balance differs,
by an amount that no entry explains. Reports and notifications are only compared: their entries come again in a
statement.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, structs

from gateway.entries import Entries, identity, unpack_record
from gateway.model import Money, Statement, Status
from gateway.model.reconciliation import Difference, Matched, Open, Reconciliation
from gateway.planning import Source, reference
from gateway.ports import Movement
from gateway.settlement.calendars import day_begins, local_day
from gateway.statements.build import effect, record_of
from gateway.statements.matching import Pair, match, of_entry, of_record
from gateway.statements.rules import Mirror

OPEN_MAX = 10_000  # of each side, that are carried on; older ones are told and let go
BOOKED = ("BOOK", "")
CLOSINGS = ("CLBD",)
OPENINGS = ("OPBD", "PRCD")


def mirror_of(statement: Statement, mirrors: Sequence[Mirror]) -> Mirror | None:
    """The account of ours that a statement is about."""
    currency = statement_currency(statement)
    return next(
        (m for m in mirrors if m.account == statement.account.id and m.currency in ("", currency)),
        None,
    )


def statement_currency(statement: Statement) -> str:
    """Of the account, of a balance, or of an entry."""
    amounts = [*(b.amount for b in statement.balances[:1]), *(e.amount for e in statement.entries[:1])]
    return statement.account.currency or (amounts[0].currency if amounts else "")


class Sides(Struct, frozen=True):
    """What is to be brought together, and how far the ledger was read."""

    bank: tuple[Open, ...]  # carried on, then the statement's
    carried: int  # how many of them are carried on
    places: tuple[str, ...]  # of the statement's
    ledger: tuple[Open, ...]
    transfer: int


class Reconciling:
    """Compares the statements of one batch."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.state = entries.state

    def take(self, id: int, statement: Statement, mirror: Mirror, source: Source) -> Status:
        """Keep the statement, and behind it what comparing it has found."""
        currency = statement_currency(statement)
        hash = identity("", f"reconciliation/{mirror.account}/{currency}")
        last = self._last(hash)
        made = self._compare(id, statement, mirror, currency, last)
        status = Status("ACTC", statement, id, text=summary(made), place=statement.place)
        self.entries.keep(id, source.message, statement, None, status)
        self.state.payment += 1
        own = Status("ACTC", made, self.state.payment, text=summary(made), place=statement.place)
        carries_on = statement.kind == "statement" and not any(d.code == "statement-repeated" for d in made.differences)
        self.entries.keep(self.state.payment, source.message, made, None, own, hash if carries_on else 0)
        return status

    def _last(self, hash: int) -> Reconciliation | None:
        row = self.entries.latest(hash)
        record = unpack_record(row.record) if row is not None else None
        return record if isinstance(record, Reconciliation) else None

    def _compare(
        self, id: int, statement: Statement, mirror: Mirror, currency: str, last: Reconciliation | None
    ) -> Reconciliation:
        number = statement.legal_number or statement.electronic_number
        made = Reconciliation(
            mirror.account,
            mirror.ledger,
            currency,
            id,
            _numbered(statement),
            id=f"{mirror.ledger} {_numbered(statement)}".strip(),
            place=statement.place,
        )
        if statement.kind == "statement" and last is not None and _numbered(statement) == last.number and number:
            text = f"statement {last.number} came before; its entries are not compared again"
            return structs.replace(made, differences=(Difference("statement-repeated", text),))
        sides = self._sides(statement, mirror, currency, last)
        pairs = match(sides.bank, sides.ledger)
        found = _found(pairs, sides, currency)
        left_bank, left_ledger = _left(pairs, sides)
        let_go = max(len(left_bank), len(left_ledger)) - OPEN_MAX
        closing = _balance(statement, CLOSINGS)
        if statement.kind == "statement":
            found = [
                *_in_sequence(statement, last, currency),
                *found,
                *_missing_at_bank(left_ledger, closing[1] if closing is not None else "", currency),
                *self._balances(closing, left_bank, left_ledger, mirror, currency),
            ]
        if let_go > 0:
            found.append(Difference("too-many-open", f"{let_go} old entries that stand on one side only are let go"))
        return structs.replace(
            made,
            matched=tuple(_matched(pair, sides) for pair in pairs if not pair.rest_minor),
            differences=tuple(found),
            open_bank=left_bank[-OPEN_MAX:],
            open_ledger=left_ledger[-OPEN_MAX:],
            transfer=sides.transfer,
            closing_minor=closing[0] if closing is not None else None,
            closing_date=closing[1] if closing is not None else "",
        )

    # -- the two sides

    def _sides(self, statement: Statement, mirror: Mirror, currency: str, last: Reconciliation | None) -> Sides:
        booked = [(n, e) for n, e in enumerate(statement.entries, 1) if e.status in BOOKED]
        fresh = tuple(of_entry(entry) for _, entry in booked if entry.amount.currency == currency)
        places = tuple(f"entry {n}" for n, entry in booked if entry.amount.currency == currency)
        carried = last.open_bank if last is not None else ()
        after = last.transfer if last is not None else self._begin(statement, mirror)
        moves = self.entries.movements(mirror.ledger, currency, after)
        ledger = (*(last.open_ledger if last is not None else ()), *(self._item(move, mirror) for move in moves))
        return Sides((*carried, *fresh), len(carried), places, ledger, moves[-1].transfer.id if moves else after)

    def _begin(self, statement: Statement, mirror: Mirror) -> int:
        """The first comparison begins with the day of the statement's first date."""
        opening = _balance(statement, OPENINGS)
        dates = [*([opening[1]] if opening else []), *(e.booking_date or e.value_date for e in statement.entries)]
        days = sorted(date[:10] for date in dates if date)
        return self.state.last_transfer_before(day_begins(days[0], mirror.zone)) if days else 0

    @staticmethod
    def _item(move: Movement, mirror: Mirror) -> Open:
        record = record_of(move)
        minor = effect(move, mirror.ledger) * (-1 if mirror.opposite else 1)
        booked = local_day(move.time_ns, mirror.zone)
        return of_record(
            minor,
            booked,
            record,
            reference(record) if record is not None else "",
            move.transfer.id,
            move.transfer.payment,
        )

    def _balances(
        self,
        closing: tuple[int, str] | None,
        left_bank: Sequence[Open],
        left_ledger: Sequence[Open],
        mirror: Mirror,
        currency: str,
    ) -> list[Difference]:
        """Closing balance, and what only the ledger has, less what only the bank has: that is what the ledger holds."""
        if closing is None:
            return []
        rows = self.state.ledger.rows(mirror.ledger)
        held = sum(row.balance_minor for row in rows if row.currency == currency) * (-1 if mirror.opposite else 1)
        rest = closing[0] + _total(left_ledger) - _total(left_bank) - held
        if not rest:
            return []
        text = "the closing balance is not what the ledger holds, also after what only one side has"
        return [Difference("balance-differs", text, amount=_money(currency, rest))]


# --- findings ---------------------------------------------------------------------------------------


def _found(pairs: Sequence[Pair], sides: Sides, currency: str) -> list[Difference]:
    """Amounts that differ, and entries of the statement that the ledger does not have."""
    found: list[Difference] = []
    paired = {pair.bank: pair for pair in pairs}
    for place in range(sides.carried, len(sides.bank)):
        item, where = sides.bank[place], sides.places[place - sides.carried]
        pair = paired.get(place)
        if pair is None:
            text = f"{_side(item)} of {_day(item)} is not in the ledger"
            found.append(Difference("missing-in-ledger", text, where, _money(currency, item.minor)))
        elif pair.rest_minor:
            ours = sides.ledger[pair.ledger[0]]
            text = f"{_side(item)} has another amount than the transfer of the same reference"
            amount = _money(currency, pair.rest_minor)
            found.append(Difference("amount-differs", text, where, amount, ours.transfer, ours.payment))
    return found


def _missing_at_bank(left: Sequence[Open], closing: str, currency: str) -> list[Difference]:
    """Transfers up to the closing date that the bank does not show."""
    return [
        Difference(
            "missing-at-bank",
            f"a transfer of {_day(item)} is not in the statement that closes on {closing}",
            "",
            _money(currency, item.minor),
            item.transfer,
            item.payment,
        )
        for item in left
        if closing and item.dates and item.dates[0] <= closing
    ]


def _in_sequence(statement: Statement, last: Reconciliation | None, currency: str) -> list[Difference]:
    """Numbers that follow each other, balances that go on where the last one closed, entries that lead to the end."""
    found = []
    number, opening, closing = _numbered(statement), _balance(statement, OPENINGS), _balance(statement, CLOSINGS)
    if last is not None and _gap(last.number, number):
        text = f"statement {number} follows on {last.number}: what is between them has not come"
        found.append(Difference("statement-gap", text))
    if last is not None and opening is not None and last.closing_minor not in (None, opening[0]):
        rest = opening[0] - (last.closing_minor or 0)
        text = "the opening balance is not the closing balance of the statement before"
        found.append(Difference("opening-differs", text, amount=_money(currency, rest)))
    if opening is not None and closing is not None:
        items = [of_entry(entry) for entry in statement.entries if entry.status in BOOKED]
        rest = opening[0] + _total(items) - closing[0]
        if rest:
            text = "opening balance and entries do not add up to the closing balance"
            found.append(Difference("statement-does-not-add-up", text, amount=_money(currency, rest)))
    return found


def _gap(before: str, now: str) -> bool:
    """Whether a number was left out. A year or a turn of the digits begins again at 1; a page follows its page."""
    if not (before.partition("/")[0].isdecimal() and now.partition("/")[0].isdecimal()):
        return False
    (first, _, page), (second, _, next_page) = before.partition("/"), now.partition("/")
    if first == second and page.isdecimal() and next_page.isdecimal():
        return int(next_page) != int(page) + 1
    return int(second) not in (int(first) + 1, 1)


def _numbered(statement: Statement) -> str:
    number = statement.legal_number or statement.electronic_number
    return f"{number}/{statement.page}" if number and statement.page else number


def _balance(statement: Statement, types: Sequence[str]) -> tuple[int, str] | None:
    """A balance by the bank's sign, and its day."""
    for balance in statement.balances:
        if balance.type in types:
            return balance.amount.minor if balance.credit else -balance.amount.minor, balance.date[:10]
    return None


def _left(pairs: Sequence[Pair], sides: Sides) -> tuple[tuple[Open, ...], tuple[Open, ...]]:
    """What stands on one side only; where an amount differs, the rest of it stands at the bank."""
    bank = {pair.bank for pair in pairs}
    ledger = {place for pair in pairs for place in pair.ledger}
    rests = tuple(structs.replace(sides.bank[p.bank], minor=p.rest_minor, references=()) for p in pairs if p.rest_minor)
    left = tuple(item for place, item in enumerate(sides.bank) if place not in bank)
    return (*left, *rests), tuple(item for place, item in enumerate(sides.ledger) if place not in ledger)


def _matched(pair: Pair, sides: Sides) -> Matched:
    transfers = tuple(sides.ledger[place].transfer for place in pair.ledger)
    where = "carried on" if pair.bank < sides.carried else sides.places[pair.bank - sides.carried]
    return Matched(where, pair.by, transfers)


def _total(items: Sequence[Open]) -> int:
    return sum(item.minor for item in items)


def _money(currency: str, minor: int) -> Money:
    return Money(currency, abs(minor))


def _side(item: Open) -> str:
    return "a credit" if item.minor > 0 else "a debit"


def _day(item: Open) -> str:
    return item.dates[0] if item.dates else "an unknown day"


def summary(made: Reconciliation) -> str:
    """What was found, in one line."""
    counts: dict[str, int] = {}
    for difference in made.differences:
        counts[difference.code] = counts.get(difference.code, 0) + 1
    rest = [f"{count} {code}" for code, count in sorted(counts.items())]
    return ", ".join(["reconciled: " + f"{len(made.matched)} matched", *rest])
