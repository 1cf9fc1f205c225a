"""From leaves to canonical records: what stands outside holds for each record below, what has no field is kept.

Strategy: every leaf gets its field from the table of its message, or goes to `extra` under its path. Nothing is
dropped: a second text for a field that takes one goes to `extra` too, and so does what an inner level overrules.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree
from msgspec import Struct, structs

from gateway.formats.iso20022.assemble import BadAmount, fields
from gateway.formats.iso20022.kinds import Kind, entries
from gateway.formats.iso20022.leaves import Leaves, walk
from gateway.formats.iso20022.lines import lifted
from gateway.formats.iso20022.table import Table
from gateway.model import Account, Case, Entry, Extra, Money, Notice, Original, Payment, Refusal, Report, Statement

Groups = dict[str, dict[str, str]]  # field -> rest of it -> text
Record = Payment | Report | Case | Notice | Statement
MERGED = frozenset({"original", "mandate", "settlement_times"})  # fields that levels fill together
OWN_WORD = frozenset({"status", "reasons"})  # what a report's outer level says of itself alone
LEVELS = ("group", "batch", "transaction")
ENTRY = frozenset({"Ntry"})
DETAILS = frozenset({"TxDtls"})
NO_AMOUNT = ("iso:Amt", "")  # marks a detail among several that says no amount: its zero means nothing


class Outer(Struct, frozen=True):
    """What the levels above a record say for it."""

    groups: Groups = {}
    sources: dict[str, list[tuple[str, str, str]]] = {}  # field -> (rest, path, text), to name what is overruled
    extra: Extra = ()
    own: Groups = {}  # of the innermost of these levels alone
    message: Leaves = {}  # leaves that are the message's own: ids, counts, sums

    def without(self, names: Iterable[str]) -> Outer:
        """The same without some fields."""
        groups = {name: texts for name, texts in self.groups.items() if name not in names}
        return structs.replace(self, groups=groups)


NOTHING = Outer()
METHODS = {"pain.001": "TRF", "pain.013": "TRF", "pain.008": "DD"}  # what the message itself says already
ZERO = Money("EUR", 0)  # of an entry without any amount, which no edition has


def outer(element: etree._Element, space: int, kind: Kind, depth: int, above: Outer) -> Outer:
    """Read one level of the spine, the repeated element below it left out."""
    spine = kind.family.spine
    prefix = f"{spine[depth - 1]}/" if depth else "/"
    groups: Groups = {}
    sources: dict[str, list[tuple[str, str, str]]] = {}
    extra: list[tuple[str, str]] = []
    message: Leaves = {}
    counted = {f"{prefix}NbOfTxs", f"{prefix}CtrlSum"} if depth and kind.family.record is Payment else kind.message
    for below, text in walk(element, space, frozenset(spine[depth : depth + 1])).items():
        path = prefix + below
        slot = kind.table.slot(path)
        if path in counted or (below == "PmtMtd" and text == METHODS.get(kind.type[:8])):
            message[path] = text
            if slot is None:
                continue
        if slot is None or slot[1] in groups.get(slot[0], {}):
            extra.append((f"iso:{path}", text))
        else:
            groups.setdefault(slot[0], {})[slot[1]] = text
            sources.setdefault(slot[0], []).append((slot[1], path, text))
    merged, lost = _over(above, groups)
    for name, lines in above.sources.items():
        sources[name] = [*lines, *sources[name]] if name in sources and name in MERGED else sources.get(name, lines)
    return Outer(merged, sources, (*above.extra, *extra, *lost), groups, {**above.message, **message})


def _over(above: Outer, groups: Groups) -> tuple[Groups, list[tuple[str, str]]]:
    """The inner level speaks over the outer one, field by field; what it overrules is kept as extra."""
    merged, lost = dict(groups), []
    for name, texts in above.groups.items():
        own = merged.get(name)
        if own is None:
            merged[name] = texts
        elif name in MERGED:
            merged[name] = {**texts, **own}
            lines = above.sources.get(name, ())
            if any(own.get(rest, text) != text for rest, _, text in lines):  # the same said twice is said
                lost += [(f"iso:{path}", text) for rest, path, text in lines if rest in own]
        else:
            lost += [(f"iso:{path}", text) for _, path, text in above.sources.get(name, ())]
    return merged, lost


def sort(leaves: Leaves, table: Table, extra: list[tuple[str, str]]) -> Groups:
    """Leaves by field; what has none goes to `extra`."""
    groups: Groups = {}
    slot_of = table.slot
    for path, text in leaves.items():
        slot = slot_of(path)
        if slot is None:
            extra.append((f"iso:{path}", text))
            continue
        head, rest = slot
        inner = groups.get(head)
        if inner is None:
            groups[head] = {rest: text}
        elif rest in inner:
            extra.append((f"iso:{path}", text))
        else:
            inner[rest] = text
    return groups


def record(
    element: etree._Element, space: int, kind: Kind, above: Outer, place: str, *, head: bool = False
) -> Record | Refusal:
    """The record that an element of the spine's end holds; of a statement with `head`, without its entries."""
    statement = kind.family.record is Statement
    extra: list[tuple[str, str]] = []
    leaves = walk(element, space, ENTRY) if statement else walk(element, space)
    groups, lost = _over(above, sort(leaves, kind.table, extra))
    kept = (*above.extra, *lost, *extra)
    if kind.family.record is Payment and not _has_amount(groups):
        return _kept_whole(kind, above, leaves, place)
    try:
        if statement:
            lines = [] if head else _entries(element, space)
            made = [entry(child, space, f"{place}/Ntry[{n}]") for n, child in enumerate(lines, 1)]
            return _statement(kind, groups, kept, place, tuple(made))
        made_record: Record | Refusal = _RECORDS[kind.family.record](kind, groups, kept, place)
        return made_record
    except BadAmount as wrong:
        return bad_amount(wrong, place, groups)


def _has_amount(groups: Groups) -> bool:
    return "amount" in groups or "amount" in groups.get("original", {})


def _kept_whole(kind: Kind, above: Outer, leaves: Leaves, place: str) -> Notice:
    """A transaction that names no amount moves none: every leaf is kept under its path."""
    outer_leaves = [(f"iso:{path}", text) for lines in above.sources.values() for _, path, text in lines]
    own = [(f"iso:{path}", text) for path, text in leaves.items()]
    return Notice(kind.family.kind, place=place, source=kind.type, extra=(*above.extra, *outer_leaves, *own))


def _entries(element: etree._Element, space: int) -> list[etree._Element]:
    return [child for child in element if child.tag[space:] == "Ntry"]


def level_record(kind: Kind, above: Outer, depth: int, place: str) -> Record | Refusal:
    """What an outer level says when nothing stands below it, or when it has a word of its own."""
    try:
        if kind.family.record is Payment:
            return structs.replace(_kept_whole(kind, above, {}, place), kind=kind.family.outer)
        made = _RECORDS[kind.family.record](kind, above.groups, above.extra, place)
    except BadAmount as wrong:
        return bad_amount(wrong, place, above.groups)
    return structs.replace(made, level=LEVELS[depth]) if isinstance(made, Report) and kind.depth else made


# --- one maker for each sort of record ----------------------------------------------------------


def _payment(kind: Kind, groups: Groups, extra: Extra, place: str) -> Record | Refusal:
    payment = paid(kind, fields(Payment, groups), extra, place)
    return payment or _refusal("zero-amount", "AM01", f"{place}/amount", "the amount is zero", groups)


def paid(kind: Kind, made: dict[str, Any], extra: Extra, place: str) -> Payment | None:
    """The payment of fields that were read; None when its amount is zero and may not be."""
    amount = made.pop("amount", None)
    if amount is None:
        amount = made["original"].amount  # a reversal that says no amount is of the whole
    if amount.minor == 0 and kind.family.kind != "payment_request":
        return None
    # An amount to be exchanged on the way is another kind of payment: no route settles it by mistake.
    exchanged = any(path == "iso:Amt/EqvtAmt/CcyOfTrf" for path, _ in extra)
    name = "equivalent_transfer" if exchanged else kind.family.kind
    scheme, identity = _named(made, kind.family.kind)
    return Payment(name, amount, place, kind.type, scheme, identity, **made, extra=extra)


SEPA = {
    ("credit_transfer", "INST"): "sepa_inst",
    ("credit_transfer", ""): "sepa_ct",
    ("direct_debit", "B2B"): "sepa_b2b",
    ("direct_debit", ""): "sepa_core",
}


def _named(made: dict[str, Any], kind: str) -> tuple[str, str]:
    """Scheme and identity, which follow from what was read."""
    scheme = ""
    if "SEPA" in made.get("service_level", ()):
        scheme = SEPA.get((kind, made.get("local_instrument", "")), SEPA.get((kind, ""), ""))
    identity: str = made.get("uetr", "")
    agent = made.get("instructing_agent")
    if not identity and agent is not None and agent.bic and made.get("transaction_id"):
        identity = f"{agent.bic}/{made['transaction_id']}"
    return scheme, identity


def _report(kind: Kind, groups: Groups, extra: Extra, place: str) -> Report:
    made = fields(Report, groups)
    status = made.pop("status", "") or ("RJCT" if kind.family.kind == "message_rejected" else "")
    original = made.pop("original", None) or Original()
    return Report(status, original, kind.family.kind, **made, place=place, source=kind.type, extra=extra)


def _case(kind: Kind, groups: Groups, extra: Extra, place: str) -> Case:
    made = fields(Case, groups)
    original = made.pop("original", None) or Original()
    return Case(kind.family.kind, original, **made, place=place, source=kind.type, extra=extra)


def _notice(kind: Kind, groups: Groups, extra: Extra, place: str) -> Notice:
    return Notice(kind.family.kind, **fields(Notice, groups), place=place, source=kind.type, extra=extra)


def _empty_statement(kind: Kind, groups: Groups, extra: Extra, place: str) -> Statement:
    return _statement(kind, groups, extra, place, ())


_RECORDS: dict[type[Struct], Any] = {
    Payment: _payment,
    Report: _report,
    Case: _case,
    Notice: _notice,
    Statement: _empty_statement,
}


def _statement(kind: Kind, groups: Groups, extra: Extra, place: str, found: tuple[Entry, ...]) -> Statement:
    made = fields(Statement, {**groups, "balances": _balances(groups)} if "balances" in groups else groups)
    if "information" in made:
        made["information"] = tuple("\n".join(made["information"]).split("\n"))
    account = made.pop("account", None) or Account("")
    return Statement(kind.family.kind, account, **made, entries=found, place=place, source=kind.type, extra=extra)


def _balances(groups: Groups) -> dict[str, str]:
    """A balance that has only a type of its bank's own has no listed one."""
    texts = dict(groups["balances"])
    for place in {name.partition(".")[0] for name in texts}:
        texts.setdefault(f"{place}.type", "")
        texts.setdefault(f"{place}.date", "")
    return texts


def entry(element: etree._Element, space: int, place: str) -> Entry:
    """One line of a statement, with its details. Raises BadAmount."""
    extra: list[tuple[str, str]] = []
    groups = sort(_entry_leaves(element, space), entries("entry"), extra)
    if groups.get("reversal", {}).get("", "true").strip() in ("false", "0"):
        extra.append(("iso:RvslInd", groups.pop("reversal")[""]))  # said, though nothing else is meant without it
    made = fields(Entry, groups)
    amount = made.pop("amount", ZERO)
    details = [
        (number, child)
        for number, block in enumerate((c for c in element if c.tag[space:] == "NtryDtls"), 1)
        for child in block
        if child.tag[space:] == "TxDtls"
    ]
    alone = amount if len(details) == 1 else Money(amount.currency, 0)
    found = lifted(made, tuple(_detail(child, space, number, alone) for number, child in details))
    return Entry(amount, made.pop("credit", False), **made, details=found, extra=tuple(extra))


def _entry_leaves(element: etree._Element, space: int) -> Leaves:
    """The leaves of an entry without those of its details."""
    leaves = walk(element, space, frozenset({"NtryDtls"}))
    number = 0
    for child in element:
        if child.tag[space:] == "NtryDtls":
            number += 1
            prefix = "NtryDtls/" if number == 1 else f"NtryDtls[{number}]/"
            leaves.update((prefix + path, text) for path, text in walk(child, space, DETAILS).items())
    return leaves


def _detail(element: etree._Element, space: int, block: int, alone: Money) -> Payment:
    """TxDtls; without an amount of its own a single detail has its entry's, several have none (zero)."""
    extra: list[tuple[str, str]] = []
    made = fields(Payment, sort(walk(element, space), entries("detail"), extra))
    if "amount" not in made and alone.minor == 0:
        extra.append(NO_AMOUNT)
    amount = made.pop("amount", alone)
    return Payment("entry", amount, f"NtryDtls[{block}]" if block > 1 else "", **made, extra=tuple(extra))


# --- refusals of one record ---------------------------------------------------------------------


def bad_amount(wrong: BadAmount, place: str, groups: Groups | None = None) -> Refusal:
    """The refusal of a record that holds a text which is no amount of its currency."""
    name, text, currency = wrong.args
    return _refusal(
        "bad-amount", "AM12", f"{place}/{name}", f"{text[:40]} is not an amount of {currency}", groups or {}
    )


_REFERENCES = (
    ("InstrId", "instruction_id"),
    ("EndToEndId", "end_to_end_id"),
    ("TxId", "transaction_id"),
    ("UETR", "uetr"),
    ("PmtInfId", "batch_id"),
)


def _refusal(code: str, reason: str, place: str, text: str, groups: Groups) -> Refusal:
    references = tuple((f"iso:{name}", groups[field][""]) for name, field in _REFERENCES if "" in groups.get(field, {}))
    return Refusal(code, reason, place, text, groups.get("end_to_end_id", {}).get("", ""), references)
