"""routes.yaml as a whole: what a good one becomes, and every kind of mistake with its line, column and sentence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gateway.config.load import ConfigErrors, load
from gateway.config.records import AccountConfig, EndpointConfig, Identity
from gateway.ports import SessionConfig
from gateway.routing.route import Amount, Refuse, Send, Settle, When
from tests.config.known import GOOD, Folder, Screen, Socket, World, good, place, problems

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "config"


def test_a_good_file_becomes_typed_records() -> None:
    config = good()
    assert config.gateway == Identity("FINODEHH", "Example Bank", "091000019")
    assert config.store == "sqlite:/srv/gateway/var/financial-os.db"
    assert config.state_folder == Path("/srv/gateway/var")
    sessions = (SessionConfig("CLIENT1"), SessionConfig("CLIENT2", "HOUSE"))
    assert config.endpoints["fix_clients"] == EndpointConfig(
        "fix_clients", "fix", "fix", Socket("127.0.0.1:9878", sessions), 6
    )
    assert config.endpoints["csm"].config == Folder(Path("/srv/gateway/var/drop/csm"), 1000)
    assert config.accounts.open == (
        AccountConfig("EQUITY", "EUR", "none"),
        AccountConfig("CSM-EUR", "EUR", Decimal("-2500.50")),
        AccountConfig("010", "EUR", Decimal(0), Decimal("12.50"), "EQUITY"),
    )
    assert config.policies["retail"] == {
        "screen": Screen((Path("/srv/gateway/lists"),), 0.85),
        "limits": {"EUR": Decimal(1_000_000), "JPY": Decimal(5)},
        "report_above": {"EUR": Decimal(10_000)},
    }


def test_routes_become_records() -> None:
    sepa, spot, default = good().routes
    assert sepa.when == When(
        scheme=("sepa_ct", "sepa_inst"),
        currency=("EUR",),
        amount=Amount(lte=Decimal(100_000)),
        creditor_country=("NO",),
    )
    assert (sepa.check, sepa.reply, sepa.losses) == ("retail", "pain.002.001.10", "refuse")
    assert sepa.settle == Settle("debtor", "CSM-EUR")
    assert sepa.send == Send("csm", "pacs.008.001.08", 1000)
    assert spot.settle == Settle(client="{session}-{currency}", principal="HOUSE-{currency}")
    assert default.when == When()
    assert default.refuse == Refuse("AG01", "no route takes it")


def _blocks() -> list[tuple[str, str, str, str]]:
    """Name, old, new and sentence of every block of mistakes.txt."""
    text = (CORPUS / "mistakes.txt").read_text()
    blocks = [block.split("\n") for block in text.strip().split("\n\n") if not block.startswith("#")]
    return [
        (lines[0], *("\n".join(line[2:] for line in lines[1:] if line[0] == sign) for sign in "-+!"))  # type: ignore[misc]
        for lines in blocks
    ]


BLOCKS = _blocks()


@pytest.mark.parametrize(("old", "new", "text"), [block[1:] for block in BLOCKS], ids=[block[0] for block in BLOCKS])
def test_mistake(old: str, new: str, text: str) -> None:
    assert old in GOOD
    wrong, where = GOOD.replace(old, new, 1), ""
    if "@@" in wrong:
        wrong, where = place(wrong)
    found = problems(wrong)
    assert [line for line in found if line.startswith(f"routes.yaml:{where}") and f": {text}" in line], found


def test_files_of_entries_need_a_routing_number_of_ours() -> None:
    wrong = GOOD.replace("as: pacs.008.001.08", "as: ACH")
    assert problems(wrong) == []
    [problem] = problems(wrong.replace(', routing_number: "091000019"', ""))
    assert "routes[sepa].send.as: files of entries name the bank that sends them" in problem


def test_most_mistakes_are_told_once() -> None:
    """No other part of the file is blamed for a mistake, but for those that also hide or contradict something."""
    counts = [len(problems(GOOD.replace(old, new, 1).replace("@@", ""))) for _, old, new, _ in BLOCKS]
    assert counts.count(1) >= 0.8 * len(counts)


def test_all_problems_at_once_in_file_order() -> None:
    text = GOOD
    for old, new in (("1_000\n", "x\n"), ("check: retail", "check: nobody"), ("AG01", "A1"), ("none}", "x}")):
        text = text.replace(old, new)
    lines = [int(line.split(":")[1]) for line in problems(text)]
    assert len(lines) == 4
    assert lines == sorted(lines)


def test_no_more_problems_than_anyone_reads() -> None:
    routes = "".join(f"  - {{name: r{place}, check: none}}\n" for place in range(500))
    found = problems(f"version: 1\nstore: sqlite:x\nroutes:\n{routes}")
    assert len(found) == 201
    assert found[-1].endswith("problems more")


TESTS = """\
tests:
  - name: one
    message: @@message.xml
    endpoint: bank_x
    expect: {route: sepa, status: ACSC}
"""


def test_a_test_names_a_file_that_is_there(tmp_path: Path) -> None:
    text, where = place(GOOD + TESTS)
    (found,) = problems(text, base=tmp_path)
    assert found == f"routes.yaml:{where}: tests[one].message: there is no file {tmp_path / 'message.xml'}"
    (tmp_path / "message.xml").write_text("<x/>")
    (test,) = good(text, base=tmp_path).tests
    assert (test.message, test.expect.route) == (tmp_path / "message.xml", "sepa")


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "endpoint: bank_x",
            "endpoint: @@bank_y",
            "tests[one].endpoint: unknown endpoint 'bank_y'; did you mean bank_x?",
        ),
        (
            "endpoint: bank_x",
            "format: @@iso2022",
            "tests[one].format: unknown format 'iso2022'; did you mean iso20022?",
        ),
        ("route: sepa", "route: @@sepia", "tests[one].expect.route: unknown route 'sepia'; did you mean sepa?"),
        ("status: ACSC", "status: @@ACSCC", "tests[one].expect.status: unknown value 'ACSCC'; did you mean ACSC?"),
        ("{route: sepa, status: ACSC}", "@@{}", "tests[one].expect: expects nothing; known are reason, route, status"),
        ("    message: message.xml\n", "", "tests[one]: the key 'message' is missing"),
    ],
)
def test_mistakes_in_tests(tmp_path: Path, old: str, new: str, text: str) -> None:
    (tmp_path / "message.xml").write_text("<x/>")
    wrong = (GOOD + TESTS.replace("@@", "")).replace(old, new)
    where = ""
    if "@@" in wrong:
        wrong, where = place(wrong)
    (found,) = problems(wrong, base=tmp_path)
    assert found.startswith(f"routes.yaml:{where}")
    assert f": {text}" in found


@pytest.mark.parametrize("section", ["endpoints", "accounts", "policies", "routes", "tests"])
@pytest.mark.parametrize("value", ["text", "[1, 2]", "{a: [1]}", "null", "5"])
def test_sections_of_the_wrong_shape(section: str, value: str) -> None:
    text = f"version: 1\nstore: sqlite:x\n{section}: {value}\n"
    assert all(line.startswith("routes.yaml:") for line in problems(text))
    assert problems(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "routes.yaml:1:1: holds nothing"),
        ("# nothing\n", "routes.yaml:1:1: holds nothing"),
        ("text", "routes.yaml:1:1: expected keys and values at the top"),
        ("- 1\n- 2\n", "routes.yaml:1:1: expected keys and values at the top"),
    ],
)
def test_files_that_are_no_configuration(text: str, sentence: str) -> None:
    assert sentence in problems(text)


def test_no_routes() -> None:
    found = problems("version: 1\nstore: sqlite:x\nroutes: []\n")
    assert found == ["routes.yaml:3:9: routes: there is no route; the last one takes everything that no other does"]


# --- files ----------------------------------------------------------------------------------------------


def test_a_file_is_read_with_paths_below_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text("\ufeff" + GOOD)
    config = load(path, {}, World())
    assert config.base == tmp_path
    assert config.endpoints["csm"].config.path == tmp_path / "var/drop/csm"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="cannot be read: No such file or directory"):
        load(tmp_path / "none.yaml", {}, World())


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_bytes(GOOD.encode().replace(b"Example", b"Ex\xe4mple"))
    with pytest.raises(ConfigErrors, match=r"routes\.yaml:2:34: byte 0xe4 is not UTF-8"):
        load(path, {}, World())


@pytest.mark.parametrize(
    ("store", "expected", "state"),
    [
        ("sqlite::memory:", "sqlite::memory:", "/run/state"),
        ("sqlite:/data/x.db", "sqlite:/data/x.db", "/data"),
        ("sqlite:///data/x.db", "sqlite:/srv/gateway/data/x.db", "/srv/gateway/data"),
        ("sqlite:////data/x.db", "sqlite:/data/x.db", "/data"),
        ("postgresql://db.example/gateway", "postgresql://db.example/gateway", "/run/state"),
    ],
)
def test_stores(store: str, expected: str, state: str) -> None:
    config = good(GOOD.replace("sqlite:var/financial-os.db", f"'{store}'"), {"STATE_DIRECTORY": "/run/state:/other"})
    assert (config.store, config.state_folder) == (expected, Path(state))


# --- meaning --------------------------------------------------------------------------------------------


def test_the_hash_is_of_the_meaning() -> None:
    same = GOOD.replace("version: 1\n", "").replace("1_000\n", "1000 # as much\n") + "\n\nversion: 1\n"
    assert good(same).generation_hash == good().generation_hash
    assert good(GOOD.replace("1_000\n", "1001\n")).generation_hash != good().generation_hash
    assert good(GOOD.replace("retail\n", "none\n")).generation_hash != good().generation_hash
