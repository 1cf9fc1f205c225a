"""The pairs of MT and ISO 20022 messages, and that what measures them would notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import formats
from gateway.cli.translation import Ends, translated
from tests.conformance import carried, pairs, sides

LISTING = pairs.CORPUS / "mt" / "pairs.tsv"
needs_corpus = pytest.mark.skipif(not LISTING.exists(), reason=f"there are no pairs at {LISTING}")
FIN = (
    b"{1:F01SEAMGB2LAXXX0000000000}{2:I103FINODEHHXXXXN}{3:{121:0b8d52a1-6a35-4b6e-8f60-3d1f2b5c7a01}}{4:\r\n"
    b":20:REF-1\r\n:23B:CRED\r\n:32A:261123EUR1500,50\r\n:33B:EUR1500,50\r\n:50K:/1234567\r\nALMA BIRKENTAL\r\n"
    b"12 PIER STREET\r\n:59:/7654321\r\nBRUNO DACHSBERG\r\n:70:/ROC/E2E-77//URI/RENT FOR MAY\r\n:71A:SHA\r\n-}"
)


def judged(back: bool) -> list[pairs.Verdict]:
    return [pairs.judged(pair) for pair in pairs.pairs(LISTING, pairs.CORPUS, back) if pair.back == back]


@pytest.mark.slow
@needs_corpus
def test_every_pair_of_the_corpus() -> None:
    found = judged(False)
    assert len(found) > 100
    for verdict in found:
        assert (verdict.wrong, verdict.silent, verdict.untranslated) == ([], [], ""), verdict.pair


@pytest.mark.slow
@needs_corpus
def test_payments_of_the_corpus_back() -> None:
    found = [one for one in judged(True) if _is_payment(one.pair)]
    assert len(found) >= 30
    for verdict in found:
        assert (verdict.wrong, verdict.silent, verdict.untranslated) == ([], [], ""), verdict.pair


@pytest.mark.slow
@needs_corpus
def test_every_pair_back() -> None:
    found = judged(True)
    assert [verdict.pair for verdict in found if verdict.silent or verdict.untranslated] == []
    assert sum(len(verdict.wrong) for verdict in found) <= 12  # each of them is in the listing that --back prints


def _is_payment(pair: pairs.Pair) -> bool:
    sides_ = [path.read_bytes() for path in (pair.source, pair.expected)]
    fin = next(data for data in sides_ if pairs._is_fin(data))
    returned = b"/RETN/" in fin or b"/REJT/" in fin
    return not returned and sides.fin(fin)["{2} type"] in ("103", "202", "205")


def test_a_list_of_ones_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = formats.load("mt").decode(FIN)
    (frame,) = translated(decoded, "pacs.008.001.08", Ends(now_ns=pairs.NOW_NS), header=True).frames
    (tmp_path / "mt").mkdir()
    (tmp_path / "mt" / "own.fin").write_bytes(FIN)
    (tmp_path / "own.xml").write_bytes(frame.data)
    (tmp_path / "list.tsv").write_text("# mt\tmx\tcase\tdirection\nown.fin\town.xml\town\tmt2mx\n", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["pairs.py", "--file", str(tmp_path / "list.tsv"), "--dir", str(tmp_path)])
    assert pairs.main() == 0
    assert "wrong 0 silent 0" in capsys.readouterr().out
    (tmp_path / "own.xml").write_bytes(frame.data.replace(b"RENT FOR MAY", b"RENT FOR JUNE"))
    assert pairs.main() == 1
    assert "RENT FOR JUNE" in capsys.readouterr().out


def test_an_absent_list_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["pairs.py", "--dir", str(tmp_path)])
    assert pairs.main() == 0
    assert capsys.readouterr().out.startswith("skipped")


@pytest.mark.parametrize(
    ("kept", "missing"),
    [("RENT FOR MAY", ":70a:"), ("1500.50", ":32a:"), ("DACHSBERG", ":59a:"), ("12 PIER STREET", ":50a:")],
)
def test_what_is_left_out_is_noticed(kept: str, missing: str) -> None:
    decoded = formats.load("mt").decode(FIN)
    done = translated(decoded, "pacs.008.001.08", Ends(now_ns=pairs.NOW_NS))
    written = done.frames[0].data
    named = [loss.element for _, loss in done.losses]
    assert carried.silent(sides.fin(FIN), sides.xml(written), named) == []
    changed = written.replace(kept.encode(), b"")
    assert missing in carried.silent(sides.fin(FIN), sides.xml(changed), named)
