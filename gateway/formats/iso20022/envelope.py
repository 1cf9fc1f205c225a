"""What a message is wrapped in: nothing, BusMsg, DataPDU, any wrapper, with or without a business header.

Found by namespace, never by prefix or by the wrapper's name.
"""

from __future__ import annotations

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.xml import NAMESPACE, violations
from gateway.model import Refusal


class Envelope(Struct, frozen=True):
    """A document, and what its business application header (head.001) says, if there is one."""

    document: etree._Element
    type: str  # from the document's namespace: pacs.008.001.08
    sender: str = ""
    receiver: str = ""
    business_id: str = ""


def open_envelope(root: etree._Element) -> Envelope | list[Refusal]:
    """Find the one document; refuse when there is none, or more than one, or a header that contradicts it."""
    if _is(root, "Document"):
        return Envelope(root, type_of(root))
    documents = [e for e in root.iter() if _is(e, "Document")]
    if len(documents) != 1:
        text = f"{len(documents)} ISO 20022 documents found, expected one"
        return [Refusal("no-document", "FF01", f"/{etree.QName(root).localname}", text)]
    document = documents[0]
    kind = type_of(document)
    header = next((e for e in root.iter() if _is(e, "AppHdr")), None)
    if header is None:
        return Envelope(document, kind)
    return _with_header(document, kind, header)


def _with_header(document: etree._Element, kind: str, header: etree._Element) -> Envelope | list[Refusal]:
    wrong = violations(header, type_of(header)) if type_of(header) == "head.001.001.02" else []
    if wrong:
        return wrong
    said = {etree.QName(e).localname: (e.text or "").strip() for e in header if len(e) == 0}
    return Envelope(document, kind, _bic(header, "Fr"), _bic(header, "To"), said.get("BizMsgIdr", ""))


def _bic(header: etree._Element, side: str) -> str:
    for part in header:
        if etree.QName(part).localname == side:
            return next((e.text or "" for e in part.iter() if etree.QName(e).localname in ("BICFI", "AnyBIC")), "")
    return ""


def _is(element: etree._Element, name: str) -> bool:
    tag = element.tag
    return isinstance(tag, str) and tag.startswith("{" + NAMESPACE) and tag.endswith("}" + name)


def type_of(element: etree._Element) -> str:
    """pacs.008.001.08 of the element's namespace."""
    return (etree.QName(element).namespace or "").removeprefix(NAMESPACE)
