"""ISO 20022: verdicts, records, both ways, large files, hostile bytes, answers."""

from __future__ import annotations

import io
from collections import defaultdict
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.formats.iso20022 import FORMAT
from gateway.formats.iso20022.xml import schema
from gateway.model import Account, Address, Agent, Charge, Instruction, Money, Party, Payment, Refusal, Status
from gateway.ports import Decoded, Writing
from tests import samples
from tests.support import ROOT, shared_corpus

WRITING = Writing("FO00000000100001", 1_767_225_600_000_000_000)
TYPES = ("pain.001.001.03", "pain.001.001.09", "pacs.008.001.08", "pacs.009.001.08")
IBAN = "DE23999900000000000101"
# What a message type asks for and a payment may not say; not losses but what the rule book puts in its place.
DERIVED = {"place", "source", "identity", "settlement_method", "charge_bearer", "scheme"}


def payments(decoded: Decoded) -> list[Payment]:
    assert not decoded.refusals, decoded.refusals
    return [record for record in decoded.records if isinstance(record, Payment)]


def differing(one: Payment, other: Payment) -> set[str]:
    a, b = msgspec.to_builtins(one), msgspec.to_builtins(other)
    return {key for key in a.keys() | b.keys() if a.get(key) != b.get(key)} - DERIVED


def named(payment: Payment, type: str) -> set[str]:
    """Fields that fit says will be lost or changed."""
    found = FORMAT.fit(payment, type).losses
    return {
        "extra" if loss.element.startswith(("iso:", "mt:", "ach:")) else loss.element.split(".")[0] for loss in found
    }


def outgoing(payment: Payment) -> str:
    return "pacs.009.001.08" if payment.kind == "fi_transfer" else "pacs.008.001.08"


def test_the_example_in_canonical_words() -> None:
    [one] = payments(FORMAT.decode((ROOT / "examples" / "pacs.008.xml").read_bytes()))
    assert (one.amount, one.end_to_end_id, one.charge_bearer) == (Money("USD", 250_000), "PO-1001", "SHAR")
    assert one.debtor == Party(
        "Harbor Light Trading Inc", Address(street="Pier Street", building_number="12", town="Portland", country="US")
    )
    assert one.creditor_account == Account("BREEZE-USD")
    assert one.identity == one.uetr


def test_an_initiation_inherits_from_its_payment_information() -> None:
    first, second = payments(FORMAT.decode((ROOT / "examples" / "pain.001.xml").read_bytes()))
    assert first.debtor_account == second.debtor_account == Account(IBAN, "IBAN", "EUR")
    assert (first.batch_id, first.scheme, first.settlement_date) == ("BREEZE-2026-0001-A", "sepa_ct", "2026-11-24")


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("<NbOfTxs>2<", "<NbOfTxs>3<", "number-of-transactions", "NbOfTxs"),
        ("<CtrlSum>1512.50<", "<CtrlSum>1512.51<", "control-sum", "CtrlSum"),
        ('Ccy="EUR">1200.00', 'Ccy="EUR">12O0.00', "XSD", "/Amt/InstdAmt"),
        ("<PmtMtd>TRF</PmtMtd>", "", "XSD", "PmtInf"),
        ("<EndToEndId>FLOUR-4711<", "<EndToEndId>" + "x" * 36 + "<", "XSD", "EndToEndId"),
        ("pain.001.001.09", "pain.001.001.08", "unsupported-type", "Document"),
        ("</Document>", "", "XML", "line"),
    ],
)
def test_a_wrong_message_is_refused_with_its_place(old: str, new: str, code: str, place: str) -> None:
    data = (ROOT / "examples" / "pain.001.xml").read_text().replace(old, new, 1).encode()
    decoded = FORMAT.decode(data)
    assert decoded.refusals[0].code == code
    assert place in decoded.refusals[0].place


def test_one_wrong_amount_does_not_spoil_the_rest() -> None:
    data = (
        (ROOT / "examples" / "pain.001.xml").read_text().replace("1200.00", "1200.001").replace("1512.50", "1512.501")
    )
    decoded = FORMAT.decode(data.encode())
    assert isinstance(decoded.records[0], Refusal)
    assert decoded.records[0].place.startswith("PmtInf[1]/CdtTrfTxInf[1]")
    assert isinstance(decoded.records[1], Payment)


HOSTILE = {
    "doctype": b'<!DOCTYPE x [<!ENTITY a "b">]><Document/>',
    "xxe": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    "deep": b"<a>" * 300_000,
    "deep and closed": b"<a>" * 200 + b"</a>" * 200,
    "attributes": b"<a " + b" ".join(b'x%d="1"' % n for n in range(200_000)) + b"/>",
    "utf-16": "<Document/>".encode("utf-16"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?><Document/>',
    "nul": b"<Document>\x00</Document>",
    "long text": b"<Document>" + b"x" * 12_000_000 + b"</Document>",
    "nothing": b"",
    "two documents": samples.pacs008(1, "A").replace(b"<Document", b"<x><Document", 1)
    + samples.pacs008(2, "A").partition(b"\n")[2]
    + b"</x>",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused(data: bytes) -> None:
    assert FORMAT.decode(data).refusals
    assert next(FORMAT.parts(io.BytesIO(data), 10)).refusals


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    decoded = FORMAT.decode(b"<Document" + data)
    assert decoded.refusals
    [frame] = FORMAT.answer(decoded, [], "", WRITING)
    assert valid(frame.data, "pacs.002.001.10")


def valid(data: bytes, type: str) -> bool:
    document = etree.fromstring(data)
    own = schema(type)
    assert own is not None
    assert own.validate(document), own.error_log
    official = Path(ROOT.parent / "shared" / "corpus" / "iso20022" / "xsd" / "iso" / f"{type}.xsd")
    if official.exists():
        judge = OFFICIAL.setdefault(type, etree.XMLSchema(etree.parse(str(official))))
        assert judge.validate(document), judge.error_log
    return True


OFFICIAL: dict[str, etree.XMLSchema] = {}
texts = st.text(max_size=60)
parties = st.builds(
    Party,
    texts,
    st.one_of(
        st.none(),
        st.builds(
            Address,
            street=texts,
            town=texts,
            country=st.sampled_from(["", "DE", "xx"]),
            lines=st.lists(texts.filter(bool), max_size=8).map(tuple),
        ),
    ),
)
agents = st.builds(
    Agent,
    bic=st.sampled_from(["", "FINODEHHXXX", "bad"]),
    name=texts,
    clearing_system=st.sampled_from(["", "USABA"]),
    clearing_member=texts,
)
accounts = st.builds(
    Account,
    texts.filter(bool),
    scheme=st.sampled_from(["", "IBAN", "BBAN", "some scheme"]),
    currency=st.sampled_from(["", "EUR", "e"]),
)
money = st.builds(Money, st.sampled_from(["EUR", "JPY", "BHD"]), st.integers(1, 10**14))
anything = st.builds(
    Payment,
    st.just("credit_transfer"),
    money,
    end_to_end_id=texts,
    instruction_id=texts,
    uetr=st.sampled_from(["", "x", samples.uetr(1, 1)]),
    settlement_date=st.sampled_from(["", "2026-11-23", "soon"]),
    instructed_amount=st.one_of(st.none(), money),
    debtor=st.one_of(st.none(), parties),
    creditor=st.one_of(st.none(), parties),
    debtor_account=st.one_of(st.none(), accounts),
    creditor_agent=st.one_of(st.none(), agents),
    charge_bearer=st.sampled_from(["", "SHAR", "NONE"]),
    charges=st.lists(st.builds(Charge, money, agents), max_size=2).map(tuple),
    remittance=st.lists(texts.filter(bool), max_size=3).map(tuple),
    regulatory=st.lists(texts.filter(bool), max_size=2).map(tuple),
    instructions_for_next_agent=st.lists(st.builds(Instruction, st.just(""), texts.filter(bool)), max_size=2).map(
        tuple
    ),
)


@settings(max_examples=150, deadline=None)
@given(anything)
def test_whatever_is_written_is_valid(payment: Payment) -> None:
    frame = FORMAT.encode([payment], "pacs.008.001.08", WRITING)
    assert valid(frame.data, "pacs.008.001.08")
    decoded = FORMAT.decode(frame.data)
    assert not decoded.refusals


@pytest.mark.parametrize(
    "make", [lambda: samples.pain001(900, IBAN), lambda: (ROOT / "examples" / "pacs.008.xml").read_bytes()]
)
def test_parts_are_the_whole(make: object) -> None:
    data = make()  # type: ignore[operator]
    parts = list(FORMAT.parts(io.BytesIO(data), 128))
    assert [record for part in parts for record in part.records] == list(FORMAT.decode(data).records)
    assert all(len(part.records) <= 128 for part in parts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<NbOfTxs>900<", b"<NbOfTxs>901<"),
        (b"<CtrlSum>900.00<", b"<CtrlSum>900.01<"),
        (b"</PmtInf>", b"<x/></PmtInf>"),
        (b"</Document>", b""),
        (b"<Document", b"<!DOCTYPE a><Document"),
    ],
)
def test_a_large_file_that_is_wrong_anywhere_opens_nothing(old: bytes, new: bytes) -> None:
    [only] = FORMAT.parts(io.BytesIO(samples.pain001(900, IBAN).replace(old, new, 1)), 128)
    assert only.refusals
    assert not only.records


@pytest.mark.parametrize("reply", ["", "pain.002.001.03", "pain.002.001.10", "pacs.002.001.10"])
def test_answers_are_valid(reply: str) -> None:
    decoded = FORMAT.decode((ROOT / "examples" / "pain.001.xml").read_bytes())
    one, two = decoded.records
    refusal = Refusal(
        "x", "AC03", "PmtInf[1]", "a sentence <&> " * 20, "E2E", (("iso:EndToEndId", "E2E"), ("iso:PmtInfId", "P"))
    )
    for statuses in (
        [Status("ACSC", one, 1), Status("RJCT", two, 2, "AM04", "too little")],
        [Status("PDNG", one, 1, "RR04", "held")],
        [Status("RJCT", refusal, 3, "AC03", "no")],
        [],
    ):
        [frame] = FORMAT.answer(decoded, statuses, reply, WRITING)
        assert valid(frame.data, frame.type)


def samples_of_the_corpus() -> dict[str, list[tuple[str, str]]]:
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in (shared_corpus("iso20022") / "VALIDATION.tsv").read_text().splitlines()[1:]:
        file, part, result = line.split("\t")
        rows[file].append((part, result))
    return {file: parts for file, parts in rows.items() if any(part in TYPES for part, _ in parts)}


def test_verdicts_of_the_corpus_and_no_silent_loss() -> None:
    folder = shared_corpus("iso20022", "samples")
    for file, parts in samples_of_the_corpus().items():
        data = (folder / file).read_bytes()
        decoded = FORMAT.decode(data)
        accepted = not decoded.refusals and not any(isinstance(record, Refusal) for record in decoded.records)
        assert accepted == all(result == "valid" for _, result in parts), (file, decoded.refusals)
        for payment in payments(decoded) if accepted else []:
            type = outgoing(payment)
            frame = FORMAT.encode([payment], type, WRITING)
            assert valid(frame.data, type), file
            if payment.kind != "equivalent_transfer":
                [again] = payments(FORMAT.decode(frame.data))
                assert differing(payment, again) <= named(payment, type), file


def test_mutants_get_the_same_verdict_as_from_the_official_schema() -> None:
    folder = shared_corpus("iso20022", "xsd", "iso")
    random = Random(7)
    for type in ("pacs.008.001.08", "pain.001.001.09"):
        official = etree.XMLSchema(etree.parse(str(folder / f"{type}.xsd")))
        own = schema(type)
        assert own is not None
        source = samples.pacs008(1, "A") if type.startswith("pacs") else samples.pain001(2, IBAN)
        for _ in range(300):
            root = mutated(source, random)
            assert own.validate(root) == official.validate(root), etree.tostring(root)


def mutated(source: bytes, random: Random) -> etree._Element:
    """One element dropped, doubled, moved, lengthened or emptied."""
    root = etree.fromstring(source)
    node = random.choice([e for e in root.iter() if e.getparent() is not None])
    parent = node.getparent()
    assert parent is not None
    what = random.randrange(5)
    if what == 0:
        parent.remove(node)
    elif what == 1:
        parent.insert(parent.index(node), etree.fromstring(etree.tostring(node, with_tail=False)))
    elif what == 2:
        parent.insert(random.randrange(len(parent) + 1), node)
    else:
        node.text = (node.text or "") + random.choice(["x" * 40, "9" * 20, " ", "é"]) if what == 3 else ""
    return root
