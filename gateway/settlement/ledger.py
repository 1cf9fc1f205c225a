"""The ledger: positions per account and currency, moved by double entry.

Strategy: one record per position and one dictionary lookup per side of a leg; a leg that cannot be taken is
explained by a second, slower walk through the rules in their order. The legs of one call are linked: they are
taken one after the other and undone when a later one fails, so that all of them happened or none did. Money is
only ever moved, so every currency sums to zero over all positions, and so do the units of every security; what
people own came out of an account that has no floor. No clock, no chance, no iteration over unordered sets: the same
calls give the same ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gateway.model import EXPONENTS, MINOR_MAX, is_security
from gateway.ports import AccountRow

ACCOUNT_CHARACTERS_MAX = 140  # longer than any scheme's account identification (ISO 20022: 34, FIX and aliases more)


class Leg(Struct, frozen=True, gc=False):
    """One movement: `minor` units of `currency` from the debited to the credited account."""

    debit: str
    credit: str
    currency: str
    minor: int


class Failure(Struct, frozen=True, gc=False):
    """Why nothing was changed. `leg` is the place of the culprit among the legs, `text` names no account."""

    code: str
    reason: str  # ISO 20022 external code
    side: str  # "debit", "credit", or "" when it is neither's fault
    leg: int
    text: str


# code: (reason when the debit side is at fault or no side is, reason when the credit side is, sentence).
# Listed in the order in which the rules are applied; docs/refusals/ledger.md says what an operator does.
RULES: dict[str, tuple[str, str, str]] = {
    "amount-not-positive": ("AM01", "AM01", "the amount is not above zero"),
    "unknown-account": ("AC01", "AC03", "the {side} account is not known here"),
    "same-account": ("AG01", "AG01", "debit and credit are the same account"),
    "closed-account": ("AC04", "AC07", "the {side} account is closed"),
    "currency-mismatch": ("AM03", "AM03", "the {side} account holds no {currency}"),
    "insufficient-funds": ("AM04", "AM04", "the debit account's balance does not cover the amount"),
    "amount-too-large": ("AM02", "AM02", "the {side} account's balance would go beyond 18 digits"),
    "account-exists": ("NARR", "NARR", "an account of this name and currency is open already"),
    "bad-account-id": ("AC01", "AC01", "an account's name is 1 to {longest} printable characters"),
    "bad-floor": ("AM02", "AM02", "a floor has at most 18 digits"),
    "unknown-currency": ("AM03", "AM03", "the currency is not one of ISO 4217, nor the ISIN of a security"),
}


class Position:
    """One account in one currency. Mutable, the ledger's own; the world sees AccountRows."""

    __slots__ = ("account", "balance", "closed", "currency", "floor", "least", "moved", "proven")

    def __init__(self, account: str, currency: str, floor: int | None, balance: int = 0, closed: bool = False) -> None:
        self.account = account
        self.currency = currency
        self.balance = self.proven = balance
        self.floor = floor
        self.least = -MINOR_MAX if floor is None else floor
        self.closed = closed
        self.moved = False  # since the last proof

    def row(self) -> AccountRow:
        return AccountRow(self.account, self.currency, self.balance, self.floor, self.closed)


class Ledger:
    """All positions, in memory; one writer."""

    def __init__(self) -> None:
        self._positions: dict[tuple[str, str], Position] = {}
        self._accounts: dict[str, list[Position]] = {}
        self._unproven: list[Position] = []  # moved since the last proof
        self._unsaved: dict[tuple[str, str], Position] = {}  # moved since `moved()` was asked

    # -- accounts

    def load(self, rows: Iterable[AccountRow]) -> None:
        """Take over the positions that a store remembers, in place of all others."""
        for memory in (self._positions, self._accounts, self._unproven, self._unsaved):
            memory.clear()
        totals: dict[str, int] = {}
        for row in rows:
            self._add(Position(row.account, row.currency, row.floor_minor, row.balance_minor, row.closed))
            totals[row.currency] = totals.get(row.currency, 0) + row.balance_minor
        assert not any(totals.values()), "the positions loaded do not sum to zero in every currency"

    def open(self, account: str, currency: str, floor_minor: int | None) -> Failure | None:
        """Open a position at zero; `floor_minor` is the lowest balance allowed, None for no floor."""
        if not account.isprintable() or not 0 < len(account) <= ACCOUNT_CHARACTERS_MAX:
            return _failure("bad-account-id")
        if currency not in EXPONENTS and not is_security(currency):
            return _failure("unknown-currency")
        if floor_minor is not None and abs(floor_minor) > MINOR_MAX:
            return _failure("bad-floor")
        if (account, currency) in self._positions:
            return _failure("account-exists")
        if any(position.closed for position in self._accounts.get(account, ())):
            return _failure("closed-account", "debit")
        self._add(Position(account, currency, floor_minor))
        return None

    def close(self, account: str) -> Failure | None:
        """Close an account in all its currencies; balances stay where they are and can no longer move."""
        positions = self._accounts.get(account)
        if positions is None:
            return _failure("unknown-account", "debit")
        if positions[0].closed:
            return _failure("closed-account", "debit")
        for position in positions:
            position.closed = True
        return None

    def forget(self, account: str, currency: str) -> None:
        """Undo an `open` of the same batch whose first movement failed; the position is still at zero."""
        position = self._positions.pop((account, currency))
        assert position.balance == 0, "a position that holds money cannot be forgotten"
        self._unsaved.pop((account, currency), None)
        if position.moved:
            self._unproven.remove(position)
        self._accounts[account].remove(position)
        if not self._accounts[account]:
            del self._accounts[account]

    def knows(self, account: str, currency: str) -> bool:
        """Whether there is such a position, open or closed."""
        return (account, currency) in self._positions

    def positions(self) -> list[tuple[str, str]]:
        """Account and currency of every position that is not closed, in the order they were opened."""
        return [key for key, position in self._positions.items() if not position.closed]

    def rows(self, account: str) -> list[AccountRow]:
        """An account's positions in the order they were opened; empty for an unknown account."""
        return [position.row() for position in self._accounts.get(account, ())]

    def _add(self, position: Position) -> None:
        self._positions[position.account, position.currency] = position
        self._accounts.setdefault(position.account, []).append(position)

    # -- movements

    def apply(self, legs: Sequence[Leg]) -> Failure | None:
        """Make all movements, or none and say why. A leg sees the balances that the legs before it left."""
        positions = self._positions
        for place, leg in enumerate(legs):
            minor = leg.minor
            debit = positions.get((leg.debit, leg.currency))
            credit = positions.get((leg.credit, leg.currency))
            if (
                debit is None
                or credit is None
                or debit is credit
                or minor <= 0
                or debit.closed
                or credit.closed
                or debit.balance - minor < debit.least
                or credit.balance + minor > MINOR_MAX
            ):
                self._undo(legs[:place])
                return self._explain(leg, place, legs)
            debit.balance -= minor
            credit.balance += minor
            if not debit.moved:
                debit.moved = True
                self._unproven.append(debit)
            if not credit.moved:
                credit.moved = True
                self._unproven.append(credit)
        return None

    def _undo(self, legs: Sequence[Leg]) -> None:
        for leg in legs:
            self._positions[leg.debit, leg.currency].balance += leg.minor
            self._positions[leg.credit, leg.currency].balance -= leg.minor

    def _explain(self, leg: Leg, place: int, legs: Sequence[Leg]) -> Failure:
        """The first rule that the leg breaks, in the order of RULES; the legs before it are undone by now."""
        code, side = self._structural(leg) or self._monetary(leg, legs[:place])
        return _failure(code, side, place, leg.currency)

    def _structural(self, leg: Leg) -> tuple[str, str] | None:
        if leg.minor <= 0:
            return "amount-not-positive", ""
        sides = (("debit", leg.debit), ("credit", leg.credit))
        for side, account in sides:
            if account not in self._accounts:
                return "unknown-account", side
        if leg.debit == leg.credit:
            return "same-account", "credit"
        for side, account in sides:
            if self._accounts[account][0].closed:
                return "closed-account", side
        for side, account in sides:
            if (account, leg.currency) not in self._positions:
                return "currency-mismatch", side
        return None

    def _monetary(self, leg: Leg, before: Sequence[Leg]) -> tuple[str, str]:
        """What is wrong with the amount, given the legs that would have gone before."""
        debit = self._positions[leg.debit, leg.currency]
        available = debit.balance + sum(_effect(earlier, leg.debit, leg.currency) for earlier in before)
        if debit.floor is not None and available - leg.minor < debit.floor:
            return "insufficient-funds", "debit"
        return "amount-too-large", "debit" if available - leg.minor < -MINOR_MAX else "credit"

    # -- proof and snapshots

    def prove(self) -> None:
        """Assert that what moved since the last proof moved from somewhere: each currency's changes sum to zero."""
        changes: dict[str, int] = {}
        for position in self._unproven:
            changes[position.currency] = changes.get(position.currency, 0) + position.balance - position.proven
            position.proven = position.balance
            position.moved = False
            self._unsaved[position.account, position.currency] = position
        self._unproven.clear()
        assert not any(changes.values()), "a batch created or destroyed money"

    def moved(self) -> list[AccountRow]:
        """The positions that moved since this was last asked, for the store to write down; proven before."""
        self.prove()
        rows = [position.row() for position in self._unsaved.values()]
        self._unsaved.clear()
        return rows


def _effect(leg: Leg, account: str, currency: str) -> int:
    """What a leg does to one position's balance."""
    if leg.currency != currency:
        return 0
    return leg.minor * ((leg.credit == account) - (leg.debit == account))


def _failure(code: str, side: str = "", leg: int = 0, currency: str = "") -> Failure:
    debit_reason, credit_reason, sentence = RULES[code]
    text = sentence.format(side=side, currency=currency, longest=ACCOUNT_CHARACTERS_MAX)
    return Failure(code, credit_reason if side == "credit" else debit_reason, side, leg, text)
