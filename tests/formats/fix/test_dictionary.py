"""Dictionaries in QuickFIX's XML: what is read, and what an operator is told about a wrong file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.formats.fix import dictionary
from gateway.formats.fix.dictionary import Member
from tests.support import shared_corpus

SMALL = """<fix type='FIX' major='4' minor='4' servicepack='0'>
 <header><field name='BeginString' required='Y'/></header>
 <messages>
  <message name='News' msgtype='B' msgcat='app'>
   <component name='Lines' required='Y'/>
   <component name='Lines' required='N'/>
  </message>
  <message name='Email' msgtype='C' msgcat='app' described='N'/>
 </messages>
 <trailer/>
 <components>
  <component name='Lines'><field name='Headline' required='Y'/>
   <group name='NoLines' required='N'><field name='Line' required='Y'/></group></component>
 </components>
 <fields>
  <field number='8' name='BeginString' type='STRING'/>
  <field number='33' name='NoLines' type='NUMINGROUP'/>
  <field number='58' name='Line' type='STRING'/>
  <field number='148' name='Headline' type='STRING'><value enum='A' description='ONLY'/></field>
  <field number='149' name='URL' type='STRING' allowOtherValues='Y'><value enum='A' description='ONE'/></field>
 </fields>
</fix>"""


def read(tmp_path: Path, text: str) -> dictionary.Dictionary:
    path = tmp_path / "FIX44.xml"
    path.write_text(text)
    return dictionary.read(path)


def test_components_are_opened_and_required_only_where_they_are(tmp_path: Path) -> None:
    found = read(tmp_path, SMALL)
    assert (found.version, found.begin_string) == ("FIX44", b"FIX.4.4")
    members = found.messages[b"B"].members
    assert [(m.tag, m.required) for m in members] == [(b"148", True), (b"33", False), (b"148", False), (b"33", False)]
    group = members[1].group
    assert group is not None
    assert group.members == (Member(b"58", True),)
    assert group.delimiter == b"58"
    assert not found.messages[b"C"].described
    assert found.fields[b"148"].values == {b"A"}
    assert not found.fields[b"149"].values, "other values are allowed"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<fix ", "<fox ", "not XML"),
        (SMALL, "<fox/>", "begins with <fix>"),
        ("name='Lines' required='Y'", "name='Rows' required='Y'", "component Rows is not defined"),
        ("<field name='Headline'", "<field name='Heading'", "field Heading is not defined"),
        ("number='58'", "number='x'", "field Line has no number"),
        (" msgtype='B'", "", "message News has no msgtype"),
        ("<field name='Line' required='Y'/>", "", "group NoLines is empty"),
        ("<field name='Line' required='Y'/>", "<component name='Lines' required='N'/>", "contain each other"),
        ("<header><field name='BeginString'", "<header><field", "has no name"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as error:
        read(tmp_path, SMALL.replace(old, new, 1))
    assert "FIX44.xml" in str(error.value)


def test_entities_are_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("<field name='Line' required='Y'/>")
    text = f"<!DOCTYPE fix [<!ENTITY e SYSTEM '{secret}'>]>" + SMALL.replace("<trailer/>", "<trailer>&e;</trailer>")
    assert read(tmp_path, text).trailer == ()


def test_a_missing_dictionary_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "FIX44.xml").write_text(SMALL)
    with pytest.raises(ValueError, match=r"no dictionary FIX42\.xml in \S+/ \(there: FIX44\)"):
        dictionary.load("FIX42", tmp_path)


VERSIONS = "FIX40 FIX41 FIX42 FIX43 FIX44 FIX50 FIX50SP1 FIX50SP2 FIXT11".split()


@pytest.mark.parametrize("name", VERSIONS)
def test_the_shipped_dictionary_agrees_with_the_published_one(name: str) -> None:
    """Names, types, members, what is required and the order in groups; we describe fewer messages."""
    ours = dictionary.load(name)
    theirs = dictionary.load(name, shared_corpus("fix", "dictionaries"))
    assert {tag: (f.name, f.type) for tag, f in ours.fields.items()}.items() <= {
        tag: (f.name, f.type) for tag, f in theirs.fields.items()
    }.items()
    assert set(ours.messages) == set(theirs.messages)
    assert _flat(ours.header) == _flat(theirs.header)
    assert _flat(ours.trailer) == _flat(theirs.trailer)
    for type, layout in ours.messages.items():
        if layout.described:
            assert _flat(layout.members) == _flat(theirs.messages[type].members), layout.name


def _flat(members: tuple[Member, ...]) -> dict[bytes, object]:
    """Members by tag; of groups, their entries in order."""
    return {m.tag: (m.required, [(e.tag, _flat((e,))) for e in m.group.members] if m.group else None) for m in members}


@pytest.mark.parametrize("name", VERSIONS)
def test_values_of_the_shipped_dictionary_are_the_published_ones(name: str) -> None:
    ours = dictionary.load(name)
    theirs = dictionary.load(name, shared_corpus("fix", "dictionaries"))
    for tag, field in ours.fields.items():
        if field.values:
            assert field.values == theirs.fields[tag].values, field.name


@pytest.mark.parametrize("name", VERSIONS)
def test_published_dictionaries_are_read_as_they_are(name: str) -> None:
    found = dictionary.load(name, shared_corpus("fix", "dictionaries"))
    assert found.version == name
    assert found.messages
    assert (b"D" in found.messages) == (name != "FIXT11")
