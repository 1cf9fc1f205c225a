"""What a message is wrapped in: nothing, BusMsg, DataPDU, any wrapper, with or without a business header, or CDATA.

Found by namespace, never by prefix or by the wrapper's name. A document that stands as text inside an element of
the wrapper (CDATA, or escaped) is read as if it stood there itself.
"""

from __future__ import annotations

import re

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022 import identifiers
from gateway.formats.iso20022.layout import escape, stamp
from gateway.formats.iso20022.leaves import walk
from gateway.formats.iso20022.xml import NAMESPACE, parse, schema, violations
from gateway.model import Refusal
from gateway.ports import Writing

DOCUMENT, HEADER = "Document", "AppHdr"
_DECLARATION = re.compile(r"<\?xml[^>]*\?>")
INNER_MAX = 8  # texts of a wrapper that may hold XML; an honest one has one or two


class Envelope(Struct, frozen=True):
    """A document, and what its business application header (head.001) says, if there is one."""

    document: etree._Element
    type: str  # from the document's namespace: pacs.008.001.08
    sender: str = ""
    receiver: str = ""
    header: dict[str, str] = {}  # leaves of the header, "AppHdr/BizMsgIdr" ...


def open_envelope(root: etree._Element) -> Envelope | list[Refusal]:
    """Find the one document; refuse when there is none, or more than one, or a header that is not valid."""
    if _is(root, DOCUMENT):
        return Envelope(root, type_of(root))
    documents, headers = parts_of(root)
    if not documents:
        inner = _inner(root)
        if isinstance(inner, Refusal):
            return [inner]
        for one in inner:
            found = parts_of(one)
            documents += found[0]
            headers += found[1]
    if len(documents) != 1:
        text = f"{len(documents)} ISO 20022 documents found, expected one"
        return [Refusal("no-document", "FF01", f"/{etree.QName(root).localname}", text)]
    kind = type_of(documents[0])
    return _with_header(documents[0], kind, headers[0]) if headers else Envelope(documents[0], kind)


def parts_of(root: etree._Element) -> tuple[list[etree._Element], list[etree._Element]]:
    """Documents and headers, what nests inside a document left alone: supplementary data may hold another."""
    documents: list[etree._Element] = []
    headers: list[etree._Element] = []
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if _is(element, DOCUMENT):
            documents.append(element)
        elif _is(element, HEADER):
            headers.append(element)
        else:
            waiting.extend(reversed(element))
    return documents, headers


def _inner(root: etree._Element) -> list[etree._Element] | Refusal:
    """XML that stands as text inside the wrapper."""
    found: list[etree._Element] = []
    for element in root.iter():
        text = (element.text or "").lstrip("\ufeff \t\r\n")
        if len(element) or not text.startswith("<") or len(found) == INNER_MAX:
            continue
        # Header and document may stand side by side, which one XML document may not.
        inner = parse(f"<inner>{_DECLARATION.sub('', text)}</inner>".encode())
        if isinstance(inner, Refusal):
            return inner
        found.append(inner)
    return found


def _with_header(document: etree._Element, kind: str, header: etree._Element) -> Envelope | list[Refusal]:
    version = type_of(header)
    wrong = violations(header, version) if schema(version) is not None else []
    if wrong:
        return wrong
    found = walk(header, str(header.tag).index("}") + 1)
    return headed(document, kind, {f"AppHdr/{path}": text for path, text in found.items()})


def headed(document: etree._Element, kind: str, leaves: dict[str, str]) -> Envelope:
    """The envelope that these leaves of a header make."""
    return Envelope(document, kind, _bic(leaves, "Fr"), _bic(leaves, "To"), leaves)


def _bic(leaves: dict[str, str], side: str) -> str:
    own = f"AppHdr/{side}/FIId/FinInstnId/BICFI"  # what nearly every header says
    if own in leaves:
        return leaves[own]
    return next(
        (
            text
            for path, text in leaves.items()
            if path.startswith(f"AppHdr/{side}/") and path.rpartition("/")[2] in ("BICFI", "AnyBIC")
        ),
        "",
    )


def _is(element: etree._Element, name: str) -> bool:
    tag = element.tag
    return isinstance(tag, str) and tag.startswith("{" + NAMESPACE) and tag.endswith("}" + name)


def type_of(element: etree._Element) -> str:
    """pacs.008.001.08 of the element's namespace."""
    tag = element.tag
    return tag[1 : tag.index("}")].removeprefix(NAMESPACE) if isinstance(tag, str) and tag[:1] == "{" else ""


# --- writing ------------------------------------------------------------------------------------

HEADERS = ("head.001.001.02", "head.001.001.03", "head.001.001.04")
_PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def wrapped(document: bytes, type: str, writing: Writing, *, service: str = "", version: str = HEADERS[0]) -> bytes:
    """A written document with its business header, in BusMsg; `service` is BizSvc, "swift.cbprplus.02".

    Sender and receiver are their BICs; one that is not known is NOTPROVIDED.
    """
    assert version in HEADERS, f"{version} is not written"
    parts = (
        f"<Fr>{_named(writing.sender)}</Fr><To>{_named(writing.receiver)}</To>"
        f"<BizMsgIdr>{escape(writing.message_id)}</BizMsgIdr><MsgDefIdr>{escape(type)}</MsgDefIdr>"
        + (f"<BizSvc>{escape(service[:35])}</BizSvc>" if service else "")
        + f"<CreDt>{stamp(writing.now_ns)}</CreDt>"
    )
    header = f'<AppHdr xmlns="{NAMESPACE}{version}">{parts}</AppHdr>'
    return b"".join((_PROLOG, b"<BusMsg>", header.encode(), document.removeprefix(_PROLOG), b"</BusMsg>\n"))


def _named(bic: str) -> str:
    known = bic and not identifiers.bic(bic)
    inner = f"<BICFI>{bic}</BICFI>" if known else "<Othr><Id>NOTPROVIDED</Id></Othr>"
    return f"<FIId><FinInstnId>{inner}</FinInstnId></FIId>"
