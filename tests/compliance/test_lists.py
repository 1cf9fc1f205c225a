"""List files as they come: OFAC, UN, tables; and names against real lists where they are present."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compliance import _lists
from gateway.compliance._matcher import Matcher, words
from tests import samples
from tests.support import shared_corpus

UN = """<?xml version="1.0"?><CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><REFERENCE_NUMBER>QDi.999</REFERENCE_NUMBER>
<FIRST_NAME>Orlan</FIRST_NAME><SECOND_NAME>Fictive</SECOND_NAME><THIRD_NAME/><INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY>
<ALIAS_NAME>The Otter</ALIAS_NAME></INDIVIDUAL_ALIAS></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>"""


def test_ofac_with_its_traps(tmp_path: Path) -> None:
    (tmp_path / "sdn.csv").write_bytes(
        b'7,"FICTIVE, Orlan",individual,"DEMO",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"DOB 1960; a.k.a. \'THE OTTER\'."\r\n\x1a\r\n'
    )
    (tmp_path / "alt.csv").write_bytes(b'7,1,"aka","FIKTIV, Orlan",-0- \r\n\x1a\r\n')
    (tmp_path / "add.csv").write_bytes(b'7,1,"Street","Town","Land",-0- \r\n')
    listed = _lists.read((str(tmp_path),), Path())
    assert [(e.name, e.kind, e.weak) for e in listed.entries] == [
        ("FICTIVE, Orlan", "individual", False),
        ("THE OTTER", "individual", True),
        ("FIKTIV, Orlan", "individual", False),
    ]


def test_un_and_tables(tmp_path: Path) -> None:
    (tmp_path / "un.xml").write_text(UN)
    (tmp_path / "dpl.txt").write_text("Name\tStreet\nORLAN FICTIVE\tX\n")
    (tmp_path / "own.csv").write_text("id,name,type,alt_names\n1,Orlan Fictive,Individual,The Otter; Otterman\n")
    names = [e.name for e in _lists.read((str(tmp_path),), Path()).entries]
    assert names == ["ORLAN FICTIVE", "Orlan Fictive", "The Otter", "Otterman", "Orlan Fictive", "The Otter"]


def test_the_evidence_changes_with_a_byte(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("name\nOrlan Fictive\n")
    before = _lists.read((str(path),), Path()).hash
    path.write_text("name\nOrlan Fiktive\n")
    assert _lists.read((str(path),), Path()).hash != before


@given(st.text(max_size=400))
def test_any_text_is_a_name(text: str) -> None:
    hits = Matcher(["Orlan Fictive", "Obsidian Kestrel Shipping Ltd"]).hits(text, 0.5)
    assert all(0.5 <= hit.score <= 1 for hit in hits)
    assert isinstance(words(text), list)


def slip(name: str, random: Random) -> str:
    """One slip in the longest word, and sometimes another order."""
    parts = name.split()
    place = max(range(len(parts)), key=lambda i: len(parts[i]))
    word = parts[place]
    if len(word) > 4:
        at = random.randrange(1, len(word) - 1)
        parts[place] = random.choice([word[:at] + word[at + 1 :], word[:at] + random.choice("aeinorst") + word[at:]])
    if random.random() < 0.5:
        random.shuffle(parts)
    return " ".join(parts)


@pytest.fixture(scope="module")
def real() -> tuple[Matcher, list[str]]:
    folder = shared_corpus("sanctions", "ofac", "sdn-2021")
    names = [entry.name for entry in _lists.read((str(folder),), Path()).entries]
    return Matcher(names), names


@pytest.mark.slow
def test_real_names_are_found_and_strangers_are_not(real: tuple[Matcher, list[str]]) -> None:
    matcher, names = real
    random = Random(1)
    chosen = random.sample(names, 800)

    def found(name: str) -> bool:
        best = matcher.best(name)
        return best is not None and best.score >= 0.8

    assert all(found(name) for name in chosen), "a name as it is listed is always found"
    assert sum(found(slip(name, random)) for name in chosen) / len(chosen) >= 0.955
    assert sum(found(samples.name(n)) for n in range(0, 17_000, 17)) <= 3


def test_labelled_pairs(real: tuple[Matcher, list[str]]) -> None:
    rows = list(csv.DictReader(shared_corpus("sanctions", "match-pairs.csv").open(encoding="utf-8")))
    right = 0
    for row in rows:
        matcher = Matcher([row["candidate"], *(samples.name(n) for n in range(300))])
        hit = any(one.place == 0 for one in matcher.hits(row["query"], 0.8))
        right += hit == (row["should_match"].lower() in ("1", "true"))
    assert right / len(rows) >= 0.74, f"{right} of {len(rows)} pairs as labelled"
