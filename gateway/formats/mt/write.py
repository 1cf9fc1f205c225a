"""Writing FIN: payments to messages, and what a message would lose.

Strategy: the fields are put together in the order of the type's table. What is lost is not guessed: the message is read
again and compared field by field with the payment (`losses`), so the report is exact, and a message that would break
a network rule is refused before it is ever sent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from gateway.formats.mt import losses, returns, tables, text
from gateway.formats.mt.fields import Lines, agent_lines, amount_text, field, party_lines, rate_text
from gateway.model import Agent, Extra, Instruction, Money, Original, Party, Payment, Record, Refusal
from gateway.ports import Fit, Frame, Writing

MEDIA, SUFFIX = "application/x-fin", ".fin"
TYPES = ("MT103", "MT202", "MT202COV", "MT205", "MT205COV")
_BEARERS = {"DEBT": "OUR", "SHAR": "SHA", "SLEV": "SHA", "CRED": "BEN"}
_ACCOUNT = re.compile(rf"{tables.X}{{1,34}}\Z", re.ASCII)
_UNKNOWN = "XXXXXXXXXXXX"
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z", re.ASCII)
_ACCOUNTS = (
    "debtor_account",
    "creditor_account",
    "debtor_agent_account",
    "creditor_agent_account",
    "settlement_account",
)
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})\Z", re.ASCII)
_GPI = re.compile(r"G00[1-9]\Z", re.ASCII)

BODIES_REMEMBERED = 4096  # payments whose fields are kept between fit and encode; a few kilobytes each

_BODIES: dict[tuple[int, str, bool], tuple[Payment, Lines]] = {}  # the payment is held, so its id stays its own


def encode(records: Sequence[Record], type: str, writing: Writing) -> Frame:
    """Messages one after the other, apart by CRLF."""
    payments = [record for record in records if isinstance(record, Payment)]
    found = [_message(payment, type, writing, index) for index, payment in enumerate(payments)]
    return Frame("\r\n".join(found).encode("latin-1"), type, SUFFIX, MEDIA, writing.message_id)


def fit(record: Record, type: str) -> Fit:
    """What the message would lose, or why there can be none."""
    if not isinstance(record, Payment):
        return Fit(_refusal("wrong-kind", "kind", f"{type} carries no {record.kind.replace('_', ' ')}"))
    refusal = _unfit(record, type)
    if refusal is not None:
        return Fit(refusal)
    return losses.compared(record, _message(record, type, losses.TRIAL, 0))


def _unfit(payment: Payment, type: str) -> Refusal | None:
    if payment.kind not in ("return", "credit_transfer" if type == "MT103" else "fi_transfer"):
        return _refusal("wrong-kind", "kind", f"{type} carries no {payment.kind.replace('_', ' ')}")
    if not payment.settlement_date:
        return _refusal("missing-date", "settlement_date", "a value date (32A) is needed")
    if type.endswith("COV") and payment.underlying is None:
        return _refusal("missing-underlying", "underlying", "a cover payment needs the customer transfer it covers")
    if type != "MT103" and payment.creditor_institution is None:
        return _refusal("missing-creditor", "creditor_institution", "the beneficiary institution (58a) is needed")
    return account_fault(payment)


def account_fault(payment: Payment) -> Refusal | None:
    """The first account that no field of a message can hold."""
    for one, prefix in ((payment, ""), (payment.underlying, "underlying.")):
        for name in _ACCOUNTS if one is not None else ():
            own = getattr(one, name)
            if own is not None and not _ACCOUNT.match(own.id):
                return _refusal(
                    "account-unfit", prefix + name, "an account has 1 to 34 characters of the x set", "AC01"
                )
    return None


def _refusal(code: str, place: str, sentence: str, reason: str = "FF01") -> Refusal:
    return Refusal(code, reason, place, sentence)


# --- a message --------------------------------------------------------------------------------------


def _message(payment: Payment, type: str, writing: Writing, index: int) -> str:
    sender, receiver = _ends(payment, writing)
    extra = dict(payment.extra)
    european = sender[4:6] in tables.EUROPEAN and receiver[4:6] in tables.EUROPEAN
    body = _body(payment, extra, type, european)
    name = text.reference(payment.instruction_id or _return_id(payment)) or numbered(writing.message_id, index)
    lines = "".join(f"\r\n:{tag}:{value}" for tag, value in [("20", name), *body])
    priority = "U" if payment.priority in ("HIGH", "URGT") else "N"
    uetr = payment.uetr or (payment.original.uetr if payment.original else "") or _derived(writing.message_id, index)
    return (
        f"{{1:F01{terminal(sender, 'A')}0000000000}}{{2:I{type[2:5]}{terminal(receiver, 'X')}{priority}}}"
        f"{{3:{_user(payment, extra, type)}{{121:{uetr}}}}}{{4:{lines}\r\n-}}"
    )


def _user(payment: Payment, extra: dict[str, str], type: str) -> str:
    """Block 3 but for the UETR: copy service, service type, validation flag, in the order of their tags."""
    service = tables.FIN_COPY_OF.get(payment.clearing_system, "") if payment.settlement_method == "CLRG" else ""
    level = next((level for level in payment.service_level if _GPI.match(level)), "")
    flag = "COV" if type.endswith("COV") else extra.get("mt:{119}", "") if type == "MT103" else ""
    found = (("103", service), ("111", level[1:]), ("119", flag if flag in ("COV", "STP", "REMIT") else ""))
    return "".join(f"{{{tag}:{value}}}" for tag, value in found if value)


def _body(payment: Payment, extra: dict[str, str], type: str, european: bool) -> Lines:
    """Fields after 20. A payment is fitted and soon after encoded: what was put together is remembered."""
    key = (id(payment), type, european)
    found = _BODIES.get(key)
    if found is not None and found[0] is payment:
        return found[1]
    body = _customer(payment, extra, european) if type == "MT103" else _bank(payment, extra, type)
    if len(_BODIES) >= BODIES_REMEMBERED:
        _BODIES.clear()
    _BODIES[key] = (payment, body)
    return body


def _ends(payment: Payment, writing: Writing) -> tuple[str, str]:
    """Sender and receiver: as given, else as the payment names them."""
    named = [found.bic for found in (payment.instructed_agent, payment.creditor_agent) if found is not None]
    receiver = next((bic for bic in (writing.receiver, *named) if _BIC.match(bic)), writing.sender)
    sending = (writing.sender, payment.instructing_agent.bic if payment.instructing_agent is not None else "")
    return next((bic for bic in sending if _BIC.match(bic)), receiver), receiver


def terminal(bic: str, letter: str) -> str:
    """Logical terminal of a BIC: 12 characters."""
    known = _BIC.match(bic) and bic[:8] != _UNKNOWN[:8]
    return f"{bic[:8]}{letter}{bic[8:] or 'XXX'}" if known else _UNKNOWN


def numbered(message_id: str, index: int) -> str:
    """A reference for each message of a writing: the writing's own, its first characters counted up."""
    return message_id[:16] if not index else f"{index % 10_000:04d}{message_id[:16][4:]}"


def _derived(message_id: str, index: int) -> str:
    """An end-to-end reference of the form of a UUID version 4, made from the message id alone."""
    digits = hashlib.sha256(f"{message_id}/{index}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def _customer(payment: Payment, extra: dict[str, str], european: bool) -> Lines:
    amount, instructed = payment.amount, payment.instructed_amount
    if instructed is None and (european or payment.charges or payment.charge_bearer == "CRED"):
        instructed = amount
    operation = _operation(payment, extra)
    out: Lines = [*times(payment), ("23B", operation), *_instruction_codes(payment, extra, operation)]
    kind = extra.get(tables.PURPOSE, "")
    if is_transaction_type(kind):
        out.append(("26T", kind))
    out.append(("32A", _dated(payment)))
    if instructed is not None:
        out.append(("33B", amount_text(instructed)))
        if instructed.currency != amount.currency and payment.exchange_rate:
            out.append(("36", rate_text(payment.exchange_rate)))
    out += party_lines("50", payment.debtor or _as_party(payment.debtor_institution), payment.debtor_account, "K")
    out += _kept(extra, "51A")
    out += agent_lines("52", payment.debtor_agent, payment.debtor_agent_account, "AD")
    out += _settlement(payment, extra, True)
    out += routed(payment, "ACD", "ABCD")
    out += party_lines("59", payment.creditor, payment.creditor_account, "")
    out += [*remittance_lines(payment), ("71A", bearer(payment)), *charge_lines(payment)]
    out += field("72", sender_to_receiver(payment)[:6])
    out += regulatory_lines(payment)
    return out + _kept(extra, "77T")


def _bank(payment: Payment, extra: dict[str, str], type: str) -> Lines:
    related = payment.end_to_end_id or extra.get("mt:21", "") or _returned_reference(payment)
    out: Lines = [
        ("21", text.reference(related) or "NOTPROVIDED"),
        *times(payment),
        ("32A", _dated(payment)),
    ]
    out += agent_lines("52", payment.debtor_institution, payment.debtor_account, "AD")
    settled = _settlement(payment, extra, False)
    out += [line for line in settled if line[0][:2] != "54" or type[:5] != "MT205"]
    out += routed(payment, "AD", "ABD")
    out += agent_lines("58", payment.creditor_institution, payment.creditor_account, "AD")
    out += field("72", sender_to_receiver(payment)[:6])
    if type.endswith("COV") and payment.underlying is not None:
        out += _underlying(payment.underlying)
    return out


def _underlying(payment: Payment) -> Lines:
    out = party_lines("50", payment.debtor, payment.debtor_account, "K")
    out += agent_lines("52", payment.debtor_agent, payment.debtor_agent_account, "AD")
    out += [*routed(payment, "ACD", "ABCD"), *party_lines("59", payment.creditor, payment.creditor_account, "")]
    out += [*remittance_lines(payment), *field("72", sender_to_receiver(payment)[:6])]
    if payment.instructed_amount is not None:
        out.append(("33B", amount_text(payment.instructed_amount)))
    return out


# --- fields -----------------------------------------------------------------------------------------


def _kept(extra: dict[str, str], tag: str) -> Lines:
    """A field as it stood in the message the payment was read from."""
    value = extra.get(f"mt:{tag}", "")
    return [(tag, value.replace("\n", "\r\n"))] if value else []


def _dated(payment: Payment) -> str:
    return payment.settlement_date[2:].replace("-", "") + amount_text(payment.amount)


def times(payment: Payment) -> Lines:
    """13C: the time of day, of an instant without its date."""
    found = [(code, time.partition("T")[2] or time) for code, time in payment.settlement_times]
    return [("13C", f"/{code}/{time[:2]}{time[3:5]}{_offset(time)}") for code, time in found]


def _offset(time: str) -> str:
    """+HHMM of a time that may have fractions of a second; UTC without one."""
    found = _OFFSET.search(time)
    return f"{found[1]}{found[2]}{found[3]}" if found else "+0000"


def is_transaction_type(purpose: str) -> bool:
    return len(purpose) == 3 and purpose.isalnum() and purpose.isascii() and purpose.upper() == purpose


def _instruction_codes(payment: Payment, extra: dict[str, str], operation: str) -> Lines:
    """23E, in its order; of two codes that exclude each other the first of the table stands."""
    found: dict[str, str] = {}
    both = extra.get(tables.CATEGORY_PURPOSE, "")
    for code in (*payment.service_level, *payment.category_purpose.split(" "), *both.split(" ")):
        if code in ("SDVA", "INTC", "CORT"):
            found[code] = ""
    for one in payment.instructions_for_creditor_agent:
        if one.code in tables.CREDITOR_AGENT_CODES:
            found[one.code] = "" if one.code == "CHQB" else text.line(one.text, 30)
    for one in payment.instructions_for_next_agent:
        if _is_coded(one):
            code = one.text[1:5]
            found[code] = text.line(one.text[6:], 30) if code in tables.CODES_WITH_WORDS else ""
    if payment.creditor_account is not None:
        found.pop("CHQB", None)  # a cheque goes to no account (rule E18)
    for first, second, _ in tables.EXCLUDED_CODES:
        if first in found:
            found.pop(second, None)
    ordered = [code for code in tables.INSTRUCTION_CODES if code in found and _may_stand(code, operation)]
    return [("23E", f"{code}/{found[code]}" if found[code] else code) for code in ordered]


def _operation(payment: Payment, extra: dict[str, str]) -> str:
    """23B."""
    said = extra.get(tables.LOCAL_INSTRUMENT, "") or payment.local_instrument
    return said if said in tables.OPERATION_CODES else "CRED"


def _may_stand(code: str, operation: str) -> bool:
    """Whether an operation takes the code: rules E01 and E02."""
    if operation == "SPRI":
        return code in tables.PRIORITY_INSTRUCTIONS
    return operation not in ("SSTD", "SPAY")


def _is_coded(one: Instruction) -> bool:
    """Whether an instruction for the next agent is one that 23E says."""
    return one.text[:1] == "/" and one.text[5:6] == "/" and one.text[1:5] in tables.INSTRUCTION_CODES


def routed(payment: Payment, intermediary: str, account_with: str) -> Lines:
    """56a and 57a."""
    out: Lines = []
    if payment.intermediary_agents:
        own = payment.intermediary_accounts[0] if payment.intermediary_accounts else None
        out = agent_lines("56", payment.intermediary_agents[0], own, intermediary)
    return out + agent_lines("57", payment.creditor_agent, payment.creditor_agent_account, account_with)


def _settlement(payment: Payment, extra: dict[str, str], third: bool) -> Lines:
    """53a to 55a: as they stood, or reimbursement agents, or the account between the two banks."""
    numbers = ("53", "54", "55") if third else ("53", "54")
    kept = [line for number in numbers for option in "ABD" for line in _kept(extra, number + option)]
    out: Lines = []
    for index, number in enumerate(numbers if payment.reimbursement_agents else ()):
        agents, accounts = payment.reimbursement_agents, payment.reimbursement_accounts
        agent = agents[index] if index < len(agents) else None
        out += agent_lines(number, agent, accounts[index] if index < len(accounts) else None, "ABD")
    if not out and payment.settlement_account is not None and not any(tag[:2] == "53" for tag, _ in kept):
        out = agent_lines(
            "53", None, payment.settlement_account, "B", "C" if payment.settlement_method == "INGA" else ""
        )
    taken = {tag[:2] for tag, _ in out}
    return sorted([*out, *(line for line in kept if line[0][:2] not in taken)])


def remittance_lines(payment: Payment) -> Lines:
    """70: lines as they are, or a stream of code words in the order in which they are kept when space is short."""
    extra = dict(payment.extra)
    ultimate = (("ULTD", payment.ultimate_debtor), ("ULTB", payment.ultimate_creditor))
    words = [f"/{code}/{_placed_name(party)}" for code, party in ultimate if party is not None and party.name]
    if payment.purpose:
        words.append(f"/PURP/{text.plain(payment.purpose)}")
    if payment.end_to_end_id not in ("", "NOTPROVIDED") and payment.kind == "credit_transfer":
        words.append(f"/ROC/{text.plain(payment.end_to_end_id)}")
    if related := extra.get(tables.RELATED_REMITTANCE, ""):
        words.append(f"/RELID/{text.plain(related)}")
    said = f"/ROC/{payment.end_to_end_id}"  # some write it into the remittance as well
    lines = [line for line in (text.plain(one).strip() for one in payment.remittance if one != said) if line]
    structured = flattened(payment.remittance_structured)
    if payment.source.startswith("MT") and not words and len(lines) <= 4 and all(_stands(line) for line in lines):
        return field("70", lines)
    flat = " ".join(lines)
    if flat and (words or structured or not _runs_on(flat)):
        words.append("/URI/" + flat)
    elif flat:
        words.append(flat)
    return field("70", text.filled("//".join([*words, *structured]), 4))


def _stands(line: str) -> bool:
    return len(line) <= 35 and line[0] not in ":-"


def _runs_on(flat: str) -> bool:
    """Whether a text cut in full lines is put together again: no line begins with what a line may not begin with."""
    return not any(flat[start] in ":-" for start in range(0, min(len(flat), 140), 35))


def _placed_name(party: Party) -> str:
    """Name, and behind a slash country and town."""
    name, address = text.plain(party.name).strip(), party.address
    if address is None or not address.country:
        return name
    return f"{name}/{address.country} {text.plain(address.town).strip()}".rstrip()


_STRUCTURED = (
    ("CdtrRefInf/Ref", "RFB"),
    ("RfrdDocInf/Nb", "CINV"),
    ("Invcr/Nm", "INVR"),
    ("AddtlRmtInf", "URI"),
)
_INDEX = re.compile(r"\[[0-9]+\]")


def flattened(structured: Extra) -> list[str]:
    """Structured remittance as code words: references of creditors, numbers of invoices, free text."""
    found: list[str] = []
    for path, value in structured:
        bare = _INDEX.sub("", path).partition("/")[2]
        code = next((code for end, code in _STRUCTURED if bare == end), "")
        if code:
            found.append(f"/{code}/{text.plain(value).strip()}")
    return found


def regulatory_lines(payment: Payment) -> Lines:
    """77B: who reports for which country before the text of the first line."""
    extra = dict(payment.extra)
    word = tables.RESIDENCE_OF.get(extra.get(tables.REPORTING_SIDE, ""), "")
    country = extra.get(tables.REPORTING_COUNTRY, "")
    lines = [line for line in map(text.line, payment.regulatory) if line]
    if word and country:
        first = f"/{word}/{country}"
        joined = f"{first}//{lines[0]}" if lines else first
        lines = (
            [joined, *lines[1:]]
            if len(joined) <= 35
            else [f"{first}//{lines[0][: 35 - len(first) - 2]}", *_rest(lines, first)]
        )
    return field("77B", lines[:3])


def _rest(lines: list[str], first: str) -> list[str]:
    return ["//" + lines[0][35 - len(first) - 2 :], *lines[1:]]


def bearer(payment: Payment) -> str:
    """71A."""
    return _BEARERS.get(payment.charge_bearer, "SHA")


def charge_lines(payment: Payment) -> Lines:
    if payment.charge_bearer == "DEBT":
        minor = sum(one.amount.minor for one in payment.charges if one.amount.currency == payment.amount.currency)
        return [("71G", amount_text(Money(payment.amount.currency, minor)))] if minor else []
    found = [("71F", amount_text(one.amount)) for one in payment.charges]
    return found or (
        [("71F", amount_text(Money(payment.amount.currency, 0)))] if payment.charge_bearer == "CRED" else []
    )


def sender_to_receiver(payment: Payment) -> list[str]:
    """72, in the order in which lines go when space is short."""
    if payment.kind == "return":
        return _returned(payment)
    extra, banks = dict(payment.extra), payment.kind == "fi_transfer"
    operation = _operation(payment, extra)
    out: list[str] = []
    for agent in payment.intermediary_agents[1:]:
        out += text.coded("INTA", agent.bic or agent.name)
    for code, words in _payment_type(payment, extra):
        out += text.coded(code, words)
    later: list[str] = []
    for one in payment.instructions_for_creditor_agent:
        if one.code in tables.CREDITOR_AGENT_CODES:
            later += text.coded(one.code, one.text) if banks else []
        elif one.text[:1] == "/" and not one.code:
            out += _coded_text(one, "ACC")
        else:
            later += text.coded("ACC", f"{one.code} {one.text}".strip())
    out += later
    if banks and payment.purpose:
        out += text.coded("PURP", payment.purpose)
    for one in payment.instructions_for_next_agent:
        if banks or not _is_coded(one) or not _may_stand(one.text[1:5], operation):
            out += _coded_text(one, "REC")
    before = [*payment.previous_agents, *([payment.debtor_agent] if banks and payment.debtor_agent else [])]
    for agent in before[:3]:
        out += text.coded("INS", agent.bic or agent.name)
    for line in payment.remittance if banks else ():
        out += text.coded("BNF", line)
    return out


def _return_id(payment: Payment) -> str:
    return payment.transaction_id if payment.kind == "return" else ""


def _as_party(agent: Agent | None) -> Party | None:
    """An institution that gives back a customer's payment, where the customer stands."""
    return Party(agent.name, agent.address, agent.bic) if agent is not None else None


def _returned_reference(payment: Payment) -> str:
    """21 of a return: the end-to-end id of the original, else its reference."""
    original = payment.original or Original()
    return original.end_to_end_id or original.message_id


def _returned(payment: Payment) -> list[str]:
    """72 of a payment that gives another one back."""
    extra = dict(payment.extra)
    field, charges = extra.get("mt:72/RETN", ""), extra.get("mt:72/CHGS", "")
    original = payment.original or Original()
    return returns.lines("RETN", original, payment.reasons, field, charges, returns.LINE_72)


def _payment_type(payment: Payment, extra: dict[str, str]) -> list[tuple[str, str]]:
    """Service level, local instrument and category purpose where no other field says them."""
    levels = [level for level in payment.service_level if level != "SDVA" and not _GPI.match(level)]
    purposes = [code for code in payment.category_purpose.split(" ") if code not in ("", "INTC", "CORT")]
    found = [("SVCLVL", level) for level in (*levels, extra.get(tables.SERVICE_LEVEL, ""))]
    found += [
        ("LOCINS", one)
        for one in (payment.local_instrument, extra.get(tables.LOCAL_INSTRUMENT, ""))
        if one not in tables.OPERATION_CODES
    ]
    both = extra.get(tables.CATEGORY_PURPOSE, "")
    found += [("CATPURP", one) for one in (*purposes, both if both != "INTC CORT" else "")]
    return [(code, words) for code, words in found if words]


def _coded_text(one: Instruction, code_else: str) -> list[str]:
    """An instruction under the code word that its text begins with, else under another."""
    code, slash, rest = one.text[1:].partition("/")
    if one.text[:1] == "/" and slash and 0 < len(code) <= 8 and code.isalnum() and code.isupper() and code.isascii():
        return text.coded(code, rest)
    return text.coded(code_else, f"{one.code} {one.text}".strip())
