"""What the Fedwire Funds Service asks of ISO 20022 beyond the base schemas: messages, wrapper, one rule a line.

Our own list, in our words, from public sources; each rule has an id, the reason told to the sender, the message
types it holds for (a prefix; "" all), the element it looks at, and a pattern. It is checked on the document itself,
so that a rule holds for every message of the set, whether or not it opens a payment here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree
from msgspec import Struct

from gateway.formats.fedwire.faim import AMOUNT_MAX_CENTS, routing_number_right
from gateway.model import Refusal

OUTGOING, INCOMING = "urn:fedwirefunds:outgoing:v001", "urn:fedwirefunds:incoming:v001"
OWN = "urn:fedwirefunds:"
REFUSALS_MAX = 20  # of one message: enough to mend it

# Message type -> element of the wrapper that we write. Only the first two names stand in official public texts; the
# others come from public code, the last ones are ours: of all but the first two any FedwireFunds name is read.
MESSAGES: dict[str, str] = {
    "pacs.008.001.08": "FedwireFundsCustomerCreditTransfer",
    "pacs.002.001.10": "FedwireFundsPaymentStatus",
    "pacs.009.001.08": "FedwireFundsFinancialInstitutionCreditTransfer",
    "pacs.004.001.10": "FedwireFundsPaymentReturn",
    "pacs.028.001.03": "FedwireFundsPaymentStatusRequest",
    "pain.013.001.07": "FedwireFundsDrawdownRequest",
    "pain.014.001.07": "FedwireFundsDrawdownResponse",
    "camt.056.001.08": "FedwireFundsReturnRequest",
    "camt.029.001.09": "FedwireFundsReturnRequestResponse",
    "camt.110.001.01": "FedwireFundsInvestigationRequest",
    "camt.111.001.01": "FedwireFundsInvestigationResponse",
    "admi.002.001.01": "FedwireFundsMessageReject",
    "admi.004.001.02": "FedwireFundsConnectionCheck",
    "camt.060.001.05": "FedwireFundsAccountReportingRequest",
    "camt.052.001.08": "FedwireFundsAccountReport",
    "admi.006.001.01": "FedwireFundsRetrievalRequest",
    "admi.007.001.01": "FedwireFundsAcknowledgement",
    "admi.011.001.01": "FedwireFundsSystemResponse",
}
WRAPPER_PREFIX = "FedwireFunds"
CONFIRMED = frozenset(("pacs.008.001.08", "pacs.002.001.10"))
VALUE = ("pacs.008", "pacs.009", "pacs.004")
TRANSFERS = ("pacs.008", "pacs.009")


class Rule(Struct, frozen=True):
    """One restriction: `test` must hold for the text of every element that ends in `path`."""

    id: str
    reason: str
    types: tuple[str, ...]
    path: str
    test: Callable[[str], bool]
    text: str  # what was expected
    required: bool = False
    most: int = 0  # how often the element may stand; 0 any number


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern + r"\Z")
    return lambda text: compiled.match(text) is not None


def _anything(text: str) -> bool:
    return True


def _amount_fits(text: str) -> bool:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction.ljust(2, "0")
    return len(fraction) <= 2 and digits.isascii() and digits.isdigit() and int(digits) <= AMOUNT_MAX_CENTS


IMAD = r"[0-9]{8}[A-Za-z0-9]{8}[0-9]{6}"
_UETR = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_CUSTOMER, _BANK, _DRAWDOWN = "CTRC|CTRD|CTRS", "BTRC|BTRD|BTRS|COVC|COVS", "DRRC|DRRB"


def _instrument(id: str, types: tuple[str, ...], codes: str) -> Rule:
    text = f"one of {codes.replace('|', ' ')}"
    return Rule(id, "FF05", types, "PmtTpInf/LclInstrm/Prtry", _like(f"(?:{codes})"), text, True)


def _remittance(path: str) -> Rule:
    text = "at most 140 characters, once"
    return Rule("FED-RMT", "RR07", TRANSFERS, path, _like(r"(?s).{1,140}"), text, most=1)


RULES: tuple[Rule, ...] = (
    Rule("FED-BIZSVC", "FF01", ("",), "AppHdr/BizSvc", _like("TEST|PROD"), "TEST or PROD"),
    Rule("FED-IMAD", "FF01", VALUE, "GrpHdr/MsgId", _like(IMAD), "an IMAD: date, 8 characters, 6 digits", True),
    Rule("FED-ONE", "FF01", VALUE, "GrpHdr/NbOfTxs", _like("1"), "1: a message holds one transaction"),
    Rule("FED-METHOD", "FF01", TRANSFERS, "SttlmInf/SttlmMtd", _like("CLRG"), "CLRG", True),
    Rule("FED-SYSTEM", "FF01", TRANSFERS, "SttlmInf/ClrSys/Cd", _like("FDW"), "FDW", True),
    Rule("FED-UETR", "FF01", ("",), "UETR", _like(_UETR), "a version 4 UUID in lower case"),
    Rule("FED-CCY", "AM03", ("pacs.",), "IntrBkSttlmAmt/@Ccy", _like("USD"), "USD"),
    Rule("FED-CCY", "AM03", ("pacs.",), "RtrdIntrBkSttlmAmt/@Ccy", _like("USD"), "USD"),
    Rule("FED-CCY", "AM03", ("pain.013",), "Amt/InstdAmt/@Ccy", _like("USD"), "USD"),
    Rule("FED-AMT", "AM02", ("pacs.",), "IntrBkSttlmAmt", _amount_fits, "at most 9999999999.99, two decimals"),
    Rule("FED-AMT", "AM02", ("pacs.",), "RtrdIntrBkSttlmAmt", _amount_fits, "at most 9999999999.99, two decimals"),
    Rule("FED-AMT", "AM02", ("pain.013",), "Amt/InstdAmt", _amount_fits, "at most 9999999999.99, two decimals"),
    _instrument("FED-LCL-CUSTOMER", ("pacs.008",), _CUSTOMER),
    _instrument("FED-LCL-BANK", ("pacs.009",), _BANK),
    _instrument("FED-LCL-DRAWDOWN", ("pain.013",), _DRAWDOWN),
    Rule("FED-INSTG", "RC03", TRANSFERS, "InstgAgt/FinInstnId/ClrSysMmbId/MmbId", _anything, "the sender", True),
    Rule("FED-INSTD", "RC04", TRANSFERS, "InstdAgt/FinInstnId/ClrSysMmbId/MmbId", _anything, "the receiver", True),
    Rule("FED-NEXT", "FF01", TRANSFERS, "InstrForNxtAgt/InstrInf", lambda text: False, "nothing: it is not used"),
    Rule("FED-NEXT", "FF01", TRANSFERS, "InstrForNxtAgt/Cd", lambda text: False, "nothing: it is not used"),
    _remittance("CdtTrfTxInf/RmtInf/Ustrd"),
    _remittance("UndrlygCstmrCdtTrf/RmtInf/Ustrd"),
    Rule(
        "FED-EVENT",
        "FF01",
        ("admi.004",),
        "EvtCd",
        _like("OPEN|CLSD|EXTN|ADHC|PING"),
        "one of OPEN CLSD EXTN ADHC PING",
    ),
)
OMAD = Rule(
    "FED-OMAD",
    "FF01",
    VALUE,
    "AppHdr/BizMsgIdr",
    _like(IMAD + r"[0-9]{8}[A-Z0-9]{4}"),
    "an OMAD: an IMAD's form, date and time, application",
)
_PRINTABLE = re.compile(r"[ -~\s]*\Z")


def check(root: etree._Element, document: etree._Element, type: str) -> list[Refusal]:
    """All rules that a message breaks; `root` is the document or what it is wrapped in."""
    if type not in MESSAGES:
        known = " ".join(MESSAGES)
        return [Refusal("FED-MSG", "FF01", "Document", f"{type} is not used by Fedwire; expected one of {known}")]
    found = [*_wrapper(root, document, type), *_members(root), *_characters(root)]
    leaves = [(_path(node), node) for node in root.iter() if isinstance(node.tag, str)]
    delivered = etree.QName(root).namespace == OUTGOING
    for rule in (*RULES, OMAD) if delivered else RULES:
        if any(type.startswith(prefix) for prefix in rule.types):
            found += _broken(rule, leaves)
    return found[:REFUSALS_MAX]


def _broken(rule: Rule, leaves: list[tuple[str, etree._Element]]) -> Iterator[Refusal]:
    path, _, attribute = rule.path.partition("/@")
    suffix = f"/{path}"
    own = [(place, node) for place, node in leaves if place.endswith(suffix)]
    if rule.required and not own:
        yield Refusal(rule.id, rule.reason, rule.path, f"missing; expected {rule.text}")
    if rule.most and len(own) > rule.most:
        yield Refusal(rule.id, rule.reason, own[rule.most][0], f"stands {len(own)} times; expected {rule.text}")
    for place, node in own:
        text = str(node.get(attribute) or "") if attribute else (node.text or "").strip()
        if not rule.test(text):
            yield Refusal(rule.id, rule.reason, _line(place, node), f"expected {rule.text}")


def _path(node: etree._Element) -> str:
    """Names from the root down, without namespaces."""
    names = [etree.QName(node).localname, *(etree.QName(above).localname for above in node.iterancestors())]
    return "/" + "/".join(reversed(names))


def _line(place: str, node: etree._Element) -> str:
    return f"{place}, line {node.sourceline}"


def _wrapper(root: etree._Element, document: etree._Element, type: str) -> Iterator[Refusal]:
    """A message may come bare; when it is wrapped, the wrapper says what is in it."""
    space = etree.QName(root).namespace or ""
    parent = document.getparent()
    if not space.startswith(OWN):
        return
    if space not in (OUTGOING, INCOMING):
        yield Refusal("FED-WRAP", "FF01", _path(root), f"expected the namespace {OUTGOING} or {INCOMING}")
    if parent is None:
        return
    name, expected = etree.QName(parent).localname, MESSAGES[type]
    wrong = name != expected if type in CONFIRMED else not name.startswith(WRAPPER_PREFIX)
    if wrong:
        text = f"the document stands in {name}; expected {expected or WRAPPER_PREFIX + '...'} around {type}"
        yield Refusal("FED-WRAP", "FF01", _line(_path(parent), parent), text)


def _members(root: etree._Element) -> Iterator[Refusal]:
    """Routing numbers: nine digits, the last one right."""
    for node in root.iter("{*}ClrSysMmbId"):
        texts = {etree.QName(leaf).localname: (leaf.text or "").strip() for leaf in node.iter() if len(leaf) == 0}
        if texts.get("Cd") == "USABA" and not routing_number_right(texts.get("MmbId", "")):
            text = "expected a routing number: nine digits, the last one its check digit"
            yield Refusal("FED-ABA", "RC01", _line(_path(node), node), text)


def _characters(root: etree._Element) -> Iterator[Refusal]:
    for node in root.iter():
        if isinstance(node.tag, str) and node.text and not _PRINTABLE.match(node.text):
            yield Refusal("FED-CHARS", "FF01", _line(_path(node), node), "expected printable ASCII")
