"""FAIM: samples, both writings, any bytes, any mutation, every rule, losses, answers, the conformance corpus."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway import formats
from gateway.formats.fedwire import FORMAT, faim, meaning, rules, scan
from gateway.formats.fedwire.tables import BY_NUMBER, CLASSES, CODES, DEPENDS, NEEDED, TAGS, TYPES
from gateway.model import Account, Agent, Money, Notice, Party, Payment, Refusal, Status
from gateway.ports import Decoded, Writing
from tests.support import shared_corpus

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "corpus" / "fedwire").glob("*.faim"))
WRITING = Writing("FO00000000100001", 1_752_490_000 * 10**9)
BODY = {
    "1500": "30HARB0001P ",
    "1510": "1000",
    "1520": "20250620HARBFI01000017",
    "2000": "000000150075",
    "3100": "123456780HARBOR SAVINGS*",
    "3400": "987654320BREEZE BANK*",
    "3600": "CTR*",
    "4200": "D00012345*BREEZE BAKERY LLC*",
    "5000": "D998877*HARBOR LIGHT INC*",
}
FAIM = ("FAIM", "FAIM.padded")


def message(**changed: str) -> bytes:
    """A right customer transfer with tags changed, added or, when "", left out."""
    body = BODY | {tag.lstrip("t"): value for tag, value in changed.items()}
    return "\n".join(f"{{{tag}}}{body[tag]}" for tag in sorted(body) if body[tag]).encode()


def only(data: bytes) -> Payment:
    decoded = FORMAT.decode(data)
    assert decoded.refusals == ()
    (record,) = decoded.records
    assert isinstance(record, Payment)
    return record


def sorted_(payment: Payment) -> Payment:
    """Extras in an order of their own: tags may stand in any."""
    return structs.replace(payment, extra=tuple(sorted(payment.extra)))


def elements(data: bytes) -> meaning.Leaves:
    return meaning.leaves(scan.scan(data.decode("latin-1"))[1][0])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples(sample: Path) -> None:
    data = sample.read_bytes()
    assert formats.detect(data[:4096]) is FORMAT
    decoded = FORMAT.decode(data)
    assert decoded.refusals == ()
    assert json.loads(msgspec.json.encode(decoded.records)) == json.loads(sample.with_suffix(".json").read_text())
    assert FORMAT.reprint(data) == data


@pytest.mark.parametrize("type", FAIM)
@pytest.mark.parametrize("sample", [path for path in SAMPLES if path.stem not in ("svc", "two-second-wrong")])
def test_written_again_it_says_the_same(sample: Path, type: str) -> None:
    data = sample.read_bytes()
    payment = only(data)
    assert FORMAT.fit(payment, type) == formats.load("fedwire").fit(payment, type)
    assert FORMAT.fit(payment, type).refusal is None
    assert FORMAT.fit(payment, type).losses == ()
    written = FORMAT.encode([payment], type, WRITING).data
    assert FORMAT.reprint(written) == written
    assert sorted_(only(written)) == sorted_(payment)
    assert ("*" in written.decode()) == (type == "FAIM" or "addenda" in sample.stem)


@pytest.mark.parametrize(
    ("changed", "code", "place"),
    [
        ({"t1500": "31HARB0001P "}, "FAIM-ELEMENT", "{1500} at character 0, element version"),
        ({"t1500": "30HARB0001X "}, "FAIM-ELEMENT", "element environment"),
        ({"t1500": ""}, "FAIM-MISSING", "{1500}"),
        ({"t1520": ""}, "FAIM-MISSING", "{1520}"),
        ({"t1520": "20251320HARBFI01000017"}, "FAIM-ELEMENT", "element cycle_date"),
        ({"t1520": "20250620HARBFI0100001"}, "FAIM-ELEMENT", "element sequence"),
        ({"t1510": "1004"}, "FAIM-ELEMENT", "element subtype"),
        ({"t1510": "1031"}, "FAIM-TYPE", "{1510}"),
        ({"t2000": "15007500000A"}, "FAIM-ELEMENT", "element cents"),
        ({"t2000": "000000000000"}, "FAIM-AMOUNT", "{2000}"),
        ({"t3100": "12345678HARBOR*"}, "FAIM-ELEMENT", "element routing_number"),
        ({"t3100": "123456780A NAME OF NINETEEN C*"}, "FAIM-ELEMENT", "element short_name"),
        ({"t3400": ""}, "FAIM-MISSING", "{3400}"),
        ({"t3600": "XYZ*"}, "FAIM-ELEMENT", "element business_function"),
        ({"t3600": "CTRCOVER*"}, "FAIM-LONG", "element transaction_type"),
        ({"t3610": "PROP*"}, "FAIM-ELEMENT", "element proprietary"),
        ({"t3700": "BUSD0,999*"}, "FAIM-AMOUNT", "element charge_1"),
        ({"t3700": "XUSD0,99*"}, "FAIM-ELEMENT", "element details"),
        ({"t3710": "QQQ1,00*"}, "FAIM-AMOUNT", "element amount"),
        ({"t3720": "1,1*"}, "FAIM-MISSING", "{3710}"),
        ({"t4200": ""}, "FAIM-MISSING", "{4200}"),
        ({"t4200": "Z12*BREEZE*"}, "FAIM-ELEMENT", "element id_code"),
        ({"t4200": "D*BREEZE*"}, "FAIM-ELEMENT", "element identifier"),
        ({"t4200": f"D1*{'N' * 36}*"}, "FAIM-ELEMENT", "element name"),
        ({"t5000": "D1*N\xe9*"}, "FAIM-ELEMENT", "element name"),
        ({"t4000": "F1*MIDWAY*"}, "FAIM-MISSING", "{4100}"),
        ({"t5100": "F1*MIDWAY*", "t5000": ""}, "FAIM-MISSING", "{5000}"),
        ({"t6420": "CHECK*"}, "FAIM-MISSING", "{6410}"),
        ({"t6410": "FAXCALL*"}, "FAIM-ELEMENT", "element advice_code"),
        ({"t8200": "0099SHORT"}, "FAIM-ADDENDA", "element addenda"),
        ({"t8650": "20250631"}, "FAIM-ELEMENT", "element date"),
        ({"t8650": "20250600"}, "FAIM-ELEMENT", "element date"),
        ({"t9000": "HELLO*"}, "FAIM-PROHIBITED", "{9000}"),
        ({"t8400": "CINVOWN*1*"}, "FAIM-ELEMENT", "element proprietary_type"),
        ({"t7777": "X*"}, "FAIM-TAG", "{7777}"),
        ({"t1510": "1002"}, "FAIM-MISSING", "{3500}"),
    ],
)
def test_one_defect_is_told_with_tag_and_element(changed: dict[str, str], code: str, place: str) -> None:
    refusals = FORMAT.decode(message(**changed)).refusals
    assert [refusal.code for refusal in refusals] == [code]
    assert all(place in refusal.place for refusal in refusals)


def test_what_was_expected_is_said() -> None:
    (refusal,) = FORMAT.decode(message(t3600="XYZ*")).refusals
    assert refusal.text == "'XYZ' is not one of BTR CKS CTP CTR DEP DRB DRC DRW FFR FFS SVC"


def test_a_tag_stands_once() -> None:
    (refusal,) = FORMAT.decode(message() + b"{4200}D1*AGAIN*").refusals
    assert refusal.code == "FAIM-REPEATED"


def test_delivered_messages_need_no_sender_supplied_information() -> None:
    data = b"{1100}30P 2{1110}06200915FT03" + message(t1500="")
    assert only(data).amount == Money("USD", 150_075)


def test_senders_whose_imad_the_service_gives() -> None:
    data = message(t1520="")
    assert FORMAT.decode(data).refusals[0].place == "{1520}"
    (record,) = FORMAT.decode(data, rules.WITHOUT_IMAD).records
    assert isinstance(record, Payment)
    assert record.clearing_reference == ""


def test_a_line_of_the_bank_before_the_first_tag() -> None:
    data = b"YFT811 \r\n" + message()
    assert FORMAT.detect(data)
    assert only(data).end_to_end_id == ""
    assert FORMAT.reprint(data) == data


@pytest.mark.parametrize("head", [b"{1:F01HARBUS33AXXX", b'{"a":1}', b"101 123456780", b"8=FIX.4.4", b"", b"{99}"])
def test_not_fedwire(head: bytes) -> None:
    assert not FORMAT.detect(head)


@pytest.mark.parametrize("text", ["0005HELLO", "PLAIN<<>>", "{4200} IN TEXT<<>>", "0012{4200} A{50}", "9999<<>>"])
def test_addenda_in_both_forms(text: str) -> None:
    data = message(t3600="CTP*", t3610="NARR*", t8200=text)
    assert FORMAT.reprint(data) == data
    written = FORMAT.encode([only(data)], "FAIM", WRITING).data
    assert elements(written).get(("{8200}", "addenda")) == elements(data).get(("{8200}", "addenda"))


def test_messages_that_move_no_money_open_no_payment() -> None:
    for changed in (
        {"t1510": "1090", "t2000": "000000000000"},
        {"t1510": "1033"},
        {"t1510": "1001", "t3500": "X" * 22},
    ):
        decoded = FORMAT.decode(message(t3600="SVC*", t9000="HELLO*", **changed))
        [found] = decoded.records
        assert isinstance(found, Notice)
        assert (found.kind, found.text, decoded.refusals) == ("document", ("HELLO",), ())
        assert decoded.header["function"] == "SVC"


def test_several_messages_in_a_file_and_in_parts() -> None:
    good, bad = message(), message(t3600="XYZ*")
    data = b"\n".join([good, bad, good, b"{1100}30P 2\n" + good])
    decoded = FORMAT.decode(data)
    assert [isinstance(record, Refusal) for record in decoded.records] == [False, True, False, False]
    assert FORMAT.reprint(data) == data
    parts = list(FORMAT.parts(io.BytesIO(data), 2))
    assert [record for part in parts for record in part.records] == list(decoded.records)
    assert [len(part.records) for part in parts] == [2, 2]
    assert [part.refusals for part in FORMAT.parts(io.BytesIO(bad + b"\n" + good), 1)] == [(), ()]


def test_a_long_file_is_read_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "CHUNK_BYTES", 700)
    data = b"\n".join([message(), message(t3600="CTP*", t3610="NARR*", t8200="{1500} {1510}<<>>")] * 80)
    parts = list(FORMAT.parts(io.BytesIO(data), 3))
    assert sum(len(part.records) for part in parts) == 160
    assert all(isinstance(record, Payment) for part in parts for record in part.records)
    assert len(list(scan.stream(io.BytesIO(data)))) > 2
    assert next(FORMAT.parts(io.BytesIO(b""), 3)).refusals[0].code == "FAIM-EMPTY"


# --- writing --------------------------------------------------------------------------------------------------

BANK = Agent("BREZUS44XXX", clearing_system="USABA", clearing_member="987654320", name="BREEZE BANK")
TRANSFER = Payment(
    "credit_transfer",
    Money("USD", 150_075),
    debtor=Party("Jos\xe9 Light*"),
    debtor_account=Account("998877"),
    creditor=Party("BREEZE BAKERY LLC"),
    creditor_account=Account("00012345"),
    creditor_agent=BANK,
    uetr="6ff9e138-de23-4f55-87d6-e3cb25a43cda",
    purpose="SUPP",
    remittance=("x" * 100, "y" * 60),
    end_to_end_id="E" * 20,
)


def test_losses_are_named() -> None:
    fit = FORMAT.fit(TRANSFER, "FAIM")
    assert fit.refusal is None
    assert {loss.element: loss.severity for loss in fit.losses} == {
        "debtor.name": "info",
        "end_to_end_id": "truncated",
        "purpose": "lost",
        "uetr": "lost",
        "remittance[0]": "truncated",
        "remittance[1]": "lost",
        "creditor_agent.bic": "lost",
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "direct_debit"}, "wrong-kind"),
        ({"amount": Money("EUR", 1)}, "not-dollars"),
        ({"amount": Money("USD", 10**12)}, "amount-unfit"),
        ({"creditor_agent": Agent("BREZUS44XXX")}, "no-routing-number"),
        ({"creditor_agent": structs.replace(BANK, clearing_member="987654321")}, "no-routing-number"),
        ({"creditor": None, "creditor_account": None}, "missing-creditor"),
        ({"debtor": None, "debtor_account": None}, "missing-debtor"),
    ],
)
def test_what_faim_cannot_carry(changed: dict[str, object], code: str) -> None:
    refusal = FORMAT.fit(structs.replace(TRANSFER, **changed), "FAIM").refusal
    assert refusal is not None
    assert refusal.code == code


def test_our_own_imad_and_routing_number() -> None:
    ours = structs.replace(WRITING, routing_number="123456780")
    frame = FORMAT.encode([only(message()), TRANSFER], "FAIM", ours)
    first, second = scan.scan(frame.data.decode())[1]
    assert meaning.imad(first) == "20250620HARBFI01000017"  # the sender is we: only the format changes
    assert meaning.imad(second) == "20250714FO000000100002"
    passed_on = FORMAT.encode([only(message())], "FAIM", structs.replace(WRITING, routing_number="987654320")).data
    assert elements(passed_on)["{1520}", "source"] == "FO000000"
    assert elements(passed_on)["{5200}", "identifier"] == "123456780"


texts = st.text(st.characters(codec="utf-8"), max_size=60)
names = st.one_of(st.just(""), texts)
agents = st.builds(
    Agent,
    bic=st.sampled_from(["", "BREZUS44XXX"]),
    clearing_system=st.sampled_from(["USABA", "USPID", ""]),
    clearing_member=st.sampled_from(["987654320", "0001", ""]),
    name=names,
)
payments = st.builds(
    Payment,
    st.sampled_from(["credit_transfer", "fi_transfer", "return", "payment_request"]),
    st.builds(Money, st.just("USD"), st.integers(1, 10**12 - 1)),
    instruction_id=names,
    end_to_end_id=names,
    settlement_date=st.sampled_from(["2025-06-20", ""]),
    local_instrument=st.sampled_from(["", "CTRC", "BTRC", "COVC", "INST"]),
    debtor=st.builds(Party, names),
    debtor_account=st.one_of(st.none(), st.builds(Account, texts.filter(bool))),
    debtor_agent=st.one_of(st.none(), agents),
    creditor=st.builds(Party, names),
    creditor_account=st.one_of(st.none(), st.builds(Account, texts.filter(bool))),
    creditor_agent=st.one_of(st.none(), agents),
    creditor_institution=st.one_of(st.none(), agents),
    intermediary_agents=st.lists(agents, max_size=2).map(tuple),
    previous_agents=st.lists(agents, max_size=2).map(tuple),
    instructing_agent=st.one_of(st.none(), agents),
    instructed_agent=st.just(BANK),
    remittance=st.lists(texts, max_size=5).map(tuple),
    charge_bearer=st.sampled_from(["", "DEBT", "CRED", "SHAR"]),
)


@settings(max_examples=120)
@given(payments, st.sampled_from(FAIM))
def test_what_fits_is_written_and_read(payment: Payment, type: str) -> None:
    if FORMAT.fit(payment, type).refusal is not None:
        return
    data = FORMAT.encode([payment], type, structs.replace(WRITING, routing_number="123456780")).data
    again = only(data)
    assert again.amount == payment.amount
    assert again.kind == payment.kind or payment.local_instrument
    assert FORMAT.reprint(data) == data


# --- any bytes ------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(st.one_of(st.binary(max_size=300), st.from_regex(rb"(\{[0-9]{4}\}[ -~]{0,40}\n?){0,8}", fullmatch=True)))
def test_no_bytes_raise_and_all_come_back(data: bytes) -> None:
    assert isinstance(FORMAT.decode(data), Decoded)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        assert FORMAT.reprint(data) == data


@settings(max_examples=150)
@given(st.sampled_from(SAMPLES), st.data())
def test_no_mutation_raises(sample: Path, data: st.DataObject) -> None:
    text = bytearray(sample.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        piece = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b"*", b"{", b"{8200}", b"{1500}", b"<<>>"]))
        )
        text[at : at + data.draw(st.integers(0, 12))] = piece
        text = text or bytearray(b" ")
    mutated = bytes(text)
    decoded = FORMAT.decode(mutated)
    assert FORMAT.reprint(mutated) == mutated
    for record in decoded.records:
        if isinstance(record, Payment) and FORMAT.fit(record, "FAIM").refusal is None:
            FORMAT.encode([record], "FAIM", WRITING)


def test_limits() -> None:
    assert FORMAT.decode(b"{1500}" * (faim.FILE_BYTES_MAX // 6 + 1)).refusals[0].code == "FAIM-SIZE"
    long = FORMAT.decode(message() + b"{7777}" * (scan.MESSAGE_CHARACTERS_MAX // 6)).refusals
    assert (long[0].code, len(long)) == ("FAIM-SIZE", faim.FAULTS_MAX)
    assert FORMAT.decode(b"{1500}" * (faim.MESSAGES_MAX + 2)).refusals[0].code == "FAIM-SIZE"
    many = FORMAT.decode(b"{7777}" * 100).refusals
    assert len(many) == faim.FAULTS_MAX


# --- the table ------------------------------------------------------------------------------------------------


def test_the_table_is_sound() -> None:
    for tag in TAGS:
        assert re.fullmatch(r"[0-9]{4}", tag.number)
        names_ = [element.name for element in tag.elements]
        assert len(set(names_)) == len(names_)
        for element in tag.elements:
            assert element.kind in CLASSES or element.kind in CODES
            for code in CODES.get(element.kind, ()):
                assert len(code) <= element.width
    mentioned = [*DEPENDS, *(n for g in (*DEPENDS.values(), *NEEDED.values()) for either in g for n in either)]
    assert all(number in BY_NUMBER for number in mentioned)
    assert set(TYPES) == CODES["business function"]


# --- answers --------------------------------------------------------------------------------------------------


def test_acknowledgements() -> None:
    decoded = FORMAT.decode(message())
    payment = only(message())
    (frame,) = FORMAT.answer(decoded, [Status("ACSC", payment)], "", WRITING)
    assert frame.data == b"{1100}30P 2\n{1110}07141046FO  \n{1520}20250620HARBFI01000017\n"
    (frame,) = FORMAT.answer(decoded, [Status("RJCT", payment, reason="AM04", text="no funds")], "", WRITING)
    assert b"{1100}30P 3" in frame.data
    assert b"{1130}FM04AM04 no funds*" in frame.data
    refused = FORMAT.decode(message(t3600="XYZ*"))
    (frame,) = FORMAT.answer(refused, [], "", WRITING)
    assert b"{1130}EF01FF01 'XYZ' is not one of BTR CKS CT*" in frame.data
    assert not scan.scan(frame.data.decode())[1][0].faults
    (frame,) = FORMAT.answer(decoded, [Status("ACSC", payment)], "pacs.002.001.10", WRITING)
    assert frame.type == "pacs.002.001.10"


# --- the conformance corpus -----------------------------------------------------------------------------------

REALLY_BAD = re.compile(r"MissingRequiredTag|NoMessage|^02c1")


def test_corpus() -> None:
    for path in sorted(shared_corpus("fedwire").glob("*ed/*.txt")):
        data = path.read_bytes()
        decoded = FORMAT.decode(data)
        accepted = not decoded.refusals and not any(isinstance(record, Refusal) for record in decoded.records)
        assert accepted == (REALLY_BAD.search(path.name) is None), path.name
        assert FORMAT.reprint(data) == data
        for record in decoded.records:
            for type in FAIM if isinstance(record, Payment) else ():
                assert FORMAT.fit(record, type).losses == (), path.name
                assert sorted_(only(FORMAT.encode([record], type, WRITING).data)) == sorted_(record)
