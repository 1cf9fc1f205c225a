"""What the fields of a message say, in the words of a payment.

Strategy: the values are checked before they come here; each function puts what one group of fields says into the
arguments of the record. What has no field of ours stands in `extra` under its tag. A value that has the right
format and still says nothing (a day that does not exist) raises Fault.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from gateway.formats.mt import parties, tables
from gateway.model import EXPONENTS, Agent, Charge, Instruction, Money, Party, Payment

_SIX = re.compile(r"[0-9]{6}\Z", re.ASCII)
_RATE = re.compile(r"(?=.{1,12}\Z)[0-9]+,[0-9]*\Z", re.ASCII)
_AMOUNT = re.compile(r"[0-9]+,[0-9]*\Z", re.ASCII)
_END = r"(?://(?=/)|/(?=/)|/?\Z)"  # of a code word in 70: `//` before the next one, or the end
_WORDS = (
    (re.compile(rf"/ROC/(.{{1,35}}?){_END}"), "end_to_end_id"),
    (re.compile(rf"/PURP/([A-Z0-9]{{1,4}}){_END}", re.ASCII), "purpose"),
    (re.compile(rf"/ULTD/(.{{1,140}}?){_END}"), "ultimate_debtor"),
    (re.compile(rf"/ULTB/(.{{1,140}}?){_END}"), "ultimate_creditor"),
)
_TIME = re.compile(r"/([A-Z0-9]{1,8})/([01][0-9]|2[0-3])([0-5][0-9])([+-])(0[0-9]|1[0-4])([0-5][0-9])\Z", re.ASCII)
_CODE_LINE = re.compile(r"/([A-Z0-9]{1,8})/(.*)\Z", re.ASCII)


class Fault(Exception):
    """A message is wrong; carries code, reason, place and sentence. Never leaves `read`."""


@lru_cache(maxsize=512)
def _day(text: str) -> str:
    """YYMMDD as YYYY-MM-DD, years 80 to 99 of the last century; "" when it is no date."""
    if not _SIX.match(text):  # of a copied field, whose format nobody has checked
        return ""
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:])).isoformat()
    except ValueError:
        return ""


def day(text: str, tag: str) -> str:
    """YYMMDD as YYYY-MM-DD; raises Fault when it is no date."""
    found = _day(text)
    if not found:
        raise Fault("T50", "DT01", f":{tag}:", "the date is no date")
    return found


def money(text: str, tag: str) -> Money:
    """3!a15d; raises Fault with the code of what is wrong."""
    currency, amount = text[:3], text[3:]
    place = f":{tag}:"
    if currency in tables.COMMODITIES or currency not in EXPONENTS:
        raise Fault("T52", "AM03", place, "the code is not an active ISO 4217 currency")
    if not _AMOUNT.match(amount):
        raise Fault("T40", "AM12", place, "an amount has digits, one comma, and the decimals behind it")
    found = Money.parse(currency, amount, ",")
    if found is None:
        raise Fault("C03", "AM12", place, f"{currency} has {EXPONENTS[currency]} decimals")
    return found


def settlement(
    values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], sender: str, receiver: str, bank: bool
) -> None:
    """32A, and 53a to 55a as section 3 of the translation rules says."""
    text = values["32A"][1]
    day = _day(text[:6])
    if not day:
        raise Fault("T50", "DT01", ":32A:", "the value date is no date")
    fields["settlement_date"] = day
    amount = fields["amount"] = money(text[6:], "32A")
    if not amount.minor:
        raise Fault("D57", "AM01", ":32A:", "the amount is zero")
    if "53" not in values and "54" not in values:
        fields["settlement_method"] = "INDA"
        return
    first = parties.agent(*values["53"]) if "53" in values else (None, None, "")
    second = parties.agent(*values["54"]) if "54" in values else (None, None, "")
    third = parties.agent(*values["55"]) if "55" in values else (None, None, "")
    known = (sender[:8], receiver[:8])
    covers = _covers(values, first, second, known)
    fields["settlement_method"] = "INGA" if first[2] == "C" else "COVE" if covers and not bank else "INDA"
    if covers:
        fields["reimbursement_agents"] = _shortened(first[0], second[0], third[0])
        fields["reimbursement_accounts"] = _shortened(first[1], second[1], third[1])
        return
    fields["settlement_account"] = first[1]
    for tag in ("53", "54", "55"):
        if tag in values and (tag != "53" or first[0] is not None or first[2] == "D" or first[1] is None):
            extra.append((f"mt:{tag}{values[tag][0]}", values[tag][1]))


def _shortened(*found: Any) -> tuple[Any, ...]:
    """What there is, without the places after the last that is taken."""
    last = max((index for index, one in enumerate(found) if one is not None), default=-1)
    return found[: last + 1]


def _covers(values: tables.Values, first: parties.Reading, second: parties.Reading, known: tuple[str, str]) -> bool:
    """Whether the settlement goes through accounts elsewhere."""
    if "53" in values:
        other = first[0] is not None and first[0].bic != "" and first[0].bic[:8] not in known
        return other and first[1] is None
    return second[0] is None or second[0].bic[:8] not in known


def times(texts: Any, fields: dict[str, Any]) -> None:
    found = []
    for text in texts:
        match = _TIME.match(text)
        if match is None:
            raise Fault("T38", "DT01", ":13C:", "a time indication is a code, hhmm and an offset")
        found.append((match[1], f"{match[2]}:{match[3]}:00{match[4]}{match[5]}:{match[6]}"))
    if found:
        fields["settlement_times"] = tuple(found)


def customer(
    values: tables.Values, repeated: dict[str, list[str]], fields: dict[str, Any], extra: list[tuple[str, str]]
) -> None:
    """What only a customer transfer says."""
    fields["kind"] = "credit_transfer"
    fields["charge_bearer"] = tables.BEARERS[values["71A"][1]]
    if values["23B"][1] != "CRED":
        fields["local_instrument"] = values["23B"][1]
    if "33B" in values:
        fields["instructed_amount"] = money(values["33B"][1], "33B")
    if "36" in values:
        if not _RATE.match(values["36"][1]):
            raise Fault("T40", "FF01", ":36:", "a rate has digits and one comma")
        fields["exchange_rate"] = values["36"][1].replace(",", ".").rstrip(".")
    charges(values, repeated, fields)
    instruction_codes(repeated.get("23E", ()), fields)
    _transfer(values, fields, extra, "")
    if "26T" in values:
        fields["purpose"] = values["26T"][1]
    if "77B" in values:
        fields["regulatory"] = tuple(values["77B"][1].split("\n"))
    extra += [(f"mt:{tag}{values[tag][0]}", values[tag][1]) for tag in ("51A", "77T") if tag in values]


def charges(values: tables.Values, repeated: dict[str, list[str]], fields: dict[str, Any]) -> None:
    found = [Charge(money(text, "71F")) for text in repeated.get("71F", ())]
    if "71G" in values:
        found.append(Charge(money(values["71G"][1], "71G"), fields["instructed_agent"]))
    if found:
        fields["charges"] = tuple(found)


def instruction_codes(texts: Any, fields: dict[str, Any]) -> None:
    """23E: where its codes go."""
    levels, purposes, creditor, following = [], [], [], []
    for text in texts:
        code, more = text[:4], text[5:]
        if code == "SDVA":
            levels.append(code)
        elif code in ("INTC", "CORT"):
            purposes.append(code)
        elif code in tables.CREDITOR_AGENT_CODES:
            creditor.append(Instruction(code, more))
        else:
            following.append(Instruction("", f"/{code}/{more}"))
    fields["service_level"] = tuple(levels)
    fields["category_purpose"] = " ".join(purposes)
    fields["instructions_for_creditor_agent"] = tuple(creditor)
    fields["instructions_for_next_agent"] = tuple(following)


def _transfer(values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], sequence: str) -> None:
    """Parties, agents and remittance of a customer transfer or of sequence B of a cover."""
    fields["debtor"], fields["debtor_account"] = parties.party(*values[sequence + "50"])
    fields["creditor"], fields["creditor_account"] = parties.party(*values[sequence + "59"])
    agents(values, fields, sequence)
    if not sequence:
        fields["end_to_end_id"] = "NOTPROVIDED"  # a cover has one of its own in 21
        fields.setdefault("debtor_agent", fields["instructing_agent"])
        fields.setdefault("creditor_agent", fields["instructed_agent"])
    remittance(values.get(sequence + "70", ("", ""))[1], fields)
    if sequence + "72" in values:
        sender_to_receiver(values[sequence + "72"][1], fields)


def agents(values: tables.Values, fields: dict[str, Any], sequence: str) -> None:
    for number, name in (("52", "debtor_agent"), ("57", "creditor_agent")):
        if sequence + number in values:
            fields[name], own, _ = parties.agent(*values[sequence + number])
            if own is not None:
                fields[name + "_account"] = own
    if sequence + "56" in values:
        found, own, _ = parties.agent(*values[sequence + "56"])
        fields["intermediary_agents"] = (found or Agent(),)
        if own is not None:
            fields["intermediary_accounts"] = (own,)


def remittance(text: str, fields: dict[str, Any]) -> None:
    """70: the end-to-end id and the purpose taken out, the rest as lines; code words run over line ends."""
    if not text:
        return
    if "/ROC/" in text or "/PURP/" in text or "/ULT" in text:
        text = text.replace("\n", "")
        for pattern, name in _WORDS:
            if (found := pattern.search(text)) is not None:
                fields[name] = Party(found[1]) if name[0] == "u" else found[1]
                text = text[: found.start()] + text[found.end() :]
        if not text.strip("/"):
            return
        fields["remittance"] = (text[5:] if text.startswith("/URI/") else text,)
    else:
        fields["remittance"] = tuple(text.split("\n"))


_NAMED = {"SVCLVL": "service_level", "LOCINS": "local_instrument", "CATPURP": "category_purpose"}


def sender_to_receiver(text: str, fields: dict[str, Any]) -> None:
    """72: code words with their continuation lines."""
    previous: list[Agent] = []
    creditor = list(fields.get("instructions_for_creditor_agent", ()))
    following = list(fields.get("instructions_for_next_agent", ()))
    intermediaries = list(fields.get("intermediary_agents", ()))
    for code, words in code_words(text):
        if code == "INS":
            previous.append(_named(words))
        elif code == "INTA" and intermediaries:
            intermediaries.append(_named(words))
        elif code in _NAMED and not fields.get(_NAMED[code]):
            fields[_NAMED[code]] = (words,) if code == "SVCLVL" else words
        elif code == "ACC":
            creditor.append(Instruction("", words))
        elif code == "REC":
            following.append(Instruction("", words))
        elif code == "BNF" and fields["kind"] == "fi_transfer":
            fields["remittance"] = (*fields.get("remittance", ()), words)
        else:
            following.append(Instruction("", f"/{code}/{words}" if code else words))
    fields["previous_agents"], fields["intermediary_agents"] = tuple(previous), tuple(intermediaries)
    fields["instructions_for_creditor_agent"], fields["instructions_for_next_agent"] = tuple(creditor), tuple(following)


def code_words(text: str) -> list[tuple[str, str]]:
    """The words of field 72 as (code, text); lines that continue are put together with a blank."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        if found and not (match := _CODE_LINE.match(line)):
            code, words = found[-1]
            found[-1] = (code, f"{words} {line[2:] if line[:2] == '//' else line}".strip())
        else:
            match = _CODE_LINE.match(line)
            found.append((match[1], match[2]) if match else ("", line))
    return found


_BIC = re.compile(tables.compiled(tables.BIC).pattern, re.ASCII)


def _named(words: str) -> Agent:
    return Agent(words) if _BIC.match(words) else Agent(name=words)


def bank(values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], cover: bool) -> None:
    """What only a transfer between institutions says."""
    fields["kind"] = "fi_transfer"
    fields["end_to_end_id"] = values["21"][1]
    agents(values, fields, "")
    fields["debtor_institution"] = fields.pop("debtor_agent", None) or fields["instructing_agent"]
    fields["debtor_account"] = fields.pop("debtor_agent_account", None)
    fields.setdefault("creditor_agent", fields["instructed_agent"])
    fields["creditor_institution"], fields["creditor_account"], _ = parties.agent(*values["58"])
    if "72" in values:
        sender_to_receiver(values["72"][1], fields)
    if cover:
        fields["underlying"] = _underlying(values, fields["amount"])


def _underlying(values: tables.Values, amount: Money) -> Payment:
    fields: dict[str, Any] = {"kind": "credit_transfer", "amount": amount, "source": "MT202COV", "scheme": "swift"}
    if "B33B" in values:
        fields["amount"] = fields["instructed_amount"] = money(values["B33B"][1], "33B")
    extra: list[tuple[str, str]] = []
    _transfer(values, fields, extra, "B")
    return Payment(**fields)
