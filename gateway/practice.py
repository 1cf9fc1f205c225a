"""Rule sets of market practice where messages come in and where they leave: `rules: [cbpr-2026]` of an endpoint.

Strategy: what comes in is held to the sets right after it was read. What is sent is written, read again and held to
the same sets before the money moves, so that the receiver's own check finds nothing that ours did not; it costs one
writing and one reading of each payment, and only where an endpoint has sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, cast

from msgspec import structs

from gateway import formats
from gateway.addresses import Form
from gateway.config.records import Identity
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022 import rules
from gateway.model import Agent, Payment, Refusal
from gateway.ports import Codec, Decoded, Frame, Writing

TRIAL = "FO00000000000000"  # the id of a message that is written only to be looked at
UNSTRUCTURED_UNTIL = 2025  # the last year whose sets take addresses in lines


class Heading(Protocol):
    """A codec that puts a business header around what it wrote."""

    def wrap(self, frame: Frame, writing: Writing, service: str = "") -> Frame: ...


def chosen(names: Sequence[str]) -> list[rules.RuleSet]:
    """The sets of these names. Raises ValueError when there is none of a name."""
    known = formats.rule_sets()
    for name in names:
        if name not in known:
            raise ValueError(f"no rule set {name!r}; known are {', '.join(sorted(known))}")
    return [known[name] for name in names]


def holding(names: Sequence[str]) -> Callable[[Decoded], Decoded] | None:
    """What holds messages to the sets; None without any."""
    sets = chosen(names)
    if not sets:
        return None
    return lambda decoded: rules.hold(decoded, sets) if not decoded.refusals else decoded


def address_form(wanted: str, names: Sequence[str]) -> Form | None:
    """What a route makes of addresses: what it says, else what the sets ask for."""
    if wanted == "as_is":
        return None
    if wanted:
        return cast(Form, wanted)
    return "hybrid" if any(one.year > UNSTRUCTURED_UNTIL for one in chosen(names)) else None


def heading(writer: Codec, names: Sequence[str]) -> Callable[[Frame, Payment, Writing], Frame] | None:
    """What puts a header around what is sent, where a set asks for one."""
    headed = next((one for one in chosen(names) if one.headed), None)
    if headed is None or not hasattr(writer, "wrap"):
        return None
    service = headed.service

    def head(frame: Frame, payment: Payment, writing: Writing) -> Frame:
        return cast(Heading, writer).wrap(frame, addressed(payment, writing), _service(service, payment))

    return head


def answering(names: Sequence[str]) -> Callable[[Codec, Frame, Writing], Frame] | None:
    """The same for answers: to whom the message came from, in the service of the set."""
    headed = next((one for one in chosen(names) if one.headed), None)
    if headed is None:
        return None
    service = headed.service
    return lambda codec, frame, writing: (
        cast(Heading, codec).wrap(frame, writing, service) if hasattr(codec, "wrap") else frame
    )


def leg(names: Sequence[str], identity: Identity) -> Callable[[Payment], Payment] | None:
    """What makes our instruction of a payment that we were instructed with; for sets that ask for a header."""
    if not identity.bic or not any(one.headed for one in chosen(names)):
        return None
    return lambda payment: next_leg(payment, identity.bic)


def next_leg(payment: Payment, own: str) -> Payment:
    """Ours is now the instructing agent, the next in the chain the instructed one; who instructed us stays named.

    Where we are not the instructed agent, or nobody comes after us, the payment is as it was.
    """
    before, here = payment.instructing_agent, payment.instructed_agent
    chain = (*payment.intermediary_agents, *((payment.creditor_agent,) if payment.creditor_agent is not None else ()))
    if here is None or here.bic[:8] != own[:8] or not chain or not chain[0].bic or chain[0].bic[:8] == own[:8]:
        return payment
    debtor_bank = payment.debtor_agent.bic[:8] if payment.debtor_agent is not None else ""
    named = before is None or not before.bic or before.bic[:8] == debtor_bank
    return structs.replace(
        payment,
        instructing_agent=Agent(own),
        instructed_agent=Agent(chain[0].bic),
        intermediary_agents=payment.intermediary_agents[1:],
        intermediary_accounts=payment.intermediary_accounts[1:],
        previous_agents=payment.previous_agents if named else (*payment.previous_agents, before),
    )


def _service(service: str, payment: Payment) -> str:
    """A cover payment has a service of its own, swift.cbprplus.cov.03."""
    name, _, release = service.rpartition(".")
    return f"{name}.cov.{release}" if name and payment.underlying is not None else service


def addressed(payment: Payment, writing: Writing) -> Writing:
    """Who the header names: the payment's own instructing and instructed agent where it has them."""
    sender = payment.instructing_agent.bic if payment.instructing_agent is not None else ""
    to = payment.instructed_agent or payment.creditor_agent
    return structs.replace(
        writing, sender=sender or writing.sender, receiver=writing.receiver or (to.bic if to is not None else "")
    )


def breaking(
    writer: Codec, type: str, names: Sequence[str], identity: Identity
) -> Callable[[Payment], Refusal | None] | None:
    """The first rule that a payment would break as the writer writes it; None without sets."""
    sets = chosen(names)
    if not sets:
        return None
    head = heading(writer, names)
    writing = Writing(TRIAL, 0, identity.bic, "", identity.routing_number)

    def broken(payment: Payment) -> Refusal | None:
        frame = writer.encode([payment], type, writing)
        if head is not None:
            frame = head(frame, payment, writing)
        found = rules.hold(ISO.decode(frame.data), sets)
        first = next(iter((*found.refusals, *_refused(found.records))), None)
        return None if first is None else structs.replace(first, record=payment.end_to_end_id, extra=())

    return broken


def _refused(records: Sequence[Any]) -> list[Refusal]:
    return [record for record in records if isinstance(record, Refusal)]


def held_parts(parts: Iterator[Decoded], held_to: Callable[[Decoded], Decoded] | None) -> Iterator[Decoded]:
    """The parts of a large file held to the sets; one that is wrong as a whole is refused by its first part."""
    if held_to is None:
        yield from parts
        return
    for part in parts:
        held = held_to(part)
        yield held
        if held.refusals:
            return
