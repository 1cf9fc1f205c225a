"""What several tests ask of a message: is it valid for both schemas, and are all leaves of one in the other."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from lxml import etree

from gateway.formats.iso20022 import FORMAT
from gateway.formats.iso20022.leaves import walk
from gateway.formats.iso20022.read import Record
from gateway.formats.iso20022.xml import parser, schema
from gateway.model import Refusal
from gateway.ports import Decoded, Writing
from tests.support import ROOT

WRITING = Writing("FO00000000100001", 1_767_225_600_000_000_000)
OFFICIAL = ROOT.parent / "shared" / "corpus" / "iso20022" / "xsd" / "iso"
_INDEX = re.compile(r"\[\d+\]")
# The writer's own words in every message; totals of group headers follow from the transactions.
OURS = re.compile(r"(GrpHdr|PmtInf)/(MsgId|CreDtTm|NbOfTxs|CtrlSum|Ttl.*)|(Assgnmt|MsgId)/MsgId|MsgId/CreDtTm")


@cache
def official(type: str) -> etree.XMLSchema | None:
    path = Path(OFFICIAL / f"{type}.xsd")
    return etree.XMLSchema(etree.parse(str(path))) if path.exists() else None


def invalid(data: bytes, type: str) -> str:
    """What our schema or the official one has against a message; empty when nothing."""
    root = etree.fromstring(data)
    for judge in (schema(type), official(type)):
        if judge is not None and not judge.validate(root):
            return str(judge.error_log.last_error)
    return ""


def leaves(data: bytes) -> Counter[tuple[str, str]]:
    """The leaves of a document by name and text; numbers by value."""
    root = etree.fromstring(data, parser())
    document = next(e for e in root.iter() if isinstance(e.tag, str) and e.tag.endswith("}Document"))
    space = document.tag.index("}") + 1
    found: Counter[tuple[str, str]] = Counter()
    for path, text in walk(document[0], space).items():
        plain = _INDEX.sub("", path)
        if not OURS.fullmatch(plain) and text.strip():
            name = "/".join(plain.split("/")[-2:]) if "@" in plain else plain.rpartition("/")[2]
            found[name, _value(text.strip())] += 1
    return found


def _value(text: str) -> str:
    return f"{float(text):.10g}" if re.fullmatch(r"[+-]?\d+(\.\d*)?|[+-]?\.\d+", text) else text


def accepted(decoded: Decoded) -> bool:
    return not decoded.refusals and not any(isinstance(record, Refusal) for record in decoded.records)


def records(decoded: Decoded) -> list[Record]:
    assert accepted(decoded), decoded
    return list(decoded.records)  # type: ignore[arg-type]


def groups(found: list[Record], type: str) -> list[list[Record]]:
    """Records as the gateway sends them: those of one message have one body."""
    together: dict[str, list[Record]] = {}
    for record in found:
        together.setdefault(FORMAT.group(record, type), []).append(record)
    return list(together.values())


def lost(found: list[Record], type: str) -> list[str]:
    """What `fit` says will be lost."""
    return [loss.element for record in found for loss in FORMAT.fit(record, type).losses]
