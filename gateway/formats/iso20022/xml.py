"""XML, safely: what may come in, and what a schema has to say about it.

Strategy: cheap looks at the bytes first (size, encoding, DOCTYPE, a tag too long to be honest), then lxml with
entities, DTDs and the network off, then the compiled schema of the message. Schemas are the project's own in
schemas/iso20022; official ones in the folder named by FINOS_SCHEMAS, or in schemas/iso20022/official, go first.
"""

from __future__ import annotations

import os
import re
import threading
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

import schemas
from gateway.formats.iso20022.library import alone
from gateway.model import Refusal

MESSAGE_BYTES_MAX = 64 * 1024 * 1024  # a message read whole; larger files come in parts
DEPTH_MAX = 64  # the deepest ISO 20022 message is about 20 deep, with envelope 25
TAG_BYTES_MAX = 8_192  # a start tag; namespaces and schema locations take a few hundred bytes
OWN_SCHEMAS_MAX = 8  # of one thread; about a megabyte each
ERRORS_MAX = 20  # of one message: enough to mend it
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
OWN = Path(schemas.__file__).parent / "iso20022"

_LONG_TAG = re.compile(rb"<[^<>]{%d,}" % TAG_BYTES_MAX)
_DECLARED = re.compile(rb"""^<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_OF_THREAD = threading.local()
_QUALIFIED = re.compile(r"\{[^}]*\}")


def refuse_bytes(data: bytes) -> Refusal | None:
    """What no parser should be asked to read."""
    if len(data) > MESSAGE_BYTES_MAX:
        return Refusal(
            "XML-SIZE", "FF01", "message", f"the message has {len(data)} bytes, at most {MESSAGE_BYTES_MAX} are read"
        )
    head = data[3:1_024] if data[:3] == b"\xef\xbb\xbf" else data[:1_024]
    declared = _DECLARED.match(head.lstrip())
    if declared and declared[1].upper() not in (b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"):
        return Refusal("XML-ENCODING", "FF01", "XML declaration", "the encoding is not UTF-8")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return Refusal("XML-DTD", "FF01", "DOCTYPE", "document type declarations are not read")
    if b"\x00" in data:
        return Refusal("XML-ENCODING", "FF01", "message", "the message holds NUL bytes: it is not UTF-8 text")
    if _LONG_TAG.search(data):
        return Refusal("XML-TAG", "FF01", "message", f"a tag is longer than {TAG_BYTES_MAX} bytes")
    return None


def parser() -> etree.XMLParser:
    """A parser that opens nothing and expands nothing."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )


def _parser() -> etree.XMLParser:
    """This thread's parser: libxml2 keeps the names it has seen per thread."""
    own: etree.XMLParser | None = getattr(_OF_THREAD, "parser", None)
    if own is None:
        own = _OF_THREAD.parser = parser()
    return own


def parse(data: bytes) -> etree._Element | Refusal:
    """The root element, or why there is none."""
    refusal = refuse_bytes(data)
    if refusal is not None:
        return refusal
    try:
        root = etree.fromstring(data, _parser())
    except etree.XMLSyntaxError as error:
        return Refusal("XML", "FF01", f"line {error.lineno or 1}", f"not well-formed XML: {error.msg}"[:300])
    except ValueError as error:
        return Refusal("XML", "FF01", "message", f"not XML: {error}"[:300])
    return Refusal("XML-DEPTH", "FF01", "message", f"elements nest deeper than {DEPTH_MAX}") if too_deep(root) else root


def too_deep(root: etree._Element) -> bool:
    """Whether anything stands deeper than DEPTH_MAX: one XPath, in C."""
    own = getattr(_OF_THREAD, "deep", None)
    if own is None:
        own = _OF_THREAD.deep = etree.XPath("boolean(" + "/".join(["*"] * DEPTH_MAX) + "/*)")
    return bool(own(root))


@cache
def schema(type: str) -> etree.XMLSchema | None:
    """The compiled schema of a message type such as pacs.008.001.08; None when there is none."""
    return compiled(type)


def own_schema(type: str) -> etree.XMLSchema | None:
    """The same for the files that this thread streams: one that no other thread validates with."""
    known: dict[str, etree.XMLSchema | None] | None = getattr(_OF_THREAD, "schemas", None)
    if known is None:
        known = _OF_THREAD.schemas = {}
    if type not in known:
        if len(known) >= OWN_SCHEMAS_MAX:
            known.clear()
        known[type] = compiled(type)
    return known[type]


def compiled(type: str) -> etree.XMLSchema | None:
    """A schema, compiled anew."""
    if not re.fullmatch(r"[a-z]{4}\.\d{3}\.\d{3}\.\d{2}", type):
        return None
    path = next((p for folder in folders() if (p := folder / f"{type}.xsd").exists()), None)
    return etree.XMLSchema(alone(path)) if path is not None else None


def folders() -> list[Path]:
    """Where schemas are looked for, in this order."""
    dropped = os.environ.get("FINOS_SCHEMAS", "")
    return [*([Path(dropped)] if dropped else []), OWN / "official", OWN]


def violations(document: etree._Element, type: str) -> list[Refusal]:
    """What the schema finds wrong, each with path, line and rule."""
    found = schema(type)
    if found is None:
        return [Refusal("unsupported-type", "FF01", "Document", f"no schema for {type} is installed")]
    if found.validate(document):
        return []
    return [violation(error, document) for error in _entries(found)]


def _entries(found: etree.XMLSchema) -> list[etree._LogEntry]:
    log: Any = found.error_log  # lxml's stubs know neither its length nor its places
    return [log[place] for place in range(min(len(log), ERRORS_MAX))]


def violation(error: etree._LogEntry, document: etree._Element | None) -> Refusal:
    """One entry of libxml2's log in our words."""
    place = f"line {error.line}"
    if error.path:
        place = f"{_plain_path(error.path, document)}, {place}"
    text = _QUALIFIED.sub("", error.message)
    return Refusal("XSD", "FF01", place, text[:300])


def _plain_path(path: str, document: etree._Element | None) -> str:
    """libxml2 writes /*/*[1]; people want names."""
    if document is None or "*" not in path:
        return path
    try:
        nodes = document.getroottree().xpath(path)
    except etree.XPathError:
        return path
    if not isinstance(nodes, list) or not nodes or not isinstance(nodes[0], etree._Element):
        return path
    node: etree._Element | None = nodes[0]
    names = []
    while node is not None:
        names.append(etree.QName(node).localname)
        node = node.getparent()
    return "/" + "/".join(reversed(names))
