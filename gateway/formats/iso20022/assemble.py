"""Between records and texts: `debtor.address.town` is a field of a field of a payment.

Strategy: what a record may hold is asked of its own declaration, once. `made` builds any record of the model from
texts by field, `flat` lays any record out as such texts. Parties, agents and accounts that come again are made once.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from gateway.model import Account, Agent, Extra, Identification, Money, Party, Payment

MEMO = 8_192  # parties, agents and accounts that come again; distinct ones must not fill the memory
Texts = Mapping[str, str]  # rest of the field -> text, in the order of the message
Flat = tuple[str, tuple[int, ...], str, str]  # template, places, rest of a captured path, text


class BadAmount(ValueError):
    """A text that is not an amount of its currency; args are the field, the text and the currency."""


class Form(Struct, frozen=True):
    """What a field holds: text, flag, money, texts, record, records, extra or extras."""

    name: str
    what: str
    inner: type[Struct] | None = None
    default: Any = None
    gap: Any = None  # of records: what stands where one is missing


@cache
def forms(record: type[Struct]) -> dict[str, Form]:
    """The fields of a record."""
    hints = get_type_hints(record)
    found = {}
    for field in msgspec.structs.fields(record):
        what, inner, gap = _form(hints[field.name])
        found[field.name] = Form(field.name, what, inner, field.default, gap)
    return found


def _form(hint: Any) -> tuple[str, type[Struct] | None, Any]:
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(one for one in get_args(hint) if one is not type(None))
    simple = {str: "text", bool: "flag", Money: "money", Extra: "extra", tuple[str, ...]: "texts"}.get(hint)
    if simple is not None:
        return simple, None, None
    if get_origin(hint) is not tuple:
        return "record", hint, None
    item = get_args(hint)[0]
    if item == Extra:
        return "extras", None, None
    if get_origin(item) in (Union, types.UnionType):
        return "records", next(one for one in get_args(item) if one is not type(None)), None
    if get_origin(item) is tuple:
        return "none", None, None  # floors: no element of ISO 20022
    return "records", item, Agent() if item is Agent else None


# --- texts to records ---------------------------------------------------------------------------


def grouped(texts: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """By the first part of each name: {"address.town": x} as {"address": {"town": x}}."""
    found: dict[str, dict[str, str]] = {}
    for name, text in texts:
        head, _, rest = name.partition(".")
        inner = found.get(head)
        if inner is None:
            found[head] = {rest: text}
        else:
            inner[rest] = text
    return found


def made(record: type[Struct], texts: Texts) -> Any:
    """A record from its texts. Raises BadAmount."""
    make = MAKERS.get(record)
    return make(tuple(texts.items())) if make is not None else record(**fields(record, grouped(texts.items())))


def fields(record: type[Struct], groups: Mapping[str, Texts]) -> dict[str, Any]:
    """The fields of a record that texts are known for. Raises BadAmount."""
    known, readers = forms(record), READERS
    found = {}
    for name, texts in groups.items():
        form = known[name]
        what = form.what
        found[name] = texts[""] if what == "text" else readers[what](form, texts)
    return found


def _flag(form: Form, texts: Texts) -> bool:
    return texts[""].strip() in ("CRDT", "true", "1")


def _money(form: Form, texts: Texts) -> Money:
    text, currency = texts.get("", ""), texts.get("currency", "")
    money = Money.parse(currency, text.strip().removeprefix("+"))
    if money is None:
        raise BadAmount(form.name, text, currency)
    return money


def _texts(form: Form, texts: Texts) -> tuple[str, ...]:
    return tuple(texts.values())


def _extra(form: Form, texts: Texts) -> Extra:
    return tuple(texts.items())


def _extras(form: Form, texts: Texts) -> tuple[Extra, ...]:
    return tuple(tuple(inner.items()) for inner in grouped(texts.items()).values())


def _record(form: Form, texts: Texts) -> Any:
    assert form.inner is not None
    return made(form.inner, texts)


def _records(form: Form, texts: Texts) -> tuple[Any, ...]:
    assert form.inner is not None
    groups = {int(place): inner for place, inner in grouped(texts.items()).items()}
    return tuple(made(form.inner, groups[place]) if place in groups else form.gap for place in range(max(groups) + 1))


READERS: dict[str, Callable[[Form, Texts], Any]] = {
    "flag": _flag,
    "money": _money,
    "texts": _texts,
    "extra": _extra,
    "extras": _extras,
    "record": _record,
    "records": _records,
}
Items = tuple[tuple[str, str], ...]


@lru_cache(MEMO)
def _party(items: Items) -> Party:
    groups = grouped(items)
    ids: list[Identification] = []
    for branch, private in (("organisation", False), ("private", True)):
        for texts in grouped(groups.pop(branch, {}).items()).values():
            own = texts.get("proprietary", "")
            scheme = own or texts.get("code", "")
            ids.append(Identification(texts.get("id", ""), scheme, bool(own), texts.get("issuer", ""), private))
    return Party(**fields(Party, groups), ids=tuple(ids))


@lru_cache(MEMO)
def _agent(items: Items) -> Agent:
    return Agent(**fields(Agent, grouped(items)))


@lru_cache(MEMO)
def _account(items: Items) -> Account:
    texts = dict(items)
    iban, own = texts.pop("iban", ""), texts.pop("own", "")
    scheme = "IBAN" if iban else own or texts.pop("code", "")
    return Account(iban or texts.pop("id", ""), scheme, **texts, proprietary=bool(own))


def _payment(items: Items) -> Payment:
    """The customer transfer inside a cover payment: its amount is the instructed one."""
    groups = grouped(items)
    own = fields(Payment, groups)
    return Payment("credit_transfer", own.get("instructed_amount") or Money("XXX", 0), **own)


MAKERS: dict[type[Struct], Callable[[Items], Any]] = {
    Party: _party,
    Agent: _agent,
    Account: _account,
    Payment: _payment,
}


# --- records to texts ---------------------------------------------------------------------------


def flat(record: Struct, skip: frozenset[str] = frozenset()) -> list[Flat]:
    """All texts of a record, by the names that tables use; fields in `skip` left out."""
    out: list[Flat] = []
    every, values = _getter(type(record))
    for form, value in zip(every, values(record), strict=True):
        if (value or value is False) and value != form.default and form.name not in skip:
            _flatten(form, value, out)
    return out


@cache
def _getter(record: type[Struct]) -> tuple[tuple[Form, ...], Callable[[Struct], tuple[Any, ...]]]:
    """The fields of a record, and their values at one call."""
    every = tuple(forms(record).values())
    return every, attrgetter(*(form.name for form in every)) if len(every) > 1 else lambda one: (
        getattr(one, every[0].name),
    )


def _flatten(form: Form, value: Any, out: list[Flat]) -> None:
    name = form.name
    if form.what == "text":
        if value:
            out.append((name, (), "", value))
    elif form.what == "money":
        out.append((name, (), "", value.text()))
        out.append((f"{name}.currency", (), "", value.currency))
    elif form.what == "texts":
        out.extend((f"{name}.*", (place,), "", text) for place, text in enumerate(value) if text)
    elif form.what == "record":
        out.extend((f"{name}.{inner}", places, rest, text) for inner, places, rest, text in below(value))
    elif form.what == "records":
        for place, one in enumerate(value):
            if one is not None:
                out.extend((f"{name}.*.{inner}", (place, *at), rest, text) for inner, at, rest, text in below(one))
    elif form.what == "extra":
        out.extend((name, (), path, text) for path, text in value)
    elif form.what == "extras":
        out.extend((f"{name}.*", (place,), path, text) for place, one in enumerate(value) for path, text in one)
    elif form.what == "flag":
        out.append((name, (), "", _FLAGS.get(name, ("true", "false"))[not value]))


_FLAGS = {"credit": ("CRDT", "DBIT")}


def below(record: Any) -> Iterable[Flat]:
    """The texts of a record inside another."""
    write = _WRITERS.get(type(record))
    return write(record) if write is not None else flat(record)


@lru_cache(MEMO)
def _flat_party(party: Party) -> tuple[Flat, ...]:
    out = flat(party, frozenset({"ids"}))
    numbers = {False: 0, True: 0}
    for one in party.ids:
        branch, place = "private" if one.private else "organisation", (numbers[one.private],)
        numbers[one.private] += 1
        out.append((f"{branch}.*.id", place, "", one.id))
        if one.scheme:
            out.append((f"{branch}.*.{'proprietary' if one.proprietary else 'code'}", place, "", one.scheme))
        if one.issuer:
            out.append((f"{branch}.*.issuer", place, "", one.issuer))
    return tuple(out)


@lru_cache(MEMO)
def _flat_agent(agent: Agent) -> tuple[Flat, ...]:
    return tuple(flat(agent))


@lru_cache(MEMO)
def _flat_account(account: Account) -> tuple[Flat, ...]:
    out = flat(account, frozenset({"id", "scheme", "proprietary"}))
    if account.scheme == "IBAN":
        return (("iban", (), "", account.id), *out)
    if account.id:
        out.append(("id", (), "", account.id))
    if account.scheme:
        listed = len(account.scheme) <= 4  # as long as a code of the external list may be
        out.append(("code" if listed and not account.proprietary else "own", (), "", account.scheme))
    return tuple(out)


def _flat_payment(payment: Payment) -> Iterable[Flat]:
    """A customer transfer inside a cover payment: kind, amount and place say nothing there."""
    return flat(payment, frozenset({"kind", "amount", "place", "source", "scheme", "identity"}))


_WRITERS: dict[type[Struct], Callable[[Any], Iterable[Flat]]] = {
    Party: _flat_party,
    Agent: _flat_agent,
    Account: _flat_account,
    Payment: _flat_payment,
}
