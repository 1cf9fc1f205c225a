"""Official schemas are checked before they are used, and nothing of an archive is believed."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import pytest

from gateway.cli import schemas
from gateway.formats.iso20022.xml import NAMESPACE

GOOD = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{space}" targetNamespace="{space}"'
    ' elementFormDefault="qualified"><xs:element name="Document" type="xs:string"/>{more}</xs:schema>'
)


def xsd(type: str = "pacs.008.001.08", more: str = "") -> bytes:
    return GOOD.format(space=NAMESPACE + type, more=more).encode()


def run(source: Path, to: Path) -> int:
    return schemas.import_(argparse.Namespace(source=str(source), to=str(to)))


def test_a_folder_is_installed(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "whatever.xsd").write_bytes(xsd())
    (tmp_path / "in" / "b.xsd").write_bytes(xsd("camt.053.001.08"))
    assert run(tmp_path / "in", tmp_path / "out") == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["camt.053.001.08.xsd", "pacs.008.001.08.xsd"]


def test_an_archive_is_installed_under_names_of_ours(tmp_path: Path) -> None:
    archive = tmp_path / "some-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../escape.xsd", xsd())
        file.writestr("other.txt", "x")
    assert run(archive, tmp_path / "out") == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["pacs.008.001.08.xsd"]
    assert not (tmp_path.parent / "escape.xsd").exists()


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (xsd(more='<xs:include schemaLocation="http://example.com/x.xsd"/>'), "another file"),
        (xsd(more='<xs:import namespace="urn:x" schemaLocation="x.xsd"/>'), "another file"),
        (b"<!DOCTYPE x>" + xsd(), "document type"),
        (xsd().replace(NAMESPACE.encode(), b"urn:example:"), "target namespace"),
        (xsd("../../etc/passwd"), "target namespace"),
        (xsd(more='<xs:element name="x" type="Unknown"/>'), "compile"),
        (b"<a/>", "not an XML Schema"),
        (b"<a", "well-formed"),
        (b" " * (schemas.FILE_BYTES_MAX + 1), "more than"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_installed(
    data: bytes, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.xsd").write_bytes(data)
    (tmp_path / "in" / "good.xsd").write_bytes(xsd("camt.053.001.08"))
    assert run(tmp_path / "in", tmp_path / "out") == 1
    assert word in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no XSD"):
        run(tmp_path, tmp_path / "out")
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="ZIP"):
        run(tmp_path / "x.zip", tmp_path / "out")
