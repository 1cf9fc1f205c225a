"""What the official schemas say of a message: the judge that shares nothing with our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

SCHEMAS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "iso20022" / "xsd" / "iso"


@cache
def _schema(name: str) -> etree.XMLSchema | None:
    path = SCHEMAS / f"{name}.xsd"
    return etree.XMLSchema(etree.parse(str(path))) if path.exists() else None


def valid(text: str | bytes) -> bool:
    """Whether the Document of a message is valid; also where there is no official schema of it."""
    root = etree.fromstring(text.encode("latin-1") if isinstance(text, str) else text)
    document = next((one for one in root.iter("{*}Document")), None)
    if document is None:
        return False
    schema = _schema(etree.QName(document).namespace.rpartition(":")[2])
    return schema is None or schema.validate(etree.ElementTree(document))
