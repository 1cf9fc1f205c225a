"""KYC tiers: how much a payment says of who pays; less than the policy's minimum is held for a person.

Strategy: the tiers are a policy of the gateway (laws are risk-based and give none). Each is the one below it and what
its row in `TIERS` asks for besides; a payment meets the highest tier of which nothing is missing. What no message
carries (source of funds, owners, who approved) is not judged here: `enhanced` asks for the most that one can say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from gateway.model import Address, Agent, Party, Payment, Record
from gateway.ports import Check, Finding

LEVELS = ("none", "simplified", "standard", "enhanced")


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """`minimum`: what a payment must show of its debtor."""

    minimum: Literal["none", "simplified", "standard", "enhanced"] = "none"


def build(options: Options, base: Path) -> Check:
    """The check; a payment that goes back is not asked, it says of others what the first one said."""
    needed = LEVELS.index(options.minimum)

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        if not needed:
            return []
        return [
            (place, finding)
            for place, record in enumerate(records)
            if isinstance(record, Payment) and record.kind != "return" and (finding := _judge(record, needed))
        ]

    return check


def level(payment: Payment) -> str:
    """The tier that a payment meets."""
    met = 0
    while met < len(TIERS) and not _missing(payment, met):
        met += 1
    return LEVELS[met]


def _judge(payment: Payment, needed: int) -> Finding | None:
    for tier in range(needed):
        if missing := _missing(payment, tier):
            what, reason = missing
            text = f"the debtor is known at level {LEVELS[tier]}, needed is {LEVELS[needed]}; missing: {what}"
            return Finding("kyc_level", "hold", "kyc-level", reason, text)
    return None


def _missing(payment: Payment, tier: int) -> tuple[str, str] | None:
    """What a payment lacks for a tier, and the ISO reason for it."""
    if _known_institution(payment.debtor_institution):
        return None
    return next(((what, reason) for what, reason, given in TIERS[tier] if not given(payment)), None)


def _known_institution(agent: Agent | None) -> bool:
    """An institution that pays for itself is known to its supervisor: its code says who it is."""
    return agent is not None and bool(agent.bic or agent.lei or agent.clearing_member)


def _name(payment: Payment) -> bool:
    return bool(_debtor(payment).name)


def _account(payment: Payment) -> bool:
    return payment.debtor_account is not None


def _country(payment: Payment) -> bool:
    """Of the address, of residence, of birth, or the account's: an IBAN begins with it."""
    debtor, account = _debtor(payment), payment.debtor_account
    iban = account is not None and account.scheme == "IBAN"
    return bool(
        _address(payment).country or debtor.country_of_residence or (debtor.birth and debtor.birth.country) or iban
    )


def _place(payment: Payment) -> bool:
    address = _address(payment)
    return bool(address.lines or address.town or address.street or address.post_box)


def _identified(payment: Payment) -> bool:
    """A person by birth or document, an organisation by register number, LEI or BIC."""
    debtor = _debtor(payment)
    return bool(debtor.birth or debtor.ids or debtor.lei or debtor.bic)


def _whole_address(payment: Payment) -> bool:
    address = _address(payment)
    return bool(address.country and (len(address.lines) > 1 or (address.town and (address.street or address.post_box))))


def _doubly_identified(payment: Payment) -> bool:
    """An organisation by LEI, a person by birth and a document."""
    debtor = _debtor(payment)
    return bool(debtor.lei or (debtor.birth and debtor.ids))


def _purpose(payment: Payment) -> bool:
    given = payment.purpose or payment.category_purpose or payment.remittance or payment.remittance_structured
    return bool(given)


def _debtor(payment: Payment) -> Party:
    return payment.debtor or _NOBODY


def _address(payment: Payment) -> Address:
    return _debtor(payment).address or _NOWHERE


_NOBODY = Party()
_NOWHERE = Address()

# What each tier asks for besides the one below: in words, the ISO reason when it is missing, and how to tell.
_Asked = tuple[str, str, Callable[[Payment], bool]]
TIERS: tuple[tuple[_Asked, ...], ...] = (
    (
        ("name", "RR02", _name),
        ("account", "RR01", _account),
        ("country", "RR02", _country),
    ),
    (
        ("address", "RR02", _place),
        ("date of birth, or number of a document or register", "RR01", _identified),
    ),
    (
        ("street, town and country", "RR02", _whole_address),
        ("LEI, or birth and document", "RR01", _doubly_identified),
        ("purpose", "RR04", _purpose),
    ),
)
