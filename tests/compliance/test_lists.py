"""List files as they come: OFAC's, the UN's, tables; what is not understood is said. All entries are fictional."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.compliance import _lists
from gateway.compliance._layouts import Entry
from tests.support import shared_corpus

UN = """<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1</DATAID><REFERENCE_NUMBER>QDi.999</REFERENCE_NUMBER>
<FIRST_NAME>Orlan</FIRST_NAME><SECOND_NAME> Fictive </SECOND_NAME><THIRD_NAME/><UN_LIST_TYPE>DEMO</UN_LIST_TYPE>
<NAME_ORIGINAL_SCRIPT>Орлан Фиктив</NAME_ORIGINAL_SCRIPT>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>The Otter</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Orlando F; Orlin Fictif (original script: Орлин)</ALIAS_NAME>
</INDIVIDUAL_ALIAS><INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS></INDIVIDUAL></INDIVIDUALS>
<ENTITIES><ENTITY><REFERENCE_NUMBER>QDe.998</REFERENCE_NUMBER><FIRST_NAME>Grey Otter Front</FIRST_NAME></ENTITY></ENTITIES>
</CONSOLIDATED_LIST>"""
SDN = (
    b'7,"FICTIVE, Orlan","individual","DEMO",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1960; a.k.a. \'THE OTTER\'; a.k.a. \'GRE"\r\n'
    b'8,"GREY OTTER SHIPPING, LTD.",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    b'9,"OTTER ONE","vessel","DEMO",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    b"\x1a\r\n"
)


def read(folder: Path, *names: str) -> tuple[Entry, ...]:
    return _lists.read(names or (".",), folder).entries


def test_ofac_with_its_traps(tmp_path: Path) -> None:
    """The end-of-file mark, -0- with a blank behind it, weak aliases in remarks that overflow into another file."""
    (tmp_path / "sdn.csv").write_bytes(SDN)
    (tmp_path / "alt.csv").write_bytes(b'7,1,"aka","FIKTIV, Orlan",-0- \r\n8,2,"fka",-0- ,-0- \r\n\x1a\r\n')
    (tmp_path / "add.csv").write_bytes(b'7,1,"Otter Street 1","Otterton","Land",-0- \r\n\x1a')
    (tmp_path / "sdn_comments.csv").write_bytes(b'7,"Y ONE\'; Linked To: GREY OTTER SHIPPING."\r\n')
    assert read(tmp_path) == (
        Entry("7", "FICTIVE, Orlan", "individual", "sdn", "DEMO"),
        Entry("7", "THE OTTER", "individual", "sdn", "DEMO", True),
        Entry("7", "GREY ONE", "individual", "sdn", "DEMO", True),
        Entry("8", "GREY OTTER SHIPPING, LTD.", "entity", "sdn"),
        Entry("9", "OTTER ONE", "vessel", "sdn", "DEMO"),
        Entry("7", "FIKTIV, Orlan", "individual", "sdn", "DEMO"),
    )


def test_ofac_is_known_by_its_columns_not_its_name(tmp_path: Path) -> None:
    (tmp_path / "sanctions-november.csv").write_bytes(SDN)
    assert read(tmp_path)[0].name == "FICTIVE, Orlan"


def test_aliases_without_their_entries_stand_alone(tmp_path: Path) -> None:
    (tmp_path / "alt.csv").write_bytes(b'7,1,"aka","FIKTIV, Orlan",-0- \r\n')
    assert read(tmp_path) == (Entry("7", "FIKTIV, Orlan", "", "alt"),)


def test_united_nations(tmp_path: Path) -> None:
    (tmp_path / "un.xml").write_text(UN, encoding="utf-8")
    entries = read(tmp_path)
    assert entries[0] == Entry("QDi.999", "Orlan Fictive", "individual", "un", "DEMO")
    assert [(entry.name, entry.weak) for entry in entries[1:]] == [
        ("Орлан Фиктив", False),
        ("The Otter", True),
        ("Orlando F", False),
        ("Orlin Fictif", False),
        ("Орлин", False),
        ("Grey Otter Front", False),
    ]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("own.csv", "name\nOrlan Fictive\n", [Entry("line 2", "Orlan Fictive", "", "own")]),
        (
            "own.csv",
            "id;Name;Type;Aliases;Weak;Programme\n1;Orlan Fictive;Individual;The Otter;no;DEMO\n2;Grey One;;;yes;\n",
            [
                Entry("1", "Orlan Fictive", "individual", "own", "DEMO"),
                Entry("1", "The Otter", "individual", "own", "DEMO"),
                Entry("2", "Grey One", "", "own", "", True),
            ],
        ),
        ("dpl.txt", '"Name"\t"City"\n" ORLAN FICTIVE"\t"X"\n', [Entry("line 2", "ORLAN FICTIVE", "", "dpl")]),
        (
            "csl.csv",
            '_id,source,entity_number,type,programs,name,alt_names\n"a1","Demo List (DL)","77","Entity","DEMO",'
            '"Grey Otter Works; and any successor, sub-unit, or subsidiary thereof","Otterworks; Grey Works"\n',
            [
                Entry("77", "Grey Otter Works", "entity", "Demo List (DL)", "DEMO"),
                Entry("77", "Otterworks", "entity", "Demo List (DL)", "DEMO"),
                Entry("77", "Grey Works", "entity", "Demo List (DL)", "DEMO"),
            ],
        ),
        (
            "eu.csv",
            "Entity_LogicalId;NameAlias_WholeName\r\n13;Orlan Fictive\r\n",
            [Entry("13", "Orlan Fictive", "", "eu")],
        ),
        ("bom.csv", "\ufeffname\nGreÿ Otter\n", [Entry("line 2", "Greÿ Otter", "", "bom")]),
    ],
)
def test_tables(tmp_path: Path, file: str, text: str, expected: list[Entry]) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8", newline="")
    assert list(read(tmp_path)) == expected


def test_old_encodings_are_read(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes("name\nJürgen Fictive\n".encode("latin-1"))
    assert read(tmp_path)[0].name == "Jürgen Fictive"


@pytest.mark.parametrize(
    ("file", "data", "why"),
    [
        ("own.csv", b"1,Orlan Fictive\n", "own: no layout that is known, and no column called name"),
        ("own.csv", b"name\n \n-\n", "no names found in own.csv"),
        ("un.xml", b"<sdnList/>", "un: XML of a list that is not known, <sdnList>"),
        ("un.xml", b"<CONSOLIDATED_LIST>", "un: "),
        ("bomb.xml", b'<!DOCTYPE a [<!ENTITY x "y">]><CONSOLIDATED_LIST>&x;</CONSOLIDATED_LIST>', "no names found"),
        ("long.csv", b'name\n"' + b"x" * 200_000 + b'"\n', "long: field larger than field limit"),
    ],
)
def test_what_is_not_understood_is_said(tmp_path: Path, file: str, data: bytes, why: str) -> None:
    (tmp_path / file).write_bytes(data)
    with pytest.raises(ValueError, match=why):
        read(tmp_path)


def test_outside_entities_are_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret.dat").write_text("Orlan Fictive")
    (tmp_path / "un.xml").write_text(
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret.dat">]><CONSOLIDATED_LIST><ENTITY><FIRST_NAME>&x;'
        "</FIRST_NAME></ENTITY><ENTITY><FIRST_NAME>Grey Otter</FIRST_NAME></ENTITY></CONSOLIDATED_LIST>"
    )
    assert [entry.name for entry in read(tmp_path)] == ["Grey Otter"]


def test_folders_are_read_to_the_bottom_but_for_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b" / "own.csv").write_text("name\nOrlan Fictive\n")
    (tmp_path / ".git" / "own.csv").write_text("name\nGrey Otter\n")
    (tmp_path / "a" / ".own.csv.part").write_text("name\nGrey Ot")
    (tmp_path / "README.md").write_text("lists")
    assert [entry.name for entry in read(tmp_path)] == ["Orlan Fictive"]


def test_the_evidence_changes_with_a_byte_and_with_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("name\nOrlan Fictive\n")
    first = _lists.read((str(path),), Path())
    assert _lists.read((".",), tmp_path) is first, "unchanged lists are not indexed again"
    path.write_text("name\nOrlan Fiktive\n")
    assert _lists.read((str(path),), Path()).hash != first.hash


def test_few_sets_of_lists_are_kept(tmp_path: Path) -> None:
    for number in range(_lists.INDEXES_KEPT + 3):
        (tmp_path / "own.csv").write_text(f"name\nOrlan Fictive {number}\n")
        read(tmp_path)
    assert len(_lists._kept) <= _lists.INDEXES_KEPT


def test_limits_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        (tmp_path / f"{number}.csv").write_text("name\nOrlan Fictive\n")
    monkeypatch.setattr(_lists, "FILES_MAX", 2)
    with pytest.raises(ValueError, match="more than 2 files"):
        read(tmp_path)
    monkeypatch.setattr(_lists, "FILE_BYTES_MAX", 3)
    with pytest.raises(ValueError, match=r"0\.csv is larger than 3 bytes"):
        read(tmp_path, "0.csv")


@pytest.mark.parametrize(
    ("folder", "entries_min", "kinds"),
    [
        ("ofac/sdn-2021", 22_000, {"individual", "entity", "vessel", "aircraft"}),
        ("ofac/aliases-2025", 20_000, {""}),
        ("ofac/cons", 1_500, {"individual", "entity"}),
        ("un", 2_500, {"individual", "entity"}),
        ("us-other", 700, {"", "entity", "individual", "vessel", "aircraft"}),
    ],
)
def test_published_lists(folder: str, entries_min: int, kinds: set[str]) -> None:
    entries = read(shared_corpus("sanctions", *folder.split("/")))
    assert len(entries) >= entries_min
    assert {entry.kind for entry in entries} <= kinds
    assert all(entry.id and entry.name and entry.list and "-0-" not in entry.name for entry in entries)
