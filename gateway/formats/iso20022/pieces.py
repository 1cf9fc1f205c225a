"""A large document cut into small ones: each holds the document's beginning, some of its records, and its end.

Strategy: the file is cut only between two records, or two groups of records, that stand side by side, so the pieces
are valid if and only if the whole is. What the bytes take for a record is counted and compared with what the parser
finds. Whatever is not plain (comments, prefixes, a record within a record, a fault) raises NotPlain, and the file is
read the general way, which tells what is wrong and where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.documents import amount_of, amount_paths, counted, header, totals
from gateway.formats.iso20022.kinds import Kind
from gateway.formats.iso20022.read import Outer
from gateway.formats.iso20022.shape import UNBOUNDED
from gateway.formats.iso20022.xml import NAMESPACE, own_schema, parser
from gateway.model import Refusal, Statement

PIECE_BYTES = 256 * 1024
PIECE_BYTES_MAX = 4 * 1024 * 1024  # of a piece that finds no place to be cut
HEAD_BYTES_MAX = 64 * 1024  # of what is repeated in every piece
TRIES_MAX = 8  # places looked at for a cut
GAP_BYTES_MAX = 256  # white space between two records


class NotPlain(Exception):
    """A file that is not read in pieces."""


class Piece(Struct, frozen=True):
    """Some of the file, with what makes a document of it."""

    before: bytes
    text: bytes
    after: bytes
    continues: bool  # it begins inside a group of records

    def document(self) -> bytes:
        return self.before + self.text + self.after


class Cutter:
    """Cuts one file; `opening` is what stands before the first group, or the first record, once a piece came."""

    def __init__(self, kind: Kind) -> None:
        statement = kind.family.record is Statement
        names = (*kind.family.spine, "Ntry") if statement else kind.family.spine
        self.record = names[-1]
        self.group = names[-2] if len(names) > 1 else ""
        self.opening = b""
        self._record, self._group = f"<{self.record}>".encode(), f"<{self.group}>".encode() if self.group else b""
        self._ends = {name: b"</" + name[1:] for name in (self._record, self._group)}
        self._close = f"</{kind.body}></Document>".encode()
        self._levels = (kind.levels[-1], "Ntry") if statement else (kind.levels[-2], self.record)
        self._plain = all(
            kind.shape.children(type)[name].most == UNBOUNDED
            for type, name in (self._levels, *([(kind.levels[0], self.group)] if self.group else []))
        )

    def pieces(self, file: BinaryIO) -> Iterator[Piece]:
        """All pieces in order. Raises NotPlain."""
        if not self._plain:
            raise NotPlain
        waiting, before, head, continues = b"", b"", b"", False
        while block := file.read(PIECE_BYTES):
            waiting += block
            at, inside = self._cut(waiting)
            if at <= 0:
                if len(waiting) > PIECE_BYTES_MAX:
                    raise NotPlain
                continue
            text, waiting = waiting[:at], waiting[at:]
            self.opening = self.opening or self._opened(text)
            inside = inside and bool(self.group)
            if inside:
                head = self._head(text) or head
            yield Piece(before, text, self._ends[self._group] + self._close if inside else self._close, continues)
            before, continues = self.opening + head if inside else self.opening, inside
            if len(before) > HEAD_BYTES_MAX:
                raise NotPlain
        self.opening = self.opening or self._opened(waiting)
        yield Piece(before, waiting, b"", continues)

    def _cut(self, text: bytes) -> tuple[int, bool]:
        """Where the last record, or group, begins that follows another directly; whether it is a record."""
        record = self._between(text, self._record)
        group = self._between(text, self._group) if self.group else -1
        return max(record, group), record > group

    def _between(self, text: bytes, begin: bytes) -> int:
        at = len(text)
        for _ in range(TRIES_MAX):
            at = text.rfind(begin, 0, at)
            if at <= 0 or text[max(0, at - GAP_BYTES_MAX) : at].rstrip().endswith(self._ends[begin]):
                return at
        return -1

    def _opened(self, text: bytes) -> bytes:
        at = text.find(self._group or self._record)
        if at < 0:
            raise NotPlain
        return text[:at]

    def _head(self, text: bytes) -> bytes:
        """What the last group of a piece says before its first record; nothing when no group begins there."""
        at = text.rfind(self._group)
        return text[at : text.find(self._record, at)] if at >= 0 else b""


class Checked(Struct):
    """A file that was checked in pieces: what is wrong with its totals, and what its body says for every record."""

    wrong: list[Refusal]
    top: Outer


class Checker:
    """The first reading of a plain file: schema, number and sum."""

    def __init__(self, kind: Kind) -> None:
        self._kind, self._cutter = kind, Cutter(kind)
        self._space = len(NAMESPACE) + len(kind.type) + 2
        space = {"d": NAMESPACE + kind.type}
        group, record = self._cutter.group, self._cutter.record
        self._groups = etree.XPath(f"d:{group}" if group else ".", namespaces=space)
        self._records = etree.XPath(f"count(d:{record})", namespaces=space)
        self._paths = amount_paths(kind.type) if counted(kind) else ()
        found = "|".join(f"d:{record}/{_prefixed(path)}/text()" for path in self._paths)
        self._amounts = etree.XPath(found, namespaces=space, smart_strings=False) if found else None
        self._begin = {name: re.compile(rf"<{name}(?=[\s/>])".encode()) for name in (group, record) if name}
        self._said: dict[str, str] = {}  # what the present group says of its number and sum
        self._number, self._count, self._sum = 0, 0, Decimal(0)
        self._count_all, self._sum_all = 0, Decimal(0)
        self._wrong: list[Refusal] = []

    def run(self, file: BinaryIO) -> Checked:
        """Raises NotPlain, for a fault of the schema too."""
        found, own = own_schema(self._kind.type), parser()
        assert found is not None, f"no schema of {self._kind.type}"
        body: etree._Element | None = None
        for piece in self._cutter.pieces(file):
            body = self._body(piece, found, own)
            self._piece(piece, body)
        if body is None:
            raise NotPlain
        self._end_of_group()
        top = header(body, self._space, self._kind)
        if counted(self._kind):
            where = f"/Document/{self._kind.body}/GrpHdr"
            self._wrong = totals(top.message, "/GrpHdr/", where, self._count_all, self._sum_all) + self._wrong
        return Checked(self._wrong, top)

    def _body(self, piece: Piece, schema: etree.XMLSchema, own: etree.XMLParser) -> etree._Element:
        """The body of a piece that is valid and plain."""
        if piece.text.count(b"<!") or piece.text.count(b"<?") > piece.text.startswith((b"<?xml", b"\xef\xbb\xbf<?xml")):
            raise NotPlain
        try:
            piece.text.decode()
            root = etree.fromstring(piece.document(), own)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise NotPlain from error
        if not schema.validate(root):
            raise NotPlain
        return root[0]

    def _piece(self, piece: Piece, body: etree._Element) -> None:
        """Count what a piece holds, and see that bytes and parser mean the same."""
        found: Any = self._groups(body)
        records = 0
        for place, group in enumerate(found):
            if self._cutter.group and not (place == 0 and piece.continues):
                self._end_of_group()
                self._begin_of_group(group)
            count = int(self._records(group))  # type: ignore[arg-type]
            records += count
            self._count += count
            if self._amounts is not None:
                self._sum += self._summed(group, count)
        if records != self._begun(self._cutter.record, piece.text):
            raise NotPlain
        if self._cutter.group and len(found) - piece.continues != self._begun(self._cutter.group, piece.text):
            raise NotPlain

    def _begun(self, name: str, text: bytes) -> int:
        """How often an element begins in the bytes; NotPlain when not always in the same way."""
        count = text.count(f"<{name}>".encode())
        if text.count(f"</{name}>".encode()) > count + 1 or f":{name}".encode() in text:
            raise NotPlain
        if count != sum(1 for _ in self._begin[name].finditer(text)):
            raise NotPlain
        return count

    def _summed(self, group: etree._Element, count: int) -> Decimal:
        assert self._amounts is not None
        texts: Any = self._amounts(group)
        if len(texts) == count:
            return sum(map(Decimal, map(str.strip, texts)), Decimal(0))
        own = (child for child in group if child.tag[self._space :] == self._cutter.record)
        return sum((amount_of(child, self._paths) for child in own), Decimal(0))

    def _begin_of_group(self, group: etree._Element) -> None:
        self._number += 1
        self._said = {
            f"/{name}": str(child.text).strip()
            for child in group
            if (name := child.tag[self._space :]) in ("NbOfTxs", "CtrlSum") and child.text
        }

    def _end_of_group(self) -> None:
        if self._said and counted(self._kind):
            where = f"/Document/{self._kind.body}/{self._cutter.group}[{self._number}]"
            self._wrong += totals(self._said, "/", where, self._count, self._sum)
        self._count_all, self._sum_all = self._count_all + self._count, self._sum_all + self._sum
        self._count, self._sum, self._said = 0, Decimal(0), {}


def _prefixed(path: str) -> str:
    """A path of Clark names as XPath has it."""
    return "/".join(f"d:{step.rpartition('}')[2]}" for step in re.findall(r"\{[^}]*\}[^/]+", path))
