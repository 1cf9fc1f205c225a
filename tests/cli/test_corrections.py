"""financial-os ach corrections and refuse-change, beside a database that a daemon wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.compile import account_operations, compile_snapshot
from gateway.config.load import load
from gateway.engine import Engine
from gateway.formats.ach import FORMAT as ACH
from gateway.formats.ach import builders
from gateway.formats.ach.corrections import notice_item
from gateway.model import Notice
from gateway.ports import Inbound
from gateway.store import open_store
from gateway.telemetry.metrics import Metrics
from tests import ach_files

ROUTES = """
version: 1
store: sqlite:STORE
gateway: {bic: FINODEHHXXX, routing_number: "091000019"}
endpoints:
  fed: {adapter: folder, format: ach, path: fed}
routes:
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""


@pytest.fixture
def routes(tmp_path: Path) -> Path:
    """A configuration whose store holds a file of notifications."""
    import asyncio

    path = tmp_path / "routes.yaml"
    path.write_text(ROUTES.replace("STORE", str(tmp_path / "os.db")))
    asyncio.run(_receive(path, ach_files.every_kind()["COR"]))
    return path


async def _receive(path: Path, data: bytes) -> None:
    config = load(path, {})
    engine = Engine(open_store(config.store), compile_snapshot(config, 1), lambda: ach_files.NOW_NS, Metrics())
    await engine.open()
    await engine.open_accounts(account_operations(config.accounts.open))
    [outcome] = await engine.run([Inbound("fed", ach_files.NOW_NS, data, "cor.ach")])
    assert [status.code for status in outcome.statuses] == ["ACTC"] * 3
    await engine.store.close()


def test_corrections_are_listed_field_by_field(routes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ach", "corrections", "--json", "--routes", str(routes)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["code"] for line in lines] == ["C01"] * 3
    assert {key: lines[0][key] for key in ("field", "old", "new", "trace")} == {
        "field": "account_number",
        "old": "1000001",
        "new": "1000009",
        "trace": f"{ach_files.THEIRS}0000001",
    }
    assert main(["ach", "corrections", "--after", str(lines[-1]["notice"]), "--routes", str(routes)]) == 1


def test_a_notification_is_refused_with_a_file(
    routes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ach", "corrections", "--json", "--routes", str(routes)])
    id = json.loads(capsys.readouterr().out.splitlines()[0])["notice"]
    out = tmp_path / "refused.ach"
    command = ["ach", "refuse-change", str(id), "--code", "C65", "--output", str(out), "--routes", str(routes)]
    assert main(command) == 0
    [record] = ACH.decode(out.read_bytes()).records
    assert isinstance(record, Notice)
    assert (record.kind, record.result) == ("change_refused", "C65")
    assert main([*command[:2], "999", *command[3:]]) == 1


@pytest.mark.parametrize("name", ["COR", "IATCOR"])
def test_a_notification_is_the_same_entry_again(name: str) -> None:
    from gateway.formats.ach.batches import taken_apart

    data = ach_files.every_kind()[name]
    notices = ACH.decode(data).records
    for notice, item in zip(notices, taken_apart(data).items, strict=True):
        assert isinstance(notice, Notice)
        again = notice_item(notice)
        assert again.lines == item.lines
        assert again.header[4:87] == item.header[4:87]


@pytest.mark.parametrize("code", ["C02", "C03", "C05", "C06", "C07", "C09"])
def test_each_field_of_a_code_is_a_line(code: str) -> None:
    from gateway.formats.ach.codes import CHANGES
    from gateway.formats.ach.corrections import corrections

    values = {name: "9" * length for name, _, length in CHANGES[code].parts}
    data = ach_files.file([builders.change(ach_files.item("PPD", 1), code, values, ach_files.OURS, 1)])
    [notice] = ACH.decode(data).records
    assert isinstance(notice, Notice)
    assert [(one.code, one.field, one.new) for one in corrections(notice)] == [
        (code, name, value) for name, value in values.items()
    ]
    assert all(one.old for one in corrections(notice))
