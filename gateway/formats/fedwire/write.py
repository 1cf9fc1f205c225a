"""Canonical payments to FAIM text, in either writing.

Strategy: a payment is laid out as elements by tag, what it kept from FAIM in `extra` goes over that, tags whose
company is missing are left out, and one printer writes elements variable (with asterisks) or padded. What is lost
is not guessed: `loss` reads the text again and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from gateway.formats.fedwire import parties
from gateway.formats.fedwire.meaning import BEARERS, COVERS, FAMILY, INSTRUMENTS, KIND_INSTRUMENTS
from gateway.formats.fedwire.remittance import elements as remittance_elements
from gateway.formats.fedwire.tables import (
    ADDENDA_END,
    ADDENDA_OLD_MAX,
    BY_NUMBER,
    DEPENDS,
    FIRST,
    ORDER,
    Element,
    Tag,
)
from gateway.model import Account, Agent, Instruction, Party, Payment
from gateway.ports import Writing

TYPES = ("FAIM", "FAIM.padded")
NOBODY = "000000000"  # a routing number that no institution has
IMAD = re.compile(r"(?:19|20)[0-9]{6}[A-Za-z0-9]{8}[0-9]{6}\Z")
_EXTRA = re.compile(r"fedwire:\{([0-9]{4})\}(?:\[([0-9]+)\])?/([a-z0-9_]+)\Z")
_BEARER_CODES = {bearer: code for code, bearer in BEARERS.items()}

Key = tuple[str, int]  # tag, which of that tag
Tags = dict[Key, dict[str, str]]


def message(payment: Payment, type: str, writing: Writing, index: int) -> str:
    """One message."""
    tags = laid_out(payment, writing, index)
    padded = type == "FAIM.padded"
    ordered = sorted(tags, key=lambda key: (_group(key), ORDER[key[0]]))
    return "\n".join(printed(BY_NUMBER[key[0]], tags[key], padded) for key in ordered)


def _group(key: Key) -> tuple[int, int]:
    """Repeated remittance tags follow one another document by document."""
    return (1, key[1]) if BY_NUMBER[key[0]].repeats else (2, 0) if key[0] == "9000" else (0, 0)


def laid_out(payment: Payment, writing: Writing, index: int) -> Tags:
    """The elements of every tag, as wide as they may be."""
    function, type, subtype = INSTRUMENTS.get(
        payment.local_instrument,
        INSTRUMENTS["COVC" if payment.underlying is not None else KIND_INSTRUMENTS[payment.kind]],
    )
    tags: Tags = {
        ("1500", 1): {
            "version": "30",
            "user_correlation": writing.message_id[-8:],
            "environment": "P",
            "duplication": " ",
        },
        ("1510", 1): {"type": type, "subtype": "02" if payment.kind == "return" else subtype},
        ("1520", 1): _imad(accountability(payment, writing, index)),
        ("2000", 1): {"cents": f"{payment.amount.minor:012d}"},
        ("3600", 1): {"business_function": function},
    }
    _participants(payment, writing, tags)
    _references(payment, tags)
    _money(payment, tags)
    _chain(payment, tags)
    _texts(payment, tags)
    if payment.underlying is not None and (function == "CTP" or payment.local_instrument in COVERS):
        _cover(payment.underlying, tags)
    _kept(payment.extra, tags)
    _plus(tags)
    _completed(tags)
    return {key: _cut(key[0], elements) for key, elements in tags.items()}


def accountability(payment: Payment, writing: Writing, index: int) -> str:
    """The IMAD: the payment's own while only the format changes, else date, our terminal and the day's next number.

    Without a terminal, the number is made of the message id: unique, but not without gaps.
    """
    if keeps_its_own(payment, writing):
        return payment.clearing_reference
    date = payment.settlement_date.replace("-", "")
    today = datetime.fromtimestamp(writing.now_ns // 1_000_000_000, UTC).strftime("%Y%m%d")
    cycle = date if len(date) == 8 and date.isdigit() else today
    if writing.terminal:
        return f"{cycle}{writing.terminal}{(writing.files_before + 1 + index) % 1_000_000:06d}"
    digits = "".join(c for c in writing.message_id if c in "0123456789")[-6:] or "0"
    return f"{cycle}{writing.message_id[:8].ljust(8, '0')}{(int(digits) + index) % 1_000_000:06d}"


def keeps_its_own(payment: Payment, writing: Writing) -> bool:
    """Whether a payment has an IMAD, and stays with the sender who gave it."""
    agent = payment.instructing_agent
    passed_on = writing.routing_number and (agent is None or agent.clearing_member != writing.routing_number)
    return IMAD.match(payment.clearing_reference) is not None and not passed_on


def _imad(text: str) -> dict[str, str]:
    return {"cycle_date": text[:8], "source": text[8:16], "sequence": text[16:]}


def member(agent: Agent | None) -> str:
    """The routing number of an institution; "" when it has none."""
    known = agent is not None and agent.clearing_system == "USABA" and len(agent.clearing_member) == 9
    return agent.clearing_member if agent is not None and known and agent.clearing_member.isdigit() else ""


def receiver(payment: Payment) -> Agent | None:
    """Who gets the message: the instructed agent, else the first in the chain that has a routing number."""
    ways = (payment.instructed_agent, *payment.intermediary_agents, payment.creditor_agent)
    if payment.kind == "payment_request":
        ways = (payment.instructed_agent, payment.debtor_agent)
    return next((agent for agent in (*ways, payment.creditor_institution) if member(agent)), None)


def _participants(payment: Payment, writing: Writing, tags: Tags) -> None:
    own, to = payment.instructing_agent, receiver(payment)
    number = writing.routing_number or member(own) or member(payment.debtor_agent) or NOBODY
    name = own.name if own is not None and member(own) == number else ""
    tags["3100", 1] = {"routing_number": number, "short_name": name}
    tags["3400", 1] = {"routing_number": member(to) or NOBODY, "short_name": to.name if to is not None else ""}


def _put(tags: Tags, number: str, elements: dict[str, str]) -> None:
    if any(elements.values()):
        tags[number, 1] = elements


def _references(payment: Payment, tags: Tags) -> None:
    kept = dict(payment.extra)
    _put(tags, "3320", {"reference": payment.instruction_id})
    if payment.end_to_end_id not in ("NOTPROVIDED", kept.get(f"{FAMILY}{{3620}}/end_to_end_id")):
        _put(tags, "4320", {"reference": payment.end_to_end_id})
    original = payment.original.clearing_reference if payment.original is not None else ""
    if payment.kind == "return":
        tags["3500", 1] = {"identifier": original}


def _money(payment: Payment, tags: Tags) -> None:
    if payment.charges or payment.charge_bearer == "CRED":
        charges = {
            f"charge_{n}": f"{charge.amount.currency}{charge.amount.text(',')}"
            for n, charge in enumerate(payment.charges[:4], 1)
        }
        tags["3700", 1] = {"details": _BEARER_CODES.get(payment.charge_bearer, "S"), **charges}
    instructed = payment.instructed_amount
    if instructed is not None:
        tags["3710", 1] = {"currency": instructed.currency, "amount": instructed.text(",")}
        _put(tags, "3720", {"rate": payment.exchange_rate.replace(".", ",")})


def _chain(payment: Payment, tags: Tags) -> None:
    """Parties and institutions; who is the sender or the receiver is not named again."""
    if payment.kind == "payment_request":
        _put(tags, "4400", parties.party_elements(payment.debtor, payment.debtor_account))
        _put(tags, "4200", parties.party_elements(payment.creditor, payment.creditor_account))
        _put(tags, "5000", parties.party_elements(payment.initiating_party, None))
        if member(payment.creditor_agent):
            tags["5400", 1] = {"routing_number": member(payment.creditor_agent)}
    elif payment.kind == "fi_transfer":
        for number, who, account, end in (
            ("4200", payment.creditor_institution, payment.creditor_account, "3400"),
            ("5000", payment.debtor_institution, payment.debtor_account, "3100"),
        ):
            if account is not None or not _is_end(who, tags[end, 1]):
                _put(tags, number, parties.agent_elements(who, account))
    else:
        _put(tags, "4200", parties.party_elements(payment.creditor, payment.creditor_account))
        _put(tags, "5000", parties.party_elements(payment.debtor, payment.debtor_account))
    _institutions(payment, tags)
    if payment.intermediary_agents:
        account = next(iter(payment.intermediary_accounts), None)
        _put(tags, "4000", parties.agent_elements(payment.intermediary_agents[0], account))
    if payment.previous_agents:
        _put(tags, "5200", parties.agent_elements(payment.previous_agents[0], None))
    elif not _is_end(payment.instructing_agent, tags["3100", 1]):
        _put(tags, "5200", parties.agent_elements(payment.instructing_agent, None))


def _institutions(payment: Payment, tags: Tags) -> None:
    """{4100} and {5100}. They are also named for the sake of what stands only with them."""
    kept = {match[1] for path, _ in payment.extra if (match := _EXTRA.match(path))}
    told = payment.instructions_for_creditor_agent or payment.intermediary_agents or kept & {"6200", "6210", "6310"}
    came = payment.previous_agents or not _is_end(payment.instructing_agent, tags["3100", 1])
    for number, who, account, end, asked in (
        ("4100", payment.creditor_agent, payment.creditor_agent_account, "3400", told),
        ("5100", payment.debtor_agent, payment.debtor_agent_account, "3100", came),
    ):
        credited = tags.get(("5400", 1), {}).get("routing_number")
        if payment.kind == "payment_request" and (number == "5100" or (credited == member(who) and not asked)):
            continue
        if account is not None or asked or not _is_end(who, tags[end, 1]):
            _put(tags, number, parties.agent_elements(who, account))


def _is_end(who: Agent | None, end: dict[str, str]) -> bool:
    """Whether an institution is the one of {3100} or {3400}, and nothing else is known of it."""
    if who is None:
        return True
    named = not who.name or who.name == end["short_name"]
    return member(who) == end["routing_number"] and named and who.address is None and not who.bic


def _texts(payment: Payment, tags: Tags) -> None:
    _put(tags, "6000", _lines(payment.remittance, (35, 35, 35, 35)))
    note = (30, 33, 33, 33, 33, 33)
    _put(tags, "6100", _lines(_said(payment.instructions_for_next_agent), note))
    _put(tags, "6300", _lines(_said(payment.instructions_for_creditor_agent), note))
    for tag, number, name, text in remittance_elements(payment.remittance_structured):
        tags.setdefault((tag, number), {})[name] = text


def _said(instructions: Iterable[Instruction]) -> list[str]:
    return [f"/{one.code}/{one.text}" if one.code else one.text for one in instructions]


def _lines(texts: Sequence[str], widths: Sequence[int]) -> dict[str, str]:
    """As they are when they fit, else one after the other, cut where a line is full."""
    texts = [parties.plain(text) for text in texts if text]
    if len(texts) > len(widths) or any(len(text) > width for text, width in zip(texts, widths, strict=False)):
        rest, texts = " ".join(texts), []
        for width in widths:
            texts.append(rest[:width].rstrip())
            rest = rest[width:].lstrip()
    return {f"line_{n}": text for n, text in enumerate(texts, 1) if text}


def _cover(underlying: Payment, tags: Tags) -> None:
    """The customer transfer below, in the SWIFT fields of sequence B."""
    if underlying.instructed_amount is not None:
        money = underlying.instructed_amount
        tags["7033", 1] = {"swift_tag": "33B", "amount": f"{money.currency}{money.text(',')}"}
    for number, swift, who, account in (
        ("7050", "50K", underlying.debtor, underlying.debtor_account),
        ("7059", "59", underlying.creditor, underlying.creditor_account),
    ):
        _put_cover(tags, number, swift, _customer(who, account))
    between = next(iter(underlying.intermediary_agents), None)
    for number, swift, agent in (
        ("7052", "52", underlying.debtor_agent),
        ("7056", "56", between),
        ("7057", "57", underlying.creditor_agent),
    ):
        if agent is not None and agent.bic:
            _put_cover(tags, number, f"{swift}A", [agent.bic, *filter(None, [agent.name])])
        elif agent is not None and agent.name:
            _put_cover(tags, number, f"{swift}D", [agent.name, *parties.lines_of(agent.address)])
    _put_cover(tags, "7070", "70", list(_lines(underlying.remittance, (35,) * 4).values()))
    said = _said(underlying.instructions_for_creditor_agent)
    _put_cover(tags, "7072", "72", list(_lines(said, (35,) * 6).values()))


def _customer(who: Party | None, account: Account | None) -> list[str]:
    named = [who.name, *parties.lines_of(who.address)] if who is not None else []
    return [f"/{account.id}", *named] if account is not None else named


def _put_cover(tags: Tags, number: str, swift: str, texts: list[str]) -> None:
    if texts:
        room = len(BY_NUMBER[number].elements) - 1
        tags[number, 1] = {"swift_tag": swift} | {f"line_{n}": text for n, text in enumerate(texts[:room], 1)}


def _kept(extra: Iterable[tuple[str, str]], tags: Tags) -> None:
    """What was read from FAIM and has no field, where it stood; what the service wrote is the service's to write."""
    for path, text in extra:
        match = _EXTRA.match(path)
        spec = BY_NUMBER.get(match[1]) if match else None
        if match is None or spec is None or (match[1] in FIRST and match[1] != "1500"):
            continue
        if any(element.name == match[3] for element in spec.elements):
            tags.setdefault((match[1], int(match[2] or 1)), {})[match[3]] = text
    if ("5010", 1) in tags and ("5000", 1) in tags and "id_code" not in tags["5000", 1]:
        option = tags["5010", 1]
        named = " ".join(text[2:] for name, text in option.items() if name != "party_id" and text.startswith("1/"))
        if named == tags["5000", 1].get("name"):
            del tags["5000", 1]  # the originator is said by option F


# Tags that only a customer transfer plus has, and the local instrument that they stand for.
_PLUS = (("7", "COVS"), ("825", "RRMT"), ("8200", "NARR"), ("8", "RMTS"))


def _plus(tags: Tags) -> None:
    """A customer transfer with cover or remittance tags is a customer transfer plus, and says which."""
    numbers = {number for number, _ in tags}
    named = next((code for prefix, code in _PLUS if any(number.startswith(prefix) for number in numbers)), "")
    function = tags["3600", 1]
    if function["business_function"] == "CTR" and (named or "5010" in numbers):
        function["business_function"] = "CTP"
    if named and function["business_function"] == "CTP":
        tags.setdefault(("3610", 1), {"local_instrument": named})


def _completed(tags: Tags) -> None:
    """Tags that may not stand without others, and tags without what they must say, are left out."""
    for key in list(tags):
        if any(element.required and not tags[key].get(element.name) for element in BY_NUMBER[key[0]].elements):
            del tags[key]
    if tags.get(("3600", 1), {}).get("business_function") != "SVC":
        tags.pop(("9000", 1), None)
    changed = True
    while changed:
        present = {number for number, _ in tags}
        alone = [n for n, groups in DEPENDS.items() if n in present and any(present.isdisjoint(g) for g in groups)]
        for number in alone:
            del tags[number, 1]
        changed = bool(alone)


def _cut(number: str, elements: dict[str, str]) -> dict[str, str]:
    widths = {element.name: element.width for element in BY_NUMBER[number].elements}
    if number == "8200":
        return elements  # addenda may hold every character
    return {name: parties.plain(text)[: widths[name]] for name, text in elements.items()}


def printed(spec: Tag, elements: dict[str, str], padded: bool) -> str:
    """One tag; in the variable writing, empty elements at its end are left out."""
    if spec.number == "8200":
        return _addenda(elements["addenda"])
    texts = [_element(element, elements.get(element.name, ""), padded) for element in spec.elements]
    while not padded and len(texts) > 1 and texts[-1] == "*":
        texts.pop()
    return f"{{{spec.number}}}{''.join(texts)}"


def _element(element: Element, text: str, padded: bool) -> str:
    return text.ljust(element.width) if element.fixed or padded else f"{text}*"


def _addenda(text: str) -> str:
    """With their length when it fits four digits and nothing else can be taken for their end."""
    if len(text) <= ADDENDA_OLD_MAX:
        return f"{{8200}}{len(text):04d}{text}"
    return f"{{8200}}{text}{ADDENDA_END}"
