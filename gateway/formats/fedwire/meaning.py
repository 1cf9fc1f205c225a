"""FAIM messages to canonical payments.

Strategy: all elements are leaves in a basket; what has a field of the model is taken out of it, what is left when
all are done stands in `extra` as `fedwire:{tag}/element`. What follows from the rest (a type and function that the
local instrument implies, an institution that is the sender) is not said twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.formats.fedwire import parties
from gateway.formats.fedwire.remittance import structured
from gateway.formats.fedwire.scan import Message
from gateway.formats.fedwire.tables import BY_NUMBER, MOVES_MONEY, REQUESTS, REVERSALS
from gateway.model import Account, Address, Agent, Charge, Instruction, Money, Notice, Original, Party, Payment

SCHEME = "fedwire"
FAMILY = "fedwire:"
BEARERS = {"B": "CRED", "S": "SHAR"}
# What a local instrument implies: business function, type, subtype.
INSTRUMENTS: dict[str, tuple[str, str, str]] = {
    "CTRC": ("CTR", "10", "00"),
    "CTRS": ("CTR", "16", "00"),
    "CTRD": ("DRW", "10", "32"),
    "BTRC": ("BTR", "10", "00"),
    "BTRS": ("BTR", "16", "00"),
    "BTRD": ("DRW", "16", "32"),
    "COVC": ("CTP", "10", "00"),
    "COVS": ("CTP", "16", "00"),
    "DRRC": ("DRC", "10", "31"),
    "DRRB": ("DRB", "16", "31"),
}
COVERS = ("COVC", "COVS")
# Cover fields that are written with one option of the SWIFT field.
SWIFT_TAGS = {"{7050}": "50K", "{7059}": "59", "{7070}": "70", "{7072}": "72"}
# What a payment of each kind is when it says nothing else.
KIND_INSTRUMENTS = {
    "credit_transfer": "CTRC",
    "fi_transfer": "BTRC",
    "return": "CTRC",
    "payment_request": "DRRC",
}

Leaves = dict[tuple[str, str], str]  # ("{8400}", "issuer") -> text; a repeated tag is "{8400}[2]"


def leaves(message: Message) -> Leaves:
    """Every element that says something."""
    found: Leaves = {}
    counts: dict[str, int] = {}
    for tag in message.tags:
        counts[tag.number] = count = counts.get(tag.number, 0) + 1
        key = f"{{{tag.number}}}" if count == 1 else f"{{{tag.number}}}[{count}]"
        for element, value in zip(BY_NUMBER[tag.number].elements, tag.values, strict=False):
            if value.strip():
                found[key, element.name] = value
    return found


def group(basket: Leaves, tag: str) -> dict[str, str]:
    """Take all elements of a tag."""
    found = {name: value for (key, name), value in basket.items() if key == tag}
    for name in found:
        del basket[tag, name]
    return found


def lines(basket: Leaves, tag: str) -> tuple[str, ...]:
    """Take the lines of a tag, empty ones left out."""
    return tuple(value for name, value in group(basket, tag).items() if name.startswith("line_"))


def moves(message: Message) -> bool:
    """Whether the message moves money or asks for it; the others are valid and open no payment."""
    return message.text("1510", "subtype") in MOVES_MONEY | REQUESTS


def imad(message: Message) -> str:
    """The input message accountability data in one: what the sender calls the message."""
    tag = message.first("1520")
    return "".join(tag.values) if tag is not None else ""


def payment(message: Message, place: str) -> Payment:
    """The payment of a checked message that moves or asks for money."""
    basket = leaves(message)
    basket.pop(("{1500}", "version"), None)
    if basket.get(("{1500}", "environment")) == "P":
        del basket["{1500}", "environment"]
    cover = "COV" in (basket.get(("{3600}", "transaction_type")), basket.get(("{3610}", "local_instrument"), "")[:3])
    fields = _kind(basket, cover)
    fields["place"], fields["source"], fields["scheme"] = place, "FAIM", SCHEME
    name = imad(message)
    if name:
        fields["identity"] = fields["clearing_reference"] = name
        fields["settlement_date"] = f"{name[:4]}-{name[4:6]}-{name[6:8]}"
        group(basket, "{1520}")
    fields["settlement_method"], fields["clearing_system"] = "CLRG", "FDW"
    fields["amount"] = Money("USD", int(basket.pop(("{2000}", "cents"))))
    _references(basket, fields)
    _money(basket, fields)
    _ends(basket, fields)
    _chain(basket, fields)
    _texts(basket, fields)
    if cover:
        fields["underlying"] = _underlying(basket, fields["amount"])
    fields["extra"] = tuple((f"{FAMILY}{tag}/{name}", value) for (tag, name), value in basket.items())
    return Payment(**fields)


def notice(message: Message, place: str) -> Notice:
    """A message that moves no money, kept whole: what is said in {9000} or in the lines of {6100} and {6400}."""
    basket = leaves(message)
    name = imad(message)
    group(basket, "{1520}")
    text = lines(basket, "{9000}")
    return Notice(
        "document",
        name,
        text=text,
        place=place,
        source="FAIM",
        scheme=SCHEME,
        identity=name,
        extra=tuple((f"{FAMILY}{tag}/{name}", value) for (tag, name), value in basket.items()),
    )


def _kind(basket: Leaves, cover: bool) -> dict[str, Any]:
    """Kind and local instrument; what the instrument implies is taken out."""
    function, type = basket["{3600}", "business_function"], basket["{1510}", "type"]
    subtype = basket["{1510}", "subtype"]
    settlement = type == "16"
    if function in ("CTR", "CTP") and not cover:
        kind, instrument = "credit_transfer", "CTRS" if settlement else "CTRC"
    elif function == "CTP":
        kind, instrument = "fi_transfer", "COVS" if settlement else "COVC"
    elif function == "DRW":
        kind, instrument = ("fi_transfer", "BTRD") if settlement else ("credit_transfer", "CTRD")
    elif function in ("DRB", "DRC"):
        kind, instrument = "payment_request", "DRRB" if function == "DRB" else "DRRC"
    else:
        kind, instrument = "fi_transfer", "BTRS" if settlement else "BTRC"
    for (tag, name), implied in zip(
        (("{3600}", "business_function"), ("{1510}", "type"), ("{1510}", "subtype")),
        INSTRUMENTS[instrument],
        strict=True,
    ):
        if basket[tag, name] == implied:
            del basket[tag, name]
    if subtype in REVERSALS:
        original = Original(clearing_reference=basket.pop(("{3500}", "identifier"), ""))
        basket.setdefault(("{3600}", "business_function"), function)
        return {"kind": "return", "local_instrument": instrument, "original": original}
    return {"kind": kind, "local_instrument": instrument}


def _references(basket: Leaves, fields: dict[str, Any]) -> None:
    fields["instruction_id"] = basket.pop(("{3320}", "reference"), "")
    notified = basket.get(("{3620}", "end_to_end_id"), "")
    fields["end_to_end_id"] = basket.pop(("{4320}", "reference"), "") or notified


def _money(basket: Leaves, fields: dict[str, Any]) -> None:
    """Charges, instructed amount, rate."""
    charges = group(basket, "{3700}")
    fields["charge_bearer"] = BEARERS.get(charges.pop("details", ""), "")
    fields["charges"] = tuple(Charge(money) for text in charges.values() if (money := amount(text[:3], text[3:])))
    if instructed := group(basket, "{3710}"):
        fields["instructed_amount"] = amount(instructed["currency"], instructed["amount"])
    fields["exchange_rate"] = basket.pop(("{3720}", "rate"), "").replace(",", ".").rstrip(".")


def amount(currency: str, text: str) -> Money | None:
    """An amount with a comma or a point."""
    return Money.parse(currency, text.replace(",", "."))


def _participant(basket: Leaves, tag: str) -> Agent:
    own = group(basket, tag)
    return Agent(clearing_system="USABA", clearing_member=own["routing_number"], name=own.get("short_name", ""))


def _ends(basket: Leaves, fields: dict[str, Any]) -> None:
    """Who sends and receives, who pays and is paid."""
    sender, receiver = _participant(basket, "{3100}"), _participant(basket, "{3400}")
    fields["instructing_agent"], fields["instructed_agent"] = sender, receiver
    if fields["kind"] == "payment_request":
        _drawdown(basket, fields, receiver)
    elif fields["kind"] == "fi_transfer":
        for tag, side, implied in (("{4200}", "creditor", receiver), ("{5000}", "debtor", sender)):
            own = _only_agent(basket, tag)
            fields[f"{side}_institution"], fields[f"{side}_account"] = own[0] or implied, own[1]
    else:
        fields["creditor"], fields["creditor_account"] = parties.party(group(basket, "{4200}"))
        fields["debtor"], fields["debtor_account"] = _debtor(basket)


def _only_agent(basket: Leaves, tag: str) -> tuple[Agent | None, Account | None]:
    """An institution; a code that only persons have is kept beside it."""
    elements = group(basket, tag)
    if elements.get("id_code", "") in "123459" and "id_code" in elements:
        basket[tag, "id_code"] = elements["id_code"]
    return parties.agent(elements)


def _debtor(basket: Leaves) -> tuple[Party | None, Account | None]:
    """{5000}, or what option F says; option F stays beside it, since its numbered lines have no field."""
    if any(tag == "{5000}" for tag, _ in basket):
        return parties.party(group(basket, "{5000}"))
    option = [value for (tag, _), value in basket.items() if tag == "{5010}"]
    name = " ".join(text[2:] for text in option[1:] if text.startswith("1/"))
    address = tuple(text[2:] for text in option[1:] if text[:2] in ("2/", "3/"))
    account = Account(option[0][1:]) if option and option[0].startswith("/") else None
    elements = {"name": name, **{f"address_{n}": line for n, line in enumerate(address, 1)}}
    return parties.party(elements)[0], account


def _drawdown(basket: Leaves, fields: dict[str, Any], receiver: Agent) -> None:
    """The account to be debited is at the receiver; what comes of it goes to {5400} for {4200}."""
    fields["debtor"], fields["debtor_account"] = parties.party(group(basket, "{4400}"))
    fields["debtor_agent"] = receiver
    fields["creditor"], fields["creditor_account"] = parties.party(group(basket, "{4200}"))
    credited = basket.get(("{5400}", "routing_number"), "")
    if credited:
        fields["creditor_agent"] = Agent(clearing_system="USABA", clearing_member=credited)
    asking = group(basket, "{5000}")
    fields["initiating_party"], account = parties.party(asking)
    if account is not None:
        basket["{5000}", "id_code"], basket["{5000}", "identifier"] = asking["id_code"], asking["identifier"]


def _chain(basket: Leaves, fields: dict[str, Any]) -> None:
    """The institutions between; those of a customer transfer that are not named are sender and receiver."""
    creditor, fields["creditor_agent_account"] = _only_agent(basket, "{4100}")
    fields["creditor_agent"] = creditor or fields.get("creditor_agent")
    if fields["kind"] != "payment_request":
        fields["debtor_agent"], fields["debtor_agent_account"] = _only_agent(basket, "{5100}")
    if fields["kind"] in ("credit_transfer", "return"):
        fields["creditor_agent"] = fields["creditor_agent"] or fields["instructed_agent"]
        fields["debtor_agent"] = fields["debtor_agent"] or fields["instructing_agent"]
    between, account = _only_agent(basket, "{4000}")
    if between is not None:
        fields["intermediary_agents"] = (between,)
        fields["intermediary_accounts"] = (account,) if account is not None else ()
    instructing = {name: value for (tag, name), value in basket.items() if tag == "{5200}"}
    previous, account = parties.agent(instructing)
    if previous is not None:
        kept = (
            {"id_code", "identifier"} if account is not None or instructing.get("id_code", "B") in "123459" else set()
        )
        for name in instructing.keys() - kept:
            del basket["{5200}", name]
        fields["previous_agents"] = (previous,)


def _texts(basket: Leaves, fields: dict[str, Any]) -> None:
    """Remittance and instructions."""
    fields["remittance"] = lines(basket, "{6000}")
    fields["instructions_for_next_agent"] = tuple(Instruction("", line) for line in lines(basket, "{6100}"))
    fields["instructions_for_creditor_agent"] = tuple(Instruction("", line) for line in lines(basket, "{6300}"))
    fields["remittance_structured"] = structured(basket)


def _underlying(basket: Leaves, whole: Money) -> Payment:
    """The customer transfer that a cover payment pays for, as its SWIFT fields say it."""
    fields: dict[str, Any] = {"source": "FAIM", "scheme": SCHEME}
    said = basket.get(("{7033}", "amount"), "")
    instructed = amount(said[:3], said[3:])
    if instructed is not None:
        del basket["{7033}", "amount"]
        if basket.get(("{7033}", "swift_tag")) == "33B":
            del basket["{7033}", "swift_tag"]
        fields["instructed_amount"] = instructed
    for tag, side in (("{7050}", "debtor"), ("{7059}", "creditor")):
        own = list(lines_and_tag(basket, tag))
        account = Account(own.pop(0)[1:]) if own and own[0][:1] == "/" and len(own[0]) > 1 else None
        fields[side] = Party(own[0], _below(own)) if own else None
        fields[f"{side}_account"] = account
    for tag, name in (("{7052}", "debtor_agent"), ("{7057}", "creditor_agent")):
        fields[name] = cover_agent(lines_and_tag(basket, tag))
    between = cover_agent(lines_and_tag(basket, "{7056}"))
    fields["intermediary_agents"] = (between,) if between is not None else ()
    fields["remittance"] = lines_and_tag(basket, "{7070}")
    fields["instructions_for_creditor_agent"] = tuple(Instruction("", line) for line in lines_and_tag(basket, "{7072}"))
    return Payment("credit_transfer", instructed or whole, **fields)


def lines_and_tag(basket: Leaves, tag: str) -> tuple[str, ...]:
    """Take the lines of a cover field; the SWIFT tag stays in the basket when it is not the usual one."""
    kept = basket.get((tag, "swift_tag"), "")
    found = lines(basket, tag)
    if kept and kept != SWIFT_TAGS.get(tag):
        basket[tag, "swift_tag"] = kept
    return found


def cover_agent(said: tuple[str, ...]) -> Agent | None:
    """An institution as field 52, 56 or 57 says it: a BIC, or name and address."""
    if not said:
        return None
    if parties.BIC.match(said[0]):
        return Agent(said[0], name=" ".join(said[1:]))
    return Agent(name=said[0], address=_below(said))


def _below(said: Sequence[str]) -> Address | None:
    """The lines below a name."""
    return Address(lines=tuple(said[1:])) if len(said) > 1 else None
