"""From canonical records to messages.

Strategy: a payment is laid out as (path, text) leaves by the same table that reads them; what the schema has no
place for becomes a Loss, what is too long is cut and said. Leaves are put in the schema's order and printed by a
template that is made once per set of paths, so that the thousandth payment like the first costs one `%`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from gateway.formats.iso20022 import mapping
from gateway.formats.iso20022.shape import shape
from gateway.formats.iso20022.xml import NAMESPACE
from gateway.model import Account, Address, Agent, Identification, Loss, Money, Party, Payment
from gateway.ports import Writing

Pair = tuple[str, str, str]  # path, text, canonical element that it comes from
DIGITS_MAX = 18
BODY = {
    "pacs.008.001.08": ("FIToFICstmrCdtTrf", "CdtTrfTxInf"),
    "pacs.009.001.08": ("FICdtTrf", "CdtTrfTxInf"),
}


def _address(where: Address | None, prefix: str, name: str) -> Iterator[Pair]:
    if where is None:
        return
    for path, attribute in mapping.ADDRESS.items():
        if attribute == "lines":
            yield from _many(f"{prefix}AdrLine", where.lines, f"{name}.address.lines")
        elif text := getattr(where, attribute):
            yield f"{prefix}{path}", text, f"{name}.address.{attribute}"


def _many(path: str, texts: Sequence[str], name: str) -> Iterator[Pair]:
    for number, text in enumerate(texts, 1):
        yield (path if number == 1 else f"{path}[{number}]"), text, name


def _party(who: Party, prefix: str, name: str) -> Iterator[Pair]:
    yield from _texts(
        who,
        prefix,
        name,
        (("Nm", "name"), ("CtryOfRes", "country_of_residence"), ("Id/OrgId/AnyBIC", "bic"), ("Id/OrgId/LEI", "lei")),
    )
    yield from _address(who.address, f"{prefix}PstlAdr/", name)
    for private, branch in ((False, "OrgId"), (True, "PrvtId")):
        own = [id for id in who.ids if id.private == private]
        for number, id in enumerate(own, 1):
            at = f"{prefix}Id/{branch}/Othr/" if number == 1 else f"{prefix}Id/{branch}/Othr[{number}]/"
            yield from _identification(id, at, f"{name}.ids")
    if who.birth is not None:
        paths = (("BirthDt", "date"), ("PrvcOfBirth", "province"), ("CityOfBirth", "city"), ("CtryOfBirth", "country"))
        yield from _texts(who.birth, f"{prefix}Id/PrvtId/DtAndPlcOfBirth/", f"{name}.birth", paths)


def _identification(id: Identification, at: str, name: str) -> Iterator[Pair]:
    yield f"{at}Id", id.id, name
    if id.scheme:
        yield f"{at}SchmeNm/{'Prtry' if id.proprietary else 'Cd'}", id.scheme, name
    if id.issuer:
        yield f"{at}Issr", id.issuer, name


def _texts(record: object, prefix: str, name: str, paths: Iterable[tuple[str, str]]) -> Iterator[Pair]:
    for path, attribute in paths:
        if text := getattr(record, attribute):
            yield prefix + path, text, f"{name}.{attribute}"


_AGENT = tuple((path, attribute) for path, attribute in mapping.AGENT.items() if not attribute.startswith("address."))


def _agent(who: Agent, prefix: str, name: str) -> Iterator[Pair]:
    if who.clearing_system and not who.clearing_member:
        yield "!", "", f"{name}.clearing_system"  # a system without a member says nothing
    yield from _texts(who, prefix, name, _AGENT)
    yield from _address(who.address, f"{prefix}FinInstnId/PstlAdr/", name)


def _account(account: Account, prefix: str, name: str) -> Iterator[Pair]:
    if account.scheme == "IBAN":
        yield f"{prefix}Id/IBAN", account.id, f"{name}.id"
    else:
        yield f"{prefix}Id/Othr/Id", account.id, f"{name}.id"
        if account.scheme:
            code = len(account.scheme) <= 4 and account.scheme.isalnum() and account.scheme.isupper()
            yield f"{prefix}Id/Othr/SchmeNm/{'Cd' if code else 'Prtry'}", account.scheme, f"{name}.scheme"
    yield from _texts(
        account, prefix, name, (("Id/Othr/Issr", "issuer"), ("Tp/Cd", "type"), ("Ccy", "currency"), ("Nm", "name"))
    )


_WRITERS: dict[str, Callable[[Any, str, str], Iterator[Pair]]] = {"party": _party, "agent": _agent, "account": _account}


Block = tuple[str, str, int, Callable[[Any, str, str], Iterator[Pair]]]  # path/, field, place in a tuple or -1, writer


def _prepared(blocks: Mapping[str, tuple[str, str]]) -> tuple[Block, ...]:
    fields = ((path, kind, *field.partition(".")[::2]) for path, (kind, field) in blocks.items())
    return tuple((f"{path}/", name, int(place) if place else -1, _WRITERS[kind]) for path, kind, name, place in fields)


_CUSTOMER, _INSTITUTION = _prepared(mapping.CUSTOMER), _prepared(mapping.INSTITUTION)


def _blocks(payment: Payment, blocks: tuple[Block, ...]) -> Iterator[Pair]:
    for prefix, name, place, write in blocks:
        value = getattr(payment, name)
        if not value:
            continue
        if place >= 0:
            value = value[place] if place < len(value) else None
            if value is None:
                continue
        yield from write(value, prefix, name)


_PLAIN = (
    ("PmtId/InstrId", "instruction_id"),
    ("PmtId/TxId", "transaction_id"),
    ("PmtId/UETR", "uetr"),
    ("PmtId/ClrSysRef", "clearing_reference"),
    ("PmtTpInf/InstrPrty", "priority"),
    ("PmtTpInf/LclInstrm/Cd", "local_instrument"),
    ("PmtTpInf/CtgyPurp/Cd", "category_purpose"),
    ("Purp/Cd", "purpose"),
    ("IntrBkSttlmDt", "settlement_date"),
    ("XchgRate", "exchange_rate"),
    ("SttlmInf/ClrSys/Cd", "clearing_system"),
)
_TIMES = {"CLSTIME": "CLSTm", "TILTIME": "TillTm", "FROTIME": "FrTm", "REJTIME": "RjctTm"}


def lay_out(payment: Payment, type: str) -> Iterator[Pair]:
    """All leaves of a payment, in no particular order. Extras of this family stand where they stood."""
    institutions = type.startswith("pacs.009")
    yield "PmtId/EndToEndId", payment.end_to_end_id or "NOTPROVIDED", "end_to_end_id"
    for path, attribute in _PLAIN:
        if text := getattr(payment, attribute):
            yield path, text, attribute
    yield from _money("IntrBkSttlmAmt", payment.amount, "amount")
    if payment.instructed_amount is not None:
        yield from _money("InstdAmt", payment.instructed_amount, "instructed_amount")
    yield (
        "SttlmInf/SttlmMtd",
        payment.settlement_method or ("CLRG" if payment.clearing_system else "INDA"),
        "settlement_method",
    )
    if not institutions:
        yield (
            "ChrgBr",
            payment.charge_bearer or ("SLEV" if payment.scheme.startswith("sepa") else "SHAR"),
            "charge_bearer",
        )
    elif payment.charge_bearer:
        yield "ChrgBr", payment.charge_bearer, "charge_bearer"
    yield from (
        _many("PmtTpInf/SvcLvl/Cd", payment.service_level, "service_level")
        if len(payment.service_level) < 2
        else _levels(payment)
    )
    yield from _blocks(payment, _INSTITUTION if institutions else _CUSTOMER)
    if institutions:
        for name in (
            "debtor",
            "debtor_account",
            "creditor",
            "creditor_account",
            "ultimate_debtor",
            "ultimate_creditor",
            "initiating_party",
        ):
            if name not in ("debtor_account", "creditor_account") and getattr(payment, name) is not None:
                yield f"!{name}", "", name
    yield from _groups(payment)
    yield from _extras(payment)


def _levels(payment: Payment) -> Iterator[Pair]:
    for number, level in enumerate(payment.service_level, 1):
        yield (f"PmtTpInf/SvcLvl[{number}]/Cd" if number > 1 else "PmtTpInf/SvcLvl/Cd"), level, "service_level"


def _money(path: str, money: Money, name: str) -> Iterator[Pair]:
    yield path, money.text(), name
    yield f"{path}/@Ccy", money.currency, name


def _groups(payment: Payment) -> Iterator[Pair]:
    """What repeats: charges, instructions, remittance, reports, times."""
    for number, charge in enumerate(payment.charges, 1):
        at = "ChrgsInf" if number == 1 else f"ChrgsInf[{number}]"
        yield from _money(f"{at}/Amt", charge.amount, "charges")
        if charge.agent is not None:
            yield from _agent(charge.agent, f"{at}/Agt/", "charges")
    for group, name in (
        ("InstrForCdtrAgt", "instructions_for_creditor_agent"),
        ("InstrForNxtAgt", "instructions_for_next_agent"),
    ):
        for number, instruction in enumerate(getattr(payment, name), 1):
            at = group if number == 1 else f"{group}[{number}]"
            yield from _texts(instruction, f"{at}/", name, (("Cd", "code"), ("InstrInf", "text")))
    yield from _many("RmtInf/Ustrd", payment.remittance, "remittance")
    yield from ((f"RmtInf/{path}", text, "remittance_structured") for path, text in payment.remittance_structured)
    yield from _many("RgltryRptg/Dtls/Inf", payment.regulatory, "regulatory")
    for code, time in payment.settlement_times:
        if code in _TIMES:
            yield f"SttlmTmReq/{_TIMES[code]}", time, "settlement_times"
        else:
            yield f"!{code}", "", f"settlement_times.{code}"


def _extras(payment: Payment) -> Iterator[Pair]:
    for path, text in payment.extra:
        family, _, rest = path.partition(":")
        if family == "iso":
            yield rest, text, path
        elif not rest.startswith("header"):
            yield f"!{path}", "", path
    if payment.batch_id:
        yield "!batch_id", "", "batch_id"


Fitted = tuple[dict[str, str], list[Loss]]
RECENT_MAX = 4_096  # payments laid out for `fit` that `encode` will ask for in the same batch
_recent: dict[int, tuple[Payment, str, Fitted]] = {}


def fitted(payment: Payment, type: str) -> Fitted:
    """The leaves that the type can carry, cut where they must be, and what that loses. Not to be changed."""
    found = _recent.get(id(payment))
    if found is not None and found[0] is payment and found[1] == type:
        return found[2]
    if len(_recent) >= RECENT_MAX:
        _recent.clear()
    made = _fit(payment, type)
    _recent[id(payment)] = (payment, type, made)
    return made


def _fit(payment: Payment, type: str) -> Fitted:
    kept: dict[str, str] = {}
    losses: dict[str, Loss] = {}
    known, start, group = shape(type), _start(type), _group(type)
    for path, text, element in lay_out(payment, type):
        leaf = known.leaf(group if path.startswith("SttlmInf/") else start, path) if path[0] != "!" else None
        if leaf is None:
            losses.setdefault(element, Loss(element, f"{type} has no place for it"))
        elif leaf.length_max is not None and len(text) > leaf.length_max:
            kept[path] = text[: leaf.length_max]
            losses[element] = Loss(element, f"{len(text)} characters, {type} takes {leaf.length_max}", "truncated")
        elif not leaf.takes(text):
            losses.setdefault(element, Loss(element, f"{type} does not take this value", "lost"))
        elif path not in kept:
            kept[path] = text
    if losses:
        _complete(kept, losses)
        kept.setdefault("SttlmInf/SttlmMtd", "INDA")
        if not type.startswith("pacs.009"):
            kept.setdefault("ChrgBr", "SHAR")
    if payment.charges:
        _name_charge_agents(kept, len(payment.charges))
    if payment.underlying is not None and type.startswith("pacs.009"):
        _fit_underlying(payment.underlying, known, start, kept, losses)
    elif payment.underlying is not None:
        losses["underlying"] = Loss("underlying", f"{type} has no place for it")
    return kept, list(losses.values())


# Elements that may only stand with these children; what is left of one without them is dropped, and said.
NEEDS: tuple[tuple[re.Pattern[str], tuple[tuple[str, ...], ...]], ...] = (
    (re.compile(r".*/ClrSysMmbId/"), (("MmbId",),)),
    (re.compile(r".*/DtAndPlcOfBirth/"), (("BirthDt",), ("CityOfBirth",), ("CtryOfBirth",))),
    (re.compile(r".*/Othr(\[\d+\])?/"), (("Id",),)),
    (re.compile(r"(.*/)?[A-Za-z0-9]*Acct/"), (("Id/IBAN", "Id/Othr/Id"),)),
    (re.compile(r"ChrgsInf(\[\d+\])?/"), (("Amt",),)),
)


def _complete(kept: dict[str, str], losses: dict[str, Loss]) -> None:
    """Something was left out: drop what cannot stand without it."""
    for pattern, needed in NEEDS:
        for path in list(kept):
            found = pattern.match(path)
            if found is None or all(any(found[0] + one in kept for one in either) for either in needed):
                continue
            element = _element_of(path)
            losses.setdefault(element, Loss(element, "incomplete: it lacks what it cannot stand without"))
            del kept[path]


def _name_charge_agents(kept: dict[str, str], count: int) -> None:
    """A charge names its agent; one of whom nothing can be said is NOTPROVIDED, as the usage guidelines have it."""
    for number in range(1, count + 1):
        at = "ChrgsInf/Agt/" if number == 1 else f"ChrgsInf[{number}]/Agt/"
        if not any(path.startswith(at) for path in kept):
            kept[f"{at}FinInstnId/Nm"] = "NOTPROVIDED"


def _element_of(path: str) -> str:
    """The canonical field that a path belongs to."""
    first = path.partition("/")[0].partition("[")[0]
    block = mapping.CUSTOMER.get(first)
    if block is None:
        block = mapping.CUSTOMER.get("/".join(path.split("/")[:2]))
    return block[1].partition(".")[0] if block is not None else {"ChrgsInf": "charges"}.get(first, f"iso:{path}")


def _fit_underlying(payment: Payment, known: object, start: str, kept: dict[str, str], losses: dict[str, Loss]) -> None:
    """The customer transfer inside a cover payment."""
    for path, text, element in lay_out(payment, "pacs.008.001.08"):
        where = f"UndrlygCstmrCdtTrf/{path}"
        if path.partition("/")[0] in ("PmtId", "IntrBkSttlmAmt", "SttlmInf", "ChrgBr", "IntrBkSttlmDt"):
            continue
        leaf = known.leaf(start, where) if path[0] != "!" else None  # type: ignore[attr-defined]
        if leaf is None or not leaf.takes(text):
            losses.setdefault(
                f"underlying.{element}", Loss(f"underlying.{element}", "a cover payment has no place for it")
            )
        else:
            kept[where] = text[: leaf.length_max] if leaf.length_max else text
            if leaf.length_max and len(text) > leaf.length_max:
                losses[f"underlying.{element}"] = Loss(
                    f"underlying.{element}", f"cut to {leaf.length_max} characters", "truncated"
                )
    for needed in ("Dbtr", "DbtrAgt/FinInstnId", "CdtrAgt/FinInstnId", "Cdtr"):
        if not any(path.startswith(f"UndrlygCstmrCdtTrf/{needed}/") for path in kept):
            kept[f"UndrlygCstmrCdtTrf/{needed}"] = ""


@cache
def _start(type: str) -> str:
    body, transaction = BODY[type]
    return shape(type).find(f"{body}/{transaction}")


@cache
def _group(type: str) -> str:
    return shape(type).find(f"{BODY[type][0]}/GrpHdr")


# Elements that must be there even when nothing is known of them.
NEEDED = {
    "pacs.008.001.08": ("Dbtr", "DbtrAgt/FinInstnId", "CdtrAgt/FinInstnId", "Cdtr"),
    "pacs.009.001.08": ("Dbtr/FinInstnId", "Cdtr/FinInstnId"),
}


def escape(text: str) -> str:
    """XML text; characters that XML does not have become spaces."""
    if text.isalnum():
        return text
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\t\n\r" else " " for c in text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def transaction(kept: Mapping[str, str], type: str) -> str:
    """One transaction as XML text, without what belongs into the group header; what must be there is, if empty."""
    paths = tuple(kept)
    order, template = _template(paths, _start(type), type)
    values = list(kept.values())
    return template % tuple([escape(values[place]) for place in order])


@lru_cache(maxsize=2_000)
def _template(paths: tuple[str, ...], start: str, type: str) -> tuple[tuple[int, ...], str]:
    """The order of the leaves and the text around them, for one set of paths."""
    known = shape(type)
    empty = len(paths)
    if start == _start(type):
        paths += tuple(
            needed
            for needed in NEEDED[type]
            if not any(path == needed or path.startswith(f"{needed}/") for path in paths)
        )

    def key(place: int) -> tuple[tuple[int, int], ...]:
        leaf = known.leaf(start, paths[place])
        return leaf.order if leaf is not None else _branch_order(known, start, paths[place])

    own = (place for place in range(len(paths)) if start != _start(type) or not paths[place].startswith("SttlmInf/"))
    order = sorted(own, key=key)
    text = _print([paths[place] for place in order], {paths[place] for place in order if place >= empty})
    return tuple(place for place in order if place < empty), text


def _branch_order(known: object, start: str, path: str) -> tuple[tuple[int, int], ...]:
    """Where an element stands that is written empty."""
    order, type = [], start
    for step in path.split("/"):
        child = known.children(type)[step]  # type: ignore[attr-defined]
        order.append((child.position, 2))
        type = child.type
    return tuple(order)


def _print(paths: Sequence[str], empty: set[str]) -> str:
    """Start and end tags around %s, for paths in document order; an attribute right before its element's text."""
    out: list[str] = []
    open_: list[str] = []
    attribute = ""
    for path in paths:
        *branch, name = path.split("/")
        if name.startswith("@"):
            attribute = f' {name[1:]}="%s"'
            continue
        shared = 0
        while shared < min(len(open_), len(branch)) and open_[shared] == branch[shared]:
            shared += 1
        out += [f"</{_tag(step)}>" for step in reversed(open_[shared:])]
        out += [f"<{_tag(step)}>" for step in branch[shared:]]
        open_ = branch
        out.append(f"<{_tag(name)}/>" if path in empty else f"<{_tag(name)}{attribute}>%s</{_tag(name)}>")
        attribute = ""
    out += [f"</{_tag(step)}>" for step in reversed(open_)]
    return "".join(out)


def _tag(step: str) -> str:
    return step.partition("[")[0]


def settlement(payment: Payment, type: str) -> str:
    """The settlement information as one text: payments of one message have the same."""
    kept = fitted(payment, type)[0]
    return "\0".join([f"{path}={text}" for path, text in kept.items() if path.startswith("SttlmInf/")])


def stamp(now_ns: int) -> str:
    """ISO 8601 with offset, to the millisecond."""
    return datetime.fromtimestamp(now_ns / 1e9, UTC).isoformat(timespec="milliseconds")


def message(payments: Sequence[Payment], type: str, writing: Writing) -> bytes:
    """A whole message. Payments of one message share one settlement information: the first one's."""
    laid = [fitted(payment, type)[0] for payment in payments]
    body = BODY[type][0]
    settlement = {path: text for path, text in laid[0].items() if path.startswith("SttlmInf/")}
    order, template = _template(tuple(settlement), _group(type), type)
    values = list(settlement.values())
    group = template % tuple(escape(values[place]) for place in order)
    transactions = "".join(f"<CdtTrfTxInf>{transaction(kept, type)}</CdtTrfTxInf>\n" for kept in laid)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{type}"><{body}><GrpHdr>'
        f"<MsgId>{escape(writing.message_id)}</MsgId>"
        f"<CreDtTm>{stamp(writing.now_ns)}</CreDtTm><NbOfTxs>{len(payments)}</NbOfTxs>{group}</GrpHdr>\n{transactions}</{body}></Document>\n"
    ).encode()
