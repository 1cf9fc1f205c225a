"""Field 86 written: what an entry's detail says, as code words behind the information that it came with.

Strategy: the information goes as it stands; only what reading it again would not tell is added, each with its code
word, so that a text that was read from a statement is never said twice. Lines are filled; none ends or begins with a
blank, a colon or a hyphen, which a reader may take for something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.formats.mt import narrative, text
from gateway.formats.mt.fields import amount_text
from gateway.model import Account, Agent, Entry, Party, Payment

WIDTH, LINES = 65, 6
_IDS = (
    ("EREF", "end_to_end_id"),
    ("IREF", "instruction_id"),
    ("PREF", "batch_id"),
    ("TXID", "transaction_id"),
    ("UETR", "uetr"),
)
_SIDES = (("BENM", "creditor"), ("ORDP", "debtor"))
_ULTIMATES = (("ULTD", "ultimate_debtor"), ("ULTB", "ultimate_creditor"))


def told(entry: Entry) -> dict[str, Any]:
    """What a reader will understand of the information and of subfield 9, as fields of a detail."""
    found = narrative.facts("\n".join(entry.information)) | narrative.supplement(entry.supplementary)
    return narrative.fields(found, entry.credit != entry.reversal, entry.amount.currency) if found else {}


def lines(entry: Entry, known: dict[str, Any], reference: str) -> list[str]:
    """Field 86, its text in lines; `known` is what the entry's information tells, `reference` what stands in 61."""
    own = [text.plain(line) for line in "\n".join(entry.information).split("\n")]
    words = list(_words(entry, entry.details[0], known, reference)) if len(entry.details) == 1 else []
    if not words and len(own) <= LINES and all(len(line) <= WIDTH and line[:1] not in (":", "-") for line in own):
        return [line for line in own if line]
    written = "".join(own)
    if known:  # what a dialect tells at length stands in it, though the record may have only the beginning
        words = [(word, value) for word, value in words if not value or text.plain(value) not in written]
        words = [pair for place, pair in enumerate(words) if pair[1] or words[place + 1 : place + 2]]
        if not words:
            return wrapped(written)
    return wrapped(written + "".join(f"/{word}/{text.plain(value)}" for word, value in words))


def _words(entry: Entry, detail: Payment, known: dict[str, Any], reference: str) -> Iterator[tuple[str, str]]:
    if detail.reasons and known.get("reasons") != detail.reasons:
        yield "RTRN", detail.reasons[0].code or detail.reasons[0].proprietary
    for word, name in _IDS:
        value = getattr(detail, name)
        if value and value not in (known.get(name), reference):
            yield word, value
    if detail.instruction_id and detail.instruction_id == reference and not detail.end_to_end_id:
        yield "EREF", "NOTPROVIDED"  # else the reference would be read as the end-to-end id
    if detail.mandate is not None and detail.mandate.id and known.get("mandate") != detail.mandate:
        yield "MARF", detail.mandate.id
    scheme = _scheme(detail)
    if scheme and scheme not in _schemes(known.get("creditor")):
        yield "CSID", scheme
    yield from _parties(detail, known)
    if detail.purpose and known.get("purpose") != detail.purpose:
        yield "PURP", detail.purpose
    if detail.settlement_date and known.get("settlement_date") != detail.settlement_date:
        yield "ISDT", detail.settlement_date
    yield from _amounts(detail, known)
    yield from _remittance(detail, known)


def _parties(detail: Payment, known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for word, side in _SIDES:
        found: list[tuple[str, str]] = []
        party: Party | None = getattr(detail, side)
        account: Account | None = getattr(detail, f"{side}_account")
        agent: Agent | None = getattr(detail, f"{side}_agent")
        if party is not None and party.name and party.name != getattr(known.get(side), "name", ""):
            found.append(("NAME", party.name))
        if account is not None and account.id and account.id != getattr(known.get(f"{side}_account"), "id", ""):
            found.append(("IBAN" if account.scheme == "IBAN" else "ACCT", account.id))
        if agent is not None and (bank := _bank(agent)) and agent != known.get(f"{side}_agent"):
            found.append(("BIC", bank))
        if found:
            yield word, ""
            yield from found
    for word, side in _ULTIMATES:
        party = getattr(detail, side)
        if party is not None and party.name and party.name != getattr(known.get(side), "name", ""):
            yield word, party.name


def _bank(agent: Agent) -> str:
    """How a reader gets the agent back: its BIC, or a German sort code."""
    return agent.bic or (agent.clearing_member if agent.clearing_system == "DEBLZ" else "") or agent.other_id


def _scheme(detail: Payment) -> str:
    """The creditor's identifier: of the mandate, or of the creditor."""
    if detail.mandate is not None and detail.mandate.creditor_scheme_id:
        return detail.mandate.creditor_scheme_id
    return next(iter(_schemes(detail.creditor)), "")


def _schemes(party: Party | None) -> list[str]:
    return [one.id for one in party.ids if one.private and one.scheme == "SEPA"] if party is not None else []


def _amounts(detail: Payment, known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if detail.instructed_amount is not None and known.get("instructed_amount") != detail.instructed_amount:
        yield "OCMT", amount_text(detail.instructed_amount)
    if detail.charges and known.get("charges") != detail.charges:
        yield "CHGS", amount_text(detail.charges[0].amount)
    if detail.exchange_rate and known.get("exchange_rate") != detail.exchange_rate:
        yield "EXCH", detail.exchange_rate.replace(".", ",")


def _remittance(detail: Payment, known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if detail.remittance and known.get("remittance") != detail.remittance:
        yield "REMI", narrative.together(detail.remittance)
    elif not detail.remittance and known.get("remittance_structured") != detail.remittance_structured:
        reference = dict(detail.remittance_structured).get("Strd/CdtrRefInf/Ref") or dict(
            detail.remittance_structured
        ).get("Strd[1]/CdtrRefInf/Ref")
        if reference:
            yield "REMI", f"STRD/CUR/{reference}"


def wrapped(written: str, width: int = WIDTH, most: int = LINES) -> list[str]:
    """Text in full lines, words cut where they must be; `+` at the end where there was more."""
    written = written.strip()
    if written[:1] in (":", "-"):
        written = "." + written[1:]
    found: list[str] = []
    while len(written) > width and len(found) < most - 1:
        end = width
        while end > 1 and (written[end] in ":- " or written[end - 1] == " "):
            end -= 1
        end = end if end > 1 else width
        found.append(written[:end])
        written = written[end:]
    if written:
        found.append(text.cut(written, width))
    return found
