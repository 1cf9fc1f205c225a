"""What is told of an entry beside its amount: its only detail, from references, supplementary details and field 86.

Strategy: what most entries say comes as texts in order and becomes a payment at one call; everything else comes as
facts by name. Both make the same of the same text.
"""

from __future__ import annotations

from typing import Any

from gateway.formats.mt import narrative, shapes
from gateway.model import Identification, Mandate, Money, Party, Payment

# In subfield 7 of field 61: no reference at all, or the one that field 86 names.
POINTERS = frozenset(("", "NONREF", "EREF", "PREF", "MARF", "KREF", "EREF+", "KREF+", "MREF+"))
_NOT_PLAIN = (narrative.STRUCTURED, narrative.UNSTRUCTURED)


def details(amount: Money, payer: bool, reference: str, more: str, information: str) -> tuple[Payment, ...]:
    """The detail, if there is anything to tell; `payer`: the other side is the one who pays."""
    if not (more or information[:1] < ":" or "/" in information or ":" in information):  # no dialect is without these
        return () if reference in POINTERS else (Payment("entry", amount, end_to_end_id=reference),)
    text = information.replace("\n", "")
    said = narrative.usual(text) if not more else None
    if said is not None and not ("/" in said[4] and said[4].startswith(_NOT_PLAIN)):
        return usual(said, amount, payer, "" if reference in POINTERS else reference)
    found = narrative.facts(text)
    if "/" in more:
        found |= narrative.supplement(more)
    fields = narrative.fields(found, payer, amount.currency) if found else {}
    if not fields:
        return (Payment("entry", amount, end_to_end_id=reference),) if reference not in POINTERS else ()
    if reference not in POINTERS:
        _refer(fields, reference)
    return (Payment("entry", amount, **fields),)


def _refer(fields: dict[str, Any], reference: str) -> None:
    """The owner's reference: the end-to-end id, unless field 86 names that; then the instruction's."""
    known = fields.setdefault("end_to_end_id", reference)
    if known != reference:
        fields.setdefault("instruction_id", reference)


def usual(said: shapes.Usual, amount: Money, payer: bool, reference: str) -> tuple[Payment, ...]:
    """The same of texts that were taken out by shape."""
    end_to_end_id, batch, mandate, creditor, text, bank, account, name, instruction, transaction = said
    own = narrative.account(account) if account else None
    agent = narrative.agent(bank) if bank else None
    party = Party(name) if name else None
    end_to_end_id = end_to_end_id or reference
    if reference and reference != end_to_end_id and not instruction:
        instruction = reference
    if not (
        text or name or end_to_end_id or own or agent or batch or mandate or creditor or instruction or transaction
    ):
        return ()
    remittance = narrative.unstructured(text) if text else ()
    signed = Mandate(mandate) if mandate else None
    ids = (Identification(creditor, "SEPA", True, "", True),) if creditor else ()
    if payer:
        return (
            Payment(
                "entry",
                amount,
                instruction_id=instruction,
                end_to_end_id=end_to_end_id,
                transaction_id=transaction,
                batch_id=batch,
                debtor=party,
                debtor_account=own,
                debtor_agent=agent,
                creditor=Party(ids=ids) if ids else None,
                remittance=remittance,
                mandate=signed,
            ),
        )
    return (
        Payment(
            "entry",
            amount,
            instruction_id=instruction,
            end_to_end_id=end_to_end_id,
            transaction_id=transaction,
            batch_id=batch,
            creditor=Party(name, ids=ids) if ids else party,
            creditor_account=own,
            creditor_agent=agent,
            remittance=remittance,
            mandate=signed,
        ),
    )
