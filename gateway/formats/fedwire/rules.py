"""What holds between the tags of one message: what must stand, what may not, what goes with what.

Strategy: the tables say it, this module asks. A message as it is sent lacks what the Fedwire service adds; one as it
was delivered begins with {1100}, {1110} or {1120} and may lack {1500}.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.formats.fedwire.scan import Message
from gateway.formats.fedwire.tables import BY_NUMBER, DEPENDS, MANDATORY, NEEDED, PREVIOUS, TYPES
from gateway.model import Money, Refusal

DELIVERED = ("1100", "1110", "1120")
# What the door says of the kind of message: senders that leave the IMAD to the service.
WITHOUT_IMAD = "FAIM.advantage"

# Tags whose code may be PROP: the code, and the element that says it then.
PROPRIETARY = {
    "3610": ("local_instrument", "proprietary"),
    "8400": ("document_type", "proprietary_type"),
    "8700": ("document_type", "proprietary_type"),
}
# Money elements: tag -> (currency element, amount element); "" when both stand in one.
AMOUNTS = (
    ("3700", "", "charge_1"),
    ("3700", "", "charge_2"),
    ("3700", "", "charge_3"),
    ("3700", "", "charge_4"),
    ("3710", "currency", "amount"),
    ("8450", "currency", "amount"),
    ("8500", "currency", "amount"),
    ("8550", "currency", "amount"),
    ("8600", "currency", "amount"),
)


def check(message: Message, type: str = "") -> list[Refusal]:
    """Everything that is wrong with a message, what is written wrongly first."""
    found = list(message.faults)
    numbers = {tag.number for tag in message.tags}
    if not found:
        found += _missing(numbers, type)
    if not found:
        found += {(fault.code, fault.place): fault for fault in _between(message, numbers)}.values()
    return found


def _refusal(code: str, place: str, text: str, reason: str = "FF01") -> Refusal:
    return Refusal(code, reason, place, text)


def _name(number: str) -> str:
    return f"{{{number}}} {BY_NUMBER[number].name}"


def _missing(numbers: set[str], type: str) -> Iterator[Refusal]:
    delivered = any(number in numbers for number in DELIVERED)
    for number in MANDATORY:
        optional = (number == "1500" and delivered) or (number == "1520" and type == WITHOUT_IMAD)
        if number not in numbers and not optional:
            yield _refusal("FAIM-MISSING", f"{{{number}}}", f"{_name(number)} is missing; every message has it")


def _between(message: Message, numbers: set[str]) -> Iterator[Refusal]:
    yield from _repeated(message)
    function = message.text("3600", "business_function")
    kind = message.text("1510", "type") + message.text("1510", "subtype")
    if kind not in TYPES[function]:
        allowed = " ".join(sorted(TYPES[function]))
        yield _refusal("FAIM-TYPE", "{1510}", f"{kind} does not go with {function}; expected one of {allowed}")
    needed = [*NEEDED.get(function, ()), *((("3500",),) if kind[2:] in PREVIOUS else ())]
    for either in needed:
        if numbers.isdisjoint(either):
            text = f"{' or '.join(map(_name, either))} is missing; {function} {kind} needs it"
            yield _refusal("FAIM-MISSING", f"{{{either[0]}}}", text)
    for number, groups in DEPENDS.items():
        for either in groups if number in numbers else ():
            if numbers.isdisjoint(either):
                text = f"{' or '.join(map(_name, either))} is missing; {_name(number)} stands only with it"
                yield _refusal("FAIM-MISSING", f"{{{either[0]}}}", text)
    yield from _service(function, numbers)
    yield from _amounts(message, kind)
    yield from _identified(message)


def _repeated(message: Message) -> Iterator[Refusal]:
    seen: set[str] = set()
    for tag in message.tags:
        if tag.number in seen and not BY_NUMBER[tag.number].repeats:
            place = f"{{{tag.number}}} at character {tag.place}"
            yield _refusal("FAIM-REPEATED", place, f"{_name(tag.number)} stands once in a message")
        seen.add(tag.number)


def _service(function: str, numbers: set[str]) -> Iterator[Refusal]:
    if "9000" in numbers and function != "SVC":
        text = f"{_name('9000')} stands only in a message with business function SVC, not {function}"
        yield _refusal("FAIM-PROHIBITED", "{9000}", text)


def _amounts(message: Message, kind: str) -> Iterator[Refusal]:
    if not message.text("2000", "cents").strip("0") and kind[2:] != "90":
        text = f"the amount is zero; expected more, since only subtype 90 may have none and this is {kind[2:]}"
        yield _refusal("FAIM-AMOUNT", "{2000}", text, "AM01")
    for number, currency, element in AMOUNTS:
        for tag in message.tags:
            if tag.number != number:
                continue
            said = tag.get(element)
            code, amount = (tag.get(currency), said) if currency else (said[:3], said[3:])
            if said and Money.parse(code, amount.replace(",", ".")) is None:
                place = f"{{{number}}} at character {tag.place}, element {element}"
                yield _refusal("FAIM-AMOUNT", place, f"{amount[:20]} is not an amount of {code}", "AM12")


def _identified(message: Message) -> Iterator[Refusal]:
    """A code without what it says, or the other way round."""
    for tag in message.tags:
        spec = BY_NUMBER[tag.number]
        place = f"{{{tag.number}}} at character {tag.place}"
        if spec.elements[0].name == "id_code" and bool(tag.get("id_code").strip()) != bool(tag.get("identifier")):
            text = "an identification code and an identifier stand together"
            yield _refusal("FAIM-ELEMENT", f"{place}, element identifier", text, "BE01")
        code, own = PROPRIETARY.get(tag.number, ("", ""))
        if code and (tag.get(code) == "PROP") != bool(tag.get(own)):
            text = "a proprietary code stands with PROP and only with PROP"
            yield _refusal("FAIM-ELEMENT", f"{place}, element {own}", text)
