"""financial-os translate: what it takes for a type, and where it puts what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.cli.translation import target, writer_of
from tests.support import ROOT

MT103 = ROOT / "examples" / "mt103.fin"
FAIM = ROOT / "tests" / "corpus" / "fedwire" / "ctr.faim"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("103", "MT103"),
        ("mt202cov", "MT202COV"),
        ("pacs.008", "pacs.008.001.08"),
        ("pacs.008.001.10", "pacs.008.001.10"),
        ("fedwire:pacs.008", "fedwire:pacs.008.001.08"),
        ("SEPA:pacs.003", "sepa:pacs.003.001.08"),
    ],
)
def test_types_may_be_named_in_short(said: str, meant: str) -> None:
    assert target(said) == meant
    assert writer_of(meant)[1] == meant.rpartition(":")[2]


def test_a_format_that_does_not_write_it_is_told() -> None:
    with pytest.raises(ValueError, match="the format fedwire writes no 'MT103'"):
        writer_of("fedwire:MT103")
    with pytest.raises(ValueError, match="known are"):
        writer_of("nope:MT103")


def test_a_format_s_own_form(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["translate", str(FAIM), "--to", "fedwire:pacs.008"]) == 0
    out, err = capsysbinary.readouterr()
    assert b"<FedwireFundsCustomerCreditTransfer>" in out
    assert json.loads(err)["to"] == "fedwire:pacs.008.001.08"


def test_a_name_in_the_message_chooses_no_folder(tmp_path: Path) -> None:
    """The id of a message comes from outside; it names a file below the folder and no other."""
    source = tmp_path / "evil.xml"
    text = (ROOT / "examples" / "pacs.008.xml").read_text()
    start, end = text.index("<MsgId>") + 7, text.index("</MsgId>")
    source.write_text(text[:start] + "../../escape" + text[end:])
    into = tmp_path / "deep" / "out"
    main(["translate", str(source), "--to", "pacs.008", "--into", str(into)])
    assert [path.parent for path in tmp_path.rglob("*escape*")] == [into]
