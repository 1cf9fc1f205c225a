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
from gateway.model import EXPONENTS, Address, Agent, Charge, Instruction, Money, Party, Payment

_SIX = re.compile(r"[0-9]{6}\Z", re.ASCII)
_RATE = re.compile(r"(?=.{1,12}\Z)[0-9]+,[0-9]*\Z", re.ASCII)
_AMOUNT = re.compile(r"[0-9]+,[0-9]*\Z", re.ASCII)
_END = r"(?://(?=/)|/(?=/)|/?\Z)"  # of a code word in 70: `//` before the next one, or the end
_WORDS = (
    (re.compile(rf"/ROC/(.{{1,35}}?){_END}"), "end_to_end_id"),
    (re.compile(rf"/PURP/([A-Z0-9]{{1,4}}){_END}", re.ASCII), "purpose"),
    (re.compile(rf"/ULTD/(.{{1,140}}?){_END}"), "ultimate_debtor"),
    (re.compile(rf"/ULTB/(.{{1,140}}?){_END}"), "ultimate_creditor"),
    (re.compile(rf"/RELID/(.{{1,35}}?){_END}"), tables.RELATED_REMITTANCE),
)
_CODED = re.compile(r"\A/URI/|/(?:ROC|PURP|ULTD|ULTB|RELID)/")
_TIME = re.compile(r"/([A-Z0-9]{1,8})/([01][0-9]|2[0-3])([0-5][0-9])([+-])(0[0-9]|1[0-4])([0-5][0-9])\Z", re.ASCII)
INTERMEDIARIES_MAX = AGENTS_BEFORE_MAX = 3  # IntrmyAgt1 to 3, PrvsInstgAgt1 to 3
# Who took a charge, where only the amount is said: an agent must be named, and a name needs an address.
UNNAMED: Agent = Agent(name="NOTPROVIDED", address=Address(lines=("NOTPROVIDED",)))
_CODE_LINE = re.compile(r"/([A-Z0-9]{1,8})/(.*)\Z", re.ASCII)


class Fault(Exception):
    """A message is wrong; carries code, reason, place and sentence. Never leaves `read`."""


@lru_cache(maxsize=512)
def calendar_day(text: str) -> str:
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
    found = calendar_day(text)
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
    values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], sender: str, receiver: str, cover: bool
) -> None:
    """32A, and 53a to 55a; what covers another payment is not covered itself, what is covered is an advice."""
    text = values["32A"][1]
    day = calendar_day(text[:6])
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
    fields["settlement_method"] = "INGA" if first[2] == "C" else "COVE" if covers and not cover else "INDA"
    if covers:
        fields["reimbursement_agents"] = _shortened(first[0], second[0], third[0])
        fields["reimbursement_accounts"] = _shortened(first[1], second[1], third[1])
        return
    fields["settlement_account"] = first[1]
    for tag in ("53", "54", "55"):
        if tag in values and (tag != "53" or first[0] is not None or first[2] == "D" or first[1] is None):
            extra.append((f"mt:{tag}{values[tag][0]}", values[tag][1]))


_GPI = re.compile(r"00[1-9]\Z", re.ASCII)


def services(headers: dict[str, str], fields: dict[str, Any], extra: list[tuple[str, str]]) -> None:
    """{103:} and {111:}: the clearing that a copy service settles in, the service level of a service type."""
    system = tables.FIN_COPY.get(headers.get("103", ""), "")
    if system and not fields.get("reimbursement_agents"):
        fields["settlement_method"], fields["clearing_system"] = "CLRG", system
        extra.remove(("mt:{103}", headers["103"]))
    if _GPI.match(headers.get("111", "")):
        fields["service_level"] = (f"G{headers['111']}",)
        extra.remove(("mt:{111}", headers["111"]))


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
        time = f"{match[2]}:{match[3]}:00{match[4]}{match[5]}:{match[6]}"
        found.append((match[1], f"{fields['settlement_date']}T{time}" if match[1] in tables.INSTANTS else time))
    if found:
        fields["settlement_times"] = tuple(found)


def customer(
    values: tables.Values, repeated: dict[str, list[str]], fields: dict[str, Any], extra: list[tuple[str, str]]
) -> None:
    """What only a customer transfer says."""
    fields["kind"] = "credit_transfer"
    fields["charge_bearer"] = tables.BEARERS[values["71A"][1]]
    if values["23B"][1] != "CRED":
        extra.append((tables.LOCAL_INSTRUMENT, values["23B"][1]))
    if "33B" in values:
        fields["instructed_amount"] = money(values["33B"][1], "33B")
    if "36" in values:
        if not _RATE.match(values["36"][1]):
            raise Fault("T40", "FF01", ":36:", "a rate has digits and one comma")
        fields["exchange_rate"] = values["36"][1].replace(",", ".").rstrip(".")
    charges(values, repeated, fields)
    instruction_codes(repeated.get("23E", ()), fields, extra)
    _transfer(values, fields, extra, "")
    if "26T" in values:
        extra.append((tables.PURPOSE, values["26T"][1]))
    if "77B" in values:
        fields["regulatory"] = regulatory(values["77B"][1], extra)
    extra += [(f"mt:{tag}", values[tag][1]) for tag in ("51A", "77T") if tag in values]


def charges(values: tables.Values, repeated: dict[str, list[str]], fields: dict[str, Any]) -> None:
    found = [Charge(money(text, "71F"), UNNAMED) for text in repeated.get("71F", ())]
    if "71G" in values:
        found.append(Charge(money(values["71G"][1], "71G"), fields["instructed_agent"]))
    if found:
        fields["charges"] = tuple(found)


_REPORTING = re.compile(r"/(ORDERRES|BENEFRES)/([A-Z]{2})(?://(.*)|/?)\Z", re.ASCII)


def regulatory(text: str, extra: list[tuple[str, str]]) -> tuple[str, ...]:
    """77B: who reports and for which country taken out of its first line, the rest as lines."""
    first, *more = text.split("\n")
    found = _REPORTING.match(first)
    if found is None:
        return (first, *more)
    extra += [(tables.REPORTING_SIDE, tables.RESIDENCE[found[1]]), (tables.REPORTING_COUNTRY, found[2])]
    lines = [found[3] or "", *(line.removeprefix("//") for line in more)]
    return tuple(line for line in lines if line)


def instruction_codes(texts: Any, fields: dict[str, Any], extra: list[tuple[str, str]] | None = None) -> None:
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
    fields["service_level"] = (*fields.get("service_level", ()), *levels)
    if len(purposes) == 1 or extra is None:
        fields["category_purpose"] = " ".join(purposes)
    elif purposes:
        extra.append((tables.CATEGORY_PURPOSE, " ".join(purposes)))
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
    remittance(values.get(sequence + "70", ("", ""))[1], fields, extra)
    if sequence + "72" in values:
        sender_to_receiver(values[sequence + "72"][1], fields, extra)


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


def remittance(text: str, fields: dict[str, Any], extra: list[tuple[str, str]] | None = None) -> None:
    """70: what code words name taken out, the rest as lines; code words run over line ends."""
    if not text:
        return
    if _CODED.search(text) is None:
        fields["remittance"] = tuple(text.split("\n"))
        return
    text = text.replace("\n", "")
    for pattern, name in _WORDS:
        if (found := pattern.search(text)) is not None:
            if ":" in name:
                if extra is None:
                    continue
                extra.append((name, found[1]))
            else:
                fields[name] = _placed(found[1]) if name[0] == "u" else found[1]
            text = text[: found.start()] + text[found.end() :]
    if text.strip("/"):
        fields["remittance"] = (text[5:] if text.startswith("/URI/") else text,)


_PLACED = re.compile(r"(.{1,140}?)/([A-Z]{2})(?: (.{1,35}))?\Z")


def _placed(text: str) -> Party:
    """A party of 70: its name, and behind a slash country and town."""
    found = _PLACED.match(text)
    return Party(found[1], Address(country=found[2], town=found[3] or "")) if found else Party(text)


_NAMED = {"SVCLVL": "service_level", "CATPURP": "category_purpose"}
_KEPT = {"SVCLVL": tables.SERVICE_LEVEL, "LOCINS": tables.LOCAL_INSTRUMENT, "CATPURP": tables.CATEGORY_PURPOSE}
_CODE = re.compile(r"[A-Z0-9]{1,4}\Z", re.ASCII)
_FOR_CREDITOR_AGENT = frozenset(("UDLC",))  # of a transfer between banks: kept with its code word


def sender_to_receiver(text: str, fields: dict[str, Any], extra: list[tuple[str, str]] | None = None) -> None:
    """72: code words with their continuation lines."""
    previous: list[Agent] = []
    creditor = list(fields.get("instructions_for_creditor_agent", ()))
    following = list(fields.get("instructions_for_next_agent", ()))
    intermediaries = list(fields.get("intermediary_agents", ()))
    banks = fields["kind"] == "fi_transfer"
    for code, words in code_words(text):
        if code == "INS" and len(previous) < AGENTS_BEFORE_MAX:
            previous.append(_named(words))
        elif code == "INTA" and intermediaries and len(intermediaries) < INTERMEDIARIES_MAX:
            intermediaries.append(_named(words))
        elif code in _KEPT and _typed(code, words, fields, extra):
            continue
        elif code == "ACC":
            creditor.append(Instruction("", words))
        elif code == "REC":
            following.append(Instruction("", words))
        elif banks and code == "PURP" and _CODE.match(words) and not fields.get("purpose"):
            fields["purpose"] = words
        elif banks and code in ("PHOB", "TELB"):
            creditor.append(Instruction(code, words))
        elif banks and code in _FOR_CREDITOR_AGENT:
            creditor.append(Instruction("", f"/{code}/{words}"))
        elif banks and code == "BNF":
            fields["remittance"] = (*fields.get("remittance", ()), words)
        else:
            following.append(Instruction("", f"/{code}/{words}" if code else words))
    fields["previous_agents"], fields["intermediary_agents"] = tuple(previous), tuple(intermediaries)
    fields["instructions_for_creditor_agent"], fields["instructions_for_next_agent"] = tuple(creditor), tuple(following)


def _typed(code: str, words: str, fields: dict[str, Any], extra: list[tuple[str, str]] | None) -> bool:
    """Whether a code word says a part of the payment type that nothing else has said: a listed code, or a text."""
    name, path = _NAMED.get(code, ""), _KEPT[code]
    said = (name and fields.get(name)) or any(one == path for one, _ in extra or ())
    if said or len(words) > 35 or not words:
        return False
    if name and _CODE.match(words):
        fields[name] = (words,) if code == "SVCLVL" else words
        return True
    if extra is None:
        return False
    extra.append((path, words))
    return True


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
    """An agent of 72: a BIC, or a name, which cross-border rules let stand only beside an address."""
    return Agent(words) if _BIC.match(words) else Agent(name=words, address=UNNAMED.address)


def bank(values: tables.Values, fields: dict[str, Any], extra: list[tuple[str, str]], cover: bool) -> None:
    """What only a transfer between institutions says."""
    fields["kind"] = "fi_transfer"
    fields["end_to_end_id"] = values["21"][1]
    agents(values, fields, "")
    fields["debtor_institution"] = fields.pop("debtor_agent", None) or fields["instructing_agent"]
    fields["debtor_account"] = fields.pop("debtor_agent_account", None)
    fields["creditor_institution"], fields["creditor_account"], _ = parties.agent(*values["58"])
    creditor, receiver = fields["creditor_institution"], fields["instructed_agent"]
    if creditor is None or creditor.bic[:8] != receiver.bic[:8]:  # else the receiver is paid, and keeps no account
        fields.setdefault("creditor_agent", receiver)
    if "72" in values:
        sender_to_receiver(values["72"][1], fields, extra)
    if cover:
        fields["underlying"] = _underlying(values, fields["amount"])


def _underlying(values: tables.Values, amount: Money) -> Payment:
    fields: dict[str, Any] = {"kind": "credit_transfer", "amount": amount, "source": "MT202COV", "scheme": "swift"}
    if "B33B" in values:
        fields["amount"] = fields["instructed_amount"] = money(values["B33B"][1], "33B")
    extra: list[tuple[str, str]] = []
    _transfer(values, fields, extra, "B")
    return Payment(**fields, extra=tuple(extra))
