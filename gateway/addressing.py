"""The addresses of a payment before it is sent on: completed from their own words, or held for a person to repair.

Strategy: a payment whose addresses all have the form is handed back as it is, after a look at its parties and nothing
else. What is completed says so as losses of severity `derived`; what cannot be is a hold, and `repaired` takes what a
person then gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from gateway.addresses import Form, Found, Hints, complete, is_complete
from gateway.model import Account, Address, Agent, Loss, Party, Payment
from gateway.ports import Finding

# Party or agent of a payment -> the fields with its account and its agent, "" for none.
SIDES = {
    "debtor": ("debtor_account", "debtor_agent"),
    "creditor": ("creditor_account", "creditor_agent"),
    "ultimate_debtor": ("", ""),
    "ultimate_creditor": ("", ""),
    "initiating_party": ("", ""),
    "debtor_agent": ("", ""),
    "creditor_agent": ("", ""),
    "debtor_institution": ("", ""),
    "creditor_institution": ("", ""),
}
REPAIR = "address-repair"  # the code of the hold
MISSING = {"debtor": "BE07", "ultimate_debtor": "BE07"}  # debtor's address missing or wrong; all others: creditor's


class Completed(Struct, frozen=True):
    """A payment with its addresses completed, what was derived for that, and a hold where a person is needed."""

    payment: Payment
    derived: tuple[Loss, ...] = ()
    hold: Finding | None = None


def wanting(payment: Payment, form: Form) -> list[str]:
    """The sides whose address does not have the form."""
    return [side for side, address in _addresses(payment) if not is_complete(address, form)]


def _addresses(payment: Payment) -> Iterator[tuple[str, Address]]:
    for side in SIDES:
        party: Party | Agent | None = getattr(payment, side)
        if party is not None and party.address is not None:
            yield side, party.address


def completed(payment: Payment, form: Form) -> Completed:
    """The payment with all of its addresses in a form; the same object when they have it already."""
    sides = wanting(payment, form)
    if not sides:
        return Completed(payment)
    found = {side: complete(getattr(payment, side).address, _hints(payment, side), form) for side in sides}
    made = _with(payment, {side: one.address for side, one in found.items() if not one.missing})
    derived = tuple(loss for side, one in found.items() if not one.missing for loss in _derived(side, one))
    # An agent that its BIC names needs no address to be found by.
    open_sides = {side: one for side, one in found.items() if one.missing and not _named_by_bic(payment, side)}
    return Completed(made, derived, _hold(open_sides) if open_sides else None)


def repaired(payment: Payment, addresses: Sequence[tuple[str, Address]]) -> Payment | str:
    """The payment with the addresses that a person gives; a sentence when one is of nobody in it."""
    for side, _ in addresses:
        if side not in SIDES or getattr(payment, side) is None:
            here = ", ".join(side for side in SIDES if getattr(payment, side) is not None)
            return f"the payment has no {side[:30]}; it has {here}"
    return _with(payment, dict(addresses))


def _with(payment: Payment, addresses: Mapping[str, Address]) -> Payment:
    changed = {side: structs.replace(getattr(payment, side), address=address) for side, address in addresses.items()}
    return structs.replace(payment, **changed) if changed else payment


def _hints(payment: Payment, side: str) -> Hints:
    """What other fields of the same party say of its country."""
    party: Party | Agent = getattr(payment, side)
    if isinstance(party, Agent):
        return Hints(residence=party.bic[4:6])  # its own BIC
    account, agent = SIDES[side]
    iban: Account | None = getattr(payment, account) if account else None
    bank: Agent | None = getattr(payment, agent) if agent else None
    return Hints(
        iban.id[:2] if iban is not None and iban.scheme == "IBAN" else "",
        party.country_of_residence or party.bic[4:6],
        bank.bic[4:6] if bank is not None else "",
    )


def _named_by_bic(payment: Payment, side: str) -> bool:
    party = getattr(payment, side)
    return isinstance(party, Agent) and bool(party.bic)


def _derived(side: str, found: Found) -> Iterator[Loss]:
    for evidence in found.evidence:
        yield Loss(f"{side}.address.{evidence.field}", f"{evidence.value}: {evidence.text()}", "derived")


def _hold(sides: Mapping[str, Found]) -> Finding:
    side, found = next(iter(sides.items()))
    text = (
        f"the {side}'s address lacks {found.missing}" if len(sides) == 1 else f"{len(sides)} addresses are incomplete"
    )
    detail = "; ".join(f"{side}: {one.missing}{_proposal(one)}" for side, one in sides.items())
    return Finding("addresses", "hold", REPAIR, MISSING.get(side, "BE04"), text, detail, found.confidence)


def _proposal(found: Found) -> str:
    where = found.address
    return f" (perhaps {where.town}, {where.country})" if found.evidence and where.town and where.country else ""
