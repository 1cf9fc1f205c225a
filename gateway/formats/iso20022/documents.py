"""Documents to records: what is read for all transactions of a message, and for each.

Customer initiations (pain.001) nest transactions in payment informations; messages between institutions
(pacs.008, pacs.009) have them below the group header. What the outer levels say is inherited by each transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from lxml import etree
from msgspec import Struct, structs

from gateway.formats.iso20022 import mapping
from gateway.formats.iso20022.mapping import Leaf
from gateway.formats.iso20022.read import Found, build, one, sort_leaves, split_rest, walk
from gateway.model import Extra, Money, Payment, Refusal

TRANSACTION = frozenset({"CdtTrfTxInf"})
UNDERLYING = frozenset({"UndrlygCstmrCdtTrf"})
# Of the group header and the payment information: counted, checked or kept in the header, not per transaction.
COUNTED = frozenset({"MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "TtlIntrBkSttlmAmt", "TtlIntrBkSttlmAmt/@Ccy", "PmtMtd"})


class Kind(Struct, frozen=True):
    """How one message type is read."""

    body: str
    table: dict[str, Leaf]
    kind: str


KINDS = {
    "pain.001.001.03": Kind("CstmrCdtTrfInitn", mapping.INITIATED, "credit_transfer"),
    "pain.001.001.09": Kind("CstmrCdtTrfInitn", mapping.INITIATED, "credit_transfer"),
    "pacs.008.001.08": Kind("FIToFICstmrCdtTrf", mapping.CREDIT_TRANSFER, "credit_transfer"),
    "pacs.009.001.08": Kind("FICdtTrf", mapping.FI_TRANSFER, "fi_transfer"),
}


class Level(Struct, frozen=True):
    """What an outer level says for every transaction below it."""

    found: Found
    extra: Extra
    texts: dict[str, str]

    def text(self, path: str) -> str:
        return self.texts.get(path, "")


NOTHING = Level({}, (), {})


def level(element: etree._Element, space: int, table: dict[str, Leaf], outer: Level, prefix: str) -> Level:
    """Read a group header or a payment information, its transactions left out."""
    texts = walk(element, space, TRANSACTION)
    found, rest = sort_leaves({path: text for path, text in texts.items() if path not in COUNTED}, table)
    extra = tuple((f"iso:{prefix}/{path}", text) for path, text in rest)
    return Level(_over(outer.found, found), outer.extra + extra, texts)


def _over(outer: Found, inner: Found) -> Found:
    """The inner level speaks over the outer one, field by field."""
    merged = {**outer, **inner}
    if "" in outer and "" in inner:
        merged[""] = {**outer[""], **inner[""]}
    return merged


def transaction(
    element: etree._Element, space: int, kind: Kind, type: str, outer: Level, place: str
) -> Payment | Refusal:
    """One CdtTrfTxInf."""
    found, rest = sort_leaves(walk(element, space, UNDERLYING), kind.table)
    merged = _over(outer.found, found)
    own = merged.get("", {})
    refs = _references(own)
    money = Money.parse(one(own, "amount_currency"), one(own, "amount"))
    wrong = _wrong_amount(own, money)
    if wrong or money is None:
        code, reason, where, text = wrong or ("bad-amount", "AM12", "", "")
        return Refusal(code, reason, f"{place}/{where}", text, one(own, "end_to_end_id"), refs)
    instructed = Money.parse(one(own, "instructed_currency"), one(own, "instructed")) if "instructed" in own else None
    extra, structured = split_rest(rest)
    cover = next((child for child in element if child.tag[space:] == "UndrlygCstmrCdtTrf"), None)
    underlying = _underlying(cover, space, money, place) if cover is not None else None
    # An amount to be exchanged on the way is another kind of payment: no route settles it by mistake.
    exchanged = any(path == "Amt/EqvtAmt/CcyOfTrf" for path, _ in rest)
    payment = build(
        merged,
        money,
        instructed,
        "equivalent_transfer" if exchanged else kind.kind,
        place,
        type,
        outer.extra + extra,
        structured,
        underlying,
    )
    return _named(payment)


def _references(own: dict[str, list[str]]) -> Extra:
    names = (
        ("InstrId", "instruction_id"),
        ("EndToEndId", "end_to_end_id"),
        ("TxId", "transaction_id"),
        ("UETR", "uetr"),
        ("PmtInfId", "batch_id"),
    )
    return tuple((f"iso:{name}", value) for name, attribute in names if (value := one(own, attribute)))


def _wrong_amount(own: dict[str, list[str]], money: Money | None) -> tuple[str, str, str, str] | None:
    currency, text = one(own, "amount_currency"), one(own, "amount")
    if money is None:
        return "bad-amount", "AM12", "amount", f"{text[:40]} is not an amount of {currency}"
    if money.minor == 0:
        return "zero-amount", "AM01", "amount", "the amount is zero"
    for element, prefix, unit in (
        ("InstdAmt", "instructed", "instructed_currency"),
        ("ChrgsInf", "charge.amount", "charge.currency"),
    ):
        for value, currency in zip(own.get(prefix, ()), own.get(unit, ()), strict=False):
            if Money.parse(currency, value) is None:
                return "bad-amount", "AM12", element, f"{value[:40]} is not an amount of {currency}"
    return None


def _underlying(element: etree._Element, space: int, money: Money, place: str) -> Payment:
    found, rest = sort_leaves(walk(element, space), mapping.UNDERLYING)
    own = found.get("", {})
    instructed = Money.parse(one(own, "instructed_currency"), one(own, "instructed")) if "instructed" in own else None
    extra, structured = split_rest(rest)
    return build(
        found,
        instructed or money,
        instructed,
        "credit_transfer",
        f"{place}/UndrlygCstmrCdtTrf",
        "",
        extra,
        structured,
        None,
    )


def _named(payment: Payment) -> Payment:
    """Scheme and identity, which follow from what was read."""
    scheme = ""
    if "SEPA" in payment.service_level:
        scheme = "sepa_inst" if payment.local_instrument == "INST" else "sepa_ct"
    agent = payment.instructing_agent
    identity = payment.uetr
    if not identity and payment.transaction_id and agent is not None and agent.bic:
        identity = f"{agent.bic}/{payment.transaction_id}"
    return structs.replace(payment, scheme=scheme, identity=identity) if scheme or identity else payment


def transactions(body: etree._Element, space: int, type: str) -> Iterator[Payment | Refusal]:
    """All transactions of a document's body, in order."""
    kind = KINDS[type]
    header = level(body[0], space, kind.table, NOTHING, "GrpHdr")
    if kind.body == "CstmrCdtTrfInitn":
        informations = [child for child in body if child.tag[space:] == "PmtInf"]
        for number, information in enumerate(informations, 1):
            outer = level(information, space, kind.table, header, "PmtInf")
            yield from _below(information, space, kind, type, outer, f"PmtInf[{number}]/")
    else:
        yield from _below(body, space, kind, type, header, "")


def _below(
    parent: etree._Element, space: int, kind: Kind, type: str, outer: Level, prefix: str
) -> Iterator[Payment | Refusal]:
    number = 0
    for child in parent:
        if child.tag[space:] == "CdtTrfTxInf":
            number += 1
            yield transaction(child, space, kind, type, outer, f"{prefix}CdtTrfTxInf[{number}]")


def totals(header: Level, count: int, amounts: Decimal, where: str) -> list[Refusal]:
    """NbOfTxs and CtrlSum against what was found."""
    wrong = []
    said = header.text("NbOfTxs")
    if said and int(said) != count:
        wrong.append(
            Refusal("number-of-transactions", "FF01", f"{where}/NbOfTxs", f"says {said}, found {count} transactions")
        )
    total = header.text("CtrlSum")
    if total and Decimal(total) != amounts:
        wrong.append(Refusal("control-sum", "AM10", f"{where}/CtrlSum", f"says {total}, the amounts sum to {amounts}"))
    return wrong


def amount_of(element: etree._Element, space: int) -> Decimal:
    """The amount of one CdtTrfTxInf, for the control sum; read from the element alone."""
    for node in element.iter():
        if (
            isinstance(node.tag, str)
            and node.tag[space:] in ("InstdAmt", "IntrBkSttlmAmt", "EqvtAmt")
            and len(node) == 0
        ):
            try:
                return Decimal(node.text or "0")
            except InvalidOperation:
                return Decimal(0)
        if isinstance(node.tag, str) and node.tag[space:] == "Amt" and node.getparent() is not None and len(node) == 0:
            return Decimal(node.text or "0")
    return Decimal(0)
