"""Addresses on the way of a payment: completed, held for repair, repaired; rule sets where it comes in and leaves."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway import addressing, formats, practice
from gateway.cli import main
from gateway.compile import compile_snapshot
from gateway.config.load import ConfigErrors, parse
from gateway.engine import Engine
from gateway.formats.iso20022 import FORMAT
from gateway.model import Payment, Refusal
from gateway.ports import Inbound, Outcome, Writing
from gateway.store import open_store
from gateway.telemetry.metrics import Metrics
from tests import samples

CONFIG = """
version: 1
gateway: {{bic: FINODEHHXXX}}
store: sqlite:{store}
endpoints:
  mt_in: {{adapter: folder, format: mt, path: mt}}
  iso_in: {{adapter: folder, format: iso20022, path: iso{rules_in}}}
  out: {{adapter: folder, format: iso20022, path: out{rules}}}
accounts:
  open:
    - {{id: NOSTRO, currency: USD, floor: none}}
    - {{id: VOSTRO, currency: USD, floor: none}}
policies:
  all: {{screen: {{lists: list.csv, threshold: 0.80}}}}
routes:
  - name: on
    check: all
    settle: {{debit: NOSTRO, credit: VOSTRO}}
    send: {{to: out, as: pacs.008.001.08{send}}}
"""


HARBOR = Writing("R000000001", 1_795_000_000_000_000_000, "HARBUS33XXX", "FINODEHHXXX")


class Gateway:
    """An engine on a store of its own, and what it would send."""

    def __init__(self, folder: Path, text: str) -> None:
        config = parse(text, base=folder, environ={})
        self.engine = Engine(
            open_store(config.store), compile_snapshot(config, 1), lambda: 1_795_000_000_000_000_000, Metrics()
        )

    async def open(self) -> None:
        await self.engine.open()
        for id in ("NOSTRO", "VOSTRO"):
            if not self.engine.state.ledger.rows(id):
                body = {"type": "account", "id": id, "currency": "USD", "floor": "none"}
                await self.engine.run([Inbound("control", 1, json.dumps(body).encode(), type="account")])

    async def take(self, data: bytes, endpoint: str = "mt_in") -> Outcome:
        [outcome] = await self.engine.run([Inbound(endpoint, self.engine.clock_ns(), data)])
        return outcome

    async def decide(self, op: str, payment: int, **more: Any) -> dict[str, Any]:
        body = {"type": "operation", "op": op, "payment": payment, "by": "j.doe", "because": "checked", **more}
        outcome = await self.take(json.dumps(body).encode(), "control")
        return dict(json.loads(outcome.answers[0].data))

    async def sent(self) -> list[bytes]:
        return [delivery.data for delivery in await self.engine.store.undelivered("out", 0, 100)]


async def gateway(folder: Path, send: str = "", rules: str = "", rules_in: str = "") -> Gateway:
    (folder / "list.csv").write_text("name\nBoris Badactor\n")
    text = CONFIG.format(store=folder / "db", send=send, rules=rules, rules_in=rules_in)
    made = Gateway(folder, text)
    await made.open()
    return made


@pytest.fixture
async def hybrid(tmp_path: Path) -> AsyncIterator[Gateway]:
    made = await gateway(tmp_path, ", addresses: hybrid")
    yield made
    await made.engine.store.close()


def mt103(creditor: str, n: int = 1, debtor: str = "99 PIER STREET\r\nPORTLAND US") -> bytes:
    data = samples.mt103(n, "ACCOUNT-1").decode()
    name = samples.name(n + 7).upper()
    assert f"{name}\r\nHAMBURG DE" in data
    data = re.sub(r"\d+ PIER STREET\r\nPORTLAND US", debtor, data)
    return data.replace(f"{name}\r\nHAMBURG DE", creditor).encode()


CERTAIN = "RONJA TEST\r\nLINDENWEG 4\r\n20095 HAMBURG\r\nGERMANY"
UNCERTAIN = "RONJA TEST\r\nLINDENWEG 4\r\nHAMBURG"


async def test_what_is_certain_leaves_hybrid_with_its_evidence(hybrid: Gateway) -> None:
    outcome = await hybrid.take(mt103(CERTAIN))
    assert [status.code for status in outcome.statuses] == ["ACSC"]
    [data] = await hybrid.sent()
    [payment] = FORMAT.decode(data).records
    assert isinstance(payment, Payment)
    assert payment.creditor is not None
    assert payment.creditor.address is not None
    where = payment.creditor.address
    assert (where.street, where.building_number, where.postcode, where.town, where.country, where.lines) == (
        "LINDENWEG", "4", "20095", "HAMBURG", "DE", (),
    )  # fmt: skip
    story = await hybrid.engine.store.payment_story(outcome.statuses[0].payment_id)
    derived = [loss for loss in (story or {})["losses"] if loss["severity"] == "derived"]
    assert {"creditor.address.country", "creditor.address.town", "debtor.address.country"} <= {
        d["element"] for d in derived
    }


async def test_what_is_not_waits_for_a_person_who_repairs_it(hybrid: Gateway) -> None:
    outcome = await hybrid.take(mt103(UNCERTAIN))
    [status] = outcome.statuses
    assert (status.code, status.refusal_code, status.reason) == ("PDNG", "address-repair", "BE04")
    assert await hybrid.sent() == []
    assert (await hybrid.decide("release", status.payment_id))["code"] == "needs-repair"
    wrong = {"ultimate_debtor": {"town": "Hamburg", "country": "DE"}}
    assert (await hybrid.decide("repair", status.payment_id, addresses=wrong))["code"] == "not-repairable"
    of_another = {"debtor": {"town": "Portland", "country": "US"}}
    assert (await hybrid.decide("repair", status.payment_id, addresses=of_another))["code"] == "still-incomplete"
    right = {"creditor": {"town": "Hamburg", "country": "DE", "street": "Lindenweg", "building_number": "4"}}
    assert (await hybrid.decide("repair", status.payment_id, addresses=right))["status"] == "ACSC"
    [data] = await hybrid.sent()
    assert b"<TwnNm>Hamburg</TwnNm><Ctry>DE</Ctry>" in data
    assert (await hybrid.decide("repair", status.payment_id, addresses=right))["code"] == "not-held"
    story = await hybrid.engine.store.payment_story(status.payment_id)
    assert [(one["check"], one["outcome"]) for one in (story or {})["decisions"]] == [
        ("addresses", "hold"),
        ("person", "repair"),
    ]


async def test_a_repair_does_not_pass_by_the_checks(tmp_path: Path) -> None:
    """Screening holds it too: it is repaired, waits on (also over a restart), and leaves as repaired when released."""
    first = await gateway(tmp_path, ", addresses: hybrid")
    [status] = (await first.take(mt103("BORIS BADACTOR\r\nHAMBURG"))).statuses
    assert (status.code, status.refusal_code) == ("PDNG", "sanctions-hit")
    right = {"creditor": {"town": "Hamburg", "country": "DE"}}
    assert (await first.decide("release", status.payment_id))["code"] == "needs-repair"
    repair = await first.decide("repair", status.payment_id, addresses=right)
    assert repair["status"] == "ACSP"
    assert await first.sent() == []
    await first.engine.store.close()
    again = await gateway(tmp_path, ", addresses: hybrid")
    assert again.engine.state.repairs == {status.payment_id: [repair["payment_id"]]}
    assert (await again.decide("release", status.payment_id))["status"] == "ACSC"
    [data] = await again.sent()
    assert b"<TwnNm>Hamburg</TwnNm><Ctry>DE</Ctry>" in data
    story = await again.engine.store.payment_story(repair["payment_id"])
    assert (story or {})["status"] == "ACSC"
    await again.engine.store.close()


async def test_as_it_is_when_nobody_asks(tmp_path: Path) -> None:
    made = await gateway(tmp_path)
    assert [one.code for one in (await made.take(mt103(UNCERTAIN))).statuses] == ["ACSC"]
    assert b"<AdrLine>HAMBURG</AdrLine>" in (await made.sent())[0]
    await made.engine.store.close()


async def test_rules_of_the_receiver_ask_for_addresses_and_hold_what_is_sent(tmp_path: Path) -> None:
    made = await gateway(tmp_path, rules=", rules: [cbpr-2026]")
    [status] = (await made.take(mt103(UNCERTAIN, 1))).statuses
    assert status.refusal_code == "address-repair"
    [status] = (await made.take(mt103(CERTAIN, 2))).statuses
    assert (status.code, status.text) == ("ACSC", "")
    [data] = await made.sent()
    assert b"<AppHdr" in data
    assert b"<BizSvc>swift.cbprplus.03</BizSvc>" in data
    slev = samples.pacs008(3, "ACCOUNT-1").replace(b"SHAR", b"SLEV")
    [status] = (await made.take(slev, "iso_in")).statuses
    assert (status.code, status.refusal_code) == ("RJCT", "CBPR-CHRGBR")
    before = made.engine.state.ledger.rows("NOSTRO")[0].balance_minor
    assert before == -100, "only the one that fits has moved money"
    await made.engine.store.close()


async def test_rules_where_it_comes_in(tmp_path: Path) -> None:
    made = await gateway(tmp_path, rules_in=", rules: [t2-2026, hvps-2026]")
    outcome = await made.take(samples.pacs008(1, "ACCOUNT-1"), "iso_in")
    assert {refusal.code for refusal in outcome.refusals} == {"CBPR-BAH"}
    made.engine.snapshot = compile_snapshot(
        parse(
            CONFIG.format(store=tmp_path / "db", send="", rules="", rules_in=", rules: [sepa-2026, cbpr-2025]"),
            base=tmp_path,
            environ={},
        ),
        2,
    )
    outcome = await made.take(samples.pacs008(2, "ACCOUNT-1"), "iso_in")
    assert outcome.refusals, "a message without a header is none of CBPR+"
    made.engine.snapshot = compile_snapshot(
        parse(
            CONFIG.format(store=tmp_path / "db", send="", rules="", rules_in=", rules: sepa-2026"),
            base=tmp_path,
            environ={},
        ),
        3,
    )
    [status] = (await made.take(samples.pacs008(3, "ACCOUNT-1"), "iso_in")).statuses
    assert (status.code, status.refusal_code) == ("RJCT", "SEPA-CUR")
    await made.engine.store.close()


@pytest.mark.parametrize(
    ("rules", "format", "said"),
    [
        ("[cbpr-2062]", "iso20022", "unknown rule set 'cbpr-2062'"),
        ("[cbpr-2026]", "mt", "rule sets hold iso20022, sepa, auto"),
    ],
)
def test_problems_of_rules(tmp_path: Path, rules: str, format: str, said: str) -> None:
    text = CONFIG.format(store="db", send="", rules=f", rules: {rules}", rules_in="").replace(
        "format: iso20022, path: out", f"format: {format}, path: out"
    )
    (tmp_path / "list.csv").write_text("name\nA B\n")
    with pytest.raises(ConfigErrors) as caught:
        parse(text, base=tmp_path, environ={})
    assert any(said in str(error) for error in caught.value.errors)


def test_every_rule_set_is_known_to_the_page() -> None:
    page = Path(__file__).parents[1].joinpath("docs", "routes.md").read_text()
    assert all(f"`{name}`" in page for name in formats.rule_sets() if name.endswith("2026"))


def test_complete_addresses_cost_nothing() -> None:
    [payment] = FORMAT.decode(samples.pacs008(1, "A")).records
    assert isinstance(payment, Payment)
    assert addressing.completed(payment, "hybrid").payment is payment
    assert not isinstance(payment, Refusal)


def test_translate_derives_addresses_and_says_from_what(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    message = tmp_path / "one.fin"
    message.write_bytes(mt103(CERTAIN))
    options = ["translate", str(message), "--to", "pacs.008.001.08", "--addresses", "hybrid"]
    assert main(options) == 0
    out, err = capfdbinary.readouterr()
    assert b"<TwnNm>HAMBURG</TwnNm><Ctry>DE</Ctry>" in out
    derived = {loss["element"]: loss["why"] for loss in json.loads(err)["losses"] if loss["severity"] == "derived"}
    assert "GERMANY" in derived["creditor.address.country"]
    message.write_bytes(mt103(UNCERTAIN))
    assert main(options) == 1
    [refused] = json.loads(capfdbinary.readouterr().err)["refusals"]
    assert (refused["code"], refused["reason"]) == ("address-repair", "BE04")


@pytest.mark.parametrize(("decide", "code"), [("true", "not-held"), ("false", "not-permitted")])
async def test_who_decides_over_rest_is_the_operators_choice(tmp_path: Path, decide: str, code: str) -> None:
    text = CONFIG.format(store=tmp_path / "db", send="", rules="", rules_in="")
    api = f"  api: {{adapter: http, format: json, listen: 127.0.0.1:8080, api: true, decide: {decide}}}\naccounts:"
    (tmp_path / "list.csv").write_text("name\nA B\n")
    made = Gateway(tmp_path, text.replace("accounts:", api, 1))
    await made.open()
    body = {"op": "reject", "payment": 17, "by": "j.doe", "because": "checked"}
    [outcome] = await made.engine.run([Inbound("api", 1, json.dumps(body).encode(), type="operation")])
    assert outcome.statuses[0].refusal_code == code
    await made.engine.store.close()


async def test_answers_have_the_header_that_the_rules_ask_for(tmp_path: Path) -> None:
    made = await gateway(tmp_path, rules_in=", rules: cbpr-2025")
    frame = FORMAT.encode(FORMAT.decode(samples.pacs008(1, "ACCOUNT-1")).records, "pacs.008.001.08", HARBOR)  # type: ignore[arg-type]
    data = FORMAT.wrap(frame, HARBOR, "swift.cbprplus.03").data
    outcome = await made.take(data, "iso_in")
    assert [status.code for status in outcome.statuses] == ["ACSC"], outcome
    [answer] = outcome.answers
    read = FORMAT.decode(answer.data)
    assert (read.type, read.sender, read.receiver) == ("pacs.002.001.10", "FINODEHHXXX", "HARBUS33XXX")
    assert read.header["iso:AppHdr/BizSvc"] == "swift.cbprplus.03"
    await made.engine.store.close()


MIDDLE = b"<IntrmyAgt1><FinInstnId><BICFI>MIDLGB22XXX</BICFI></FinInstnId></IntrmyAgt1><Dbtr>"
ONWARD = b"<CdtrAgt><FinInstnId><BICFI>QUAYFRPPXXX"


async def test_what_is_passed_on_is_our_instruction(tmp_path: Path) -> None:
    made = await gateway(tmp_path, rules=", rules: cbpr-2026")
    before = samples.pacs008(1, "ACCOUNT-1").replace(b"<Dbtr>", MIDDLE)
    before = before.replace(b"<CdtrAgt><FinInstnId><BICFI>FINODEHHXXX", ONWARD)
    before = before.replace(b"<InstgAgt><FinInstnId><BICFI>HARBUS33XXX", b"<InstgAgt><FinInstnId><BICFI>CHAINUS3XXX")
    [status] = (await made.take(before, "iso_in")).statuses
    assert (status.code, status.text) == ("ACSC", "")
    [data] = await made.sent()
    read = FORMAT.decode(data)
    [payment] = read.records
    assert isinstance(payment, Payment)
    assert (read.sender, read.receiver) == ("FINODEHHXXX", "MIDLGB22XXX")
    agents = (payment.instructing_agent, payment.instructed_agent, *payment.previous_agents, payment.creditor_agent)
    assert [agent.bic for agent in agents if agent] == ["FINODEHHXXX", "MIDLGB22XXX", "CHAINUS3XXX", "QUAYFRPPXXX"]
    assert payment.intermediary_agents == ()
    assert b"HARBUS33XXX" in data, "the debtor's agent is who it was"
    await made.engine.store.close()


def test_nobody_comes_after_us() -> None:
    [payment] = FORMAT.decode(samples.pacs008(1, "A")).records
    assert isinstance(payment, Payment)
    assert practice.next_leg(payment, "FINODEHHXXX") is payment
    assert practice.next_leg(payment, "QUAYFRPPXXX") is payment, "another was instructed"


def test_the_command_repairs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def held() -> int:
        made = await gateway(tmp_path, ", addresses: hybrid")
        [status] = (await made.take(mt103(UNCERTAIN))).statuses
        await made.engine.store.close()
        return status.payment_id

    id = str(asyncio.run(held()))
    routes = tmp_path / "routes.yaml"
    routes.write_text(CONFIG.format(store=tmp_path / "db", send=", addresses: hybrid", rules="", rules_in=""))
    common = ["payments", "--routes", str(routes), "repair", id, "--by", "j.doe", "--because", "asked"]
    assert main([*common, "--town", "Hamburg", "--country", "Germany"]) == 1
    assert main([*common, "--town", "Hamburg", "--country", "DE", "--street", "Lindenweg", "--line", "Door 3"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["status"] == "ACSC"
    assert main(["payments", "--routes", str(routes), "show", id]) == 0
    story = capsys.readouterr().out
    assert '"repair"' in story
    assert "asked" in story
