"""Every message of the corpus: its verdict, its records, what is carried, and the way there and back."""

from __future__ import annotations

import io
from collections import defaultdict
from functools import cache
from random import Random

import pytest

from gateway.formats.iso20022 import FORMAT
from gateway.formats.iso20022.kinds import FAMILIES, kind_of, types
from gateway.model import Case, Notice, Payment, Report, Statement
from tests import samples
from tests.formats.iso20022.instances import document
from tests.formats.iso20022.judged import WRITING, accepted, groups, invalid, leaves, lost, records
from tests.support import shared_corpus

STRICT = {"auth.018.001.02"}  # asks for a schema of its supplementary data, which made-up data does not have


@cache
def verdicts() -> dict[str, list[tuple[str, str]]]:
    rows: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in (shared_corpus("iso20022") / "VALIDATION.tsv").read_text().splitlines()[1:]:
        file, part, result = line.split("\t")
        rows[file].append((part, result))
    known = {type for type in types() if kind_of(type)}
    return {file: parts for file, parts in rows.items() if any(part in known for part, _ in parts)}


def test_every_sample_gets_its_verdict() -> None:
    folder = shared_corpus("iso20022", "samples")
    for file, parts in verdicts().items():
        decoded = FORMAT.decode((folder / file).read_bytes())
        assert accepted(decoded) == all(result in ("valid", "no XSD") for _, result in parts), (file, decoded.refusals)


def there_and_back(data: bytes, name: str) -> bool:
    """Read, write, again: valid for both schemas, nothing lost in silence, and from then on always the same."""
    decoded = FORMAT.decode(data)
    found = records(decoded)
    if any(FORMAT.fit(record, decoded.type).refusal for record in found):
        return False
    missing = leaves(data)
    for group in groups(found, decoded.type):
        frame = FORMAT.encode(group, decoded.type, WRITING)
        assert not invalid(frame.data, decoded.type), (name, invalid(frame.data, decoded.type))
        missing -= leaves(frame.data)
        again = records(FORMAT.decode(frame.data))
        second = FORMAT.encode(again, decoded.type, WRITING).data
        third = FORMAT.encode(records(FORMAT.decode(second)), decoded.type, WRITING).data
        assert second == third, name
    assert not missing or lost(found, decoded.type), (name, missing)
    return True


def test_samples_are_written_again_without_silent_loss() -> None:
    folder = shared_corpus("iso20022", "samples")
    for file in verdicts():
        data = (folder / file).read_bytes()
        decoded = FORMAT.decode(data)
        if accepted(decoded):
            assert there_and_back(data, file), file
            assert not lost(records(decoded), decoded.type), (file, lost(records(decoded), decoded.type))


@pytest.mark.parametrize("fullness", [0.25, 0.6])
def test_made_up_messages_of_every_type_go_there_and_back(fullness: float) -> None:
    chosen = [type for type in types() if type not in STRICT and (type[:8] in FAMILIES or fullness < 0.5)]
    for type in chosen:
        data = document(type, Random(f"{type}/{fullness}"), fullness)
        assert there_and_back(data, type), type


SORTS = {
    "pacs.003.001.08": (Payment, "direct_debit"),
    "pacs.004.001.09": (Payment, "return"),
    "pacs.007.001.09": (Payment, "reversal"),
    "pacs.010.001.03": (Payment, "fi_direct_debit"),
    "pain.008.001.08": (Payment, "direct_debit"),
    "pain.013.001.07": (Payment, "payment_request"),
    "pacs.002.001.10": (Report, "payment_status"),
    "pain.002.001.10": (Report, "payment_status"),
    "pain.014.001.07": (Report, "payment_status"),
    "admi.002.001.01": (Report, "message_rejected"),
    "admi.007.001.01": (Report, "receipt"),
    "camt.056.001.08": (Case, "cancellation_request"),
    "camt.055.001.08": (Case, "cancellation_request"),
    "camt.029.001.09": (Case, "resolution"),
    "camt.026.001.07": (Case, "unable_to_apply"),
    "camt.027.001.07": (Case, "claim_non_receipt"),
    "camt.028.001.09": (Case, "additional_information"),
    "camt.087.001.06": (Case, "modification_request"),
    "pacs.028.001.03": (Case, "status_request"),
    "camt.052.001.08": (Statement, "report"),
    "camt.053.001.08": (Statement, "statement"),
    "camt.054.001.08": (Statement, "notification"),
    "camt.057.001.06": (Notice, "receipt_expected"),
    "camt.058.001.06": (Notice, "receipt_cancelled"),
    "camt.060.001.05": (Notice, "statement_request"),
    "admi.004.001.02": (Notice, "system_event"),
    "admi.011.001.01": (Notice, "event_acknowledgement"),
    "acmt.023.001.02": (Notice, "verification_request"),
    "acmt.024.001.02": (Notice, "verification_report"),
    "camt.105.001.02": (Case, "charges_advice"),
    "camt.106.001.02": (Case, "charges_request"),
    "camt.110.001.01": (Notice, "document"),
}


@pytest.mark.parametrize("type", SORTS)
def test_each_message_becomes_its_record(type: str) -> None:
    record, kind = SORTS[type]
    found = [one for seed in range(4) for one in records(FORMAT.decode(document(type, Random(seed), 0.7)))]
    of_its_kind = [one for one in found if isinstance(one, record) and one.kind == kind]
    assert of_its_kind, found
    assert all(one.source == type for one in found)
    assert type in FORMAT.writes or kind == "document"


@pytest.mark.parametrize("type", ["camt.053.001.08", "camt.052.001.06", "camt.054.001.02", "pacs.003.001.08"])
def test_streamed_records_are_those_of_the_whole(type: str) -> None:
    for seed in range(3):
        data = document(type, Random(seed), 0.6)
        whole = FORMAT.decode(data)
        parts = list(FORMAT.parts(io.BytesIO(data), 1000))
        assert [record for part in parts for record in part.records] == list(whole.records)
        assert parts[0].message_id == whole.message_id


def test_a_long_statement_comes_in_parts_with_one_head() -> None:
    entry = (
        b'<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd/>'
        b"<AddtlNtryInf>n</AddtlNtryInf></Ntry>"
    )
    data = STATEMENT % (entry * 250)
    parts = list(FORMAT.parts(io.BytesIO(data), 100))
    found = [record for part in parts for record in part.records if isinstance(record, Statement)]
    assert [len(one.entries) for one in found] == [100, 100, 50]
    assert [one.last_page for one in found] == [False, False, True]
    assert {(one.id, one.account.id) for one in found} == {("S1", "DE23999900000000000101")}
    assert found[-1].information == ("the end",)
    [broken] = FORMAT.parts(io.BytesIO(data.replace(b"CRDT", b"CRDX", 1)), 100)
    assert broken.refusals
    assert not broken.records


STATEMENT = (
    b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>'
    b"<CreDtTm>2026-11-23T10:00:00Z</CreDtTm></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>DE23999900000000000101</IBAN>"
    b'</Id></Acct><Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT'
    b"</CdtDbtInd><Dt><Dt>2026-11-23</Dt></Dt></Bal>%s<AddtlStmtInf>the end</AddtlStmtInf></Stmt></BkToCstmrStmt>"
    b"</Document>"
)


def test_a_statement_in_canonical_words() -> None:
    entry = (
        b'<Ntry><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-23'
        b"</Dt></BookgDt><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        b"<NtryDtls><TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RltdPties><Cdtr><Pty><Nm>Quay Mills</Nm></Pty>"
        b"</Cdtr></RltdPties><RmtInf><Ustrd>Invoice 7</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
    [statement] = FORMAT.decode(STATEMENT % entry).records
    assert isinstance(statement, Statement)
    [line] = statement.entries
    assert (line.amount.text(), line.credit, line.booking_date) == ("12.50", False, "2026-11-23")
    assert (line.domain, line.family, line.subfamily) == ("PMNT", "ICDT", "ESCT")
    [detail] = line.details
    assert (detail.kind, detail.amount, detail.end_to_end_id) == ("entry", line.amount, "E1")
    assert detail.creditor is not None
    assert (detail.creditor.name, detail.remittance) == ("Quay Mills", ("Invoice 7",))
    [balance] = statement.balances
    assert (balance.type, balance.credit, balance.amount.minor, balance.date) == ("OPBD", False, 500, "2026-11-23")


def test_a_sum_that_is_no_number_is_the_schemas_to_refuse_in_a_stream_too() -> None:
    data = samples.pain001(3, "DE23999900000000000101")
    for text in (b"-", b"x", b"NaN"):
        broken = data.replace(b"</PmtMtd>", b"</PmtMtd><CtrlSum>" + text + b"</CtrlSum>", 1)
        [only] = FORMAT.parts(io.BytesIO(broken), 2)
        assert only.refusals
        assert FORMAT.decode(broken).refusals


@pytest.mark.parametrize("type", ["pain.001.001.09", "camt.053.001.08", "pain.008.001.02", "camt.029.001.09"])
def test_bytes_changed_anywhere_are_answered(type: str) -> None:
    random = Random(type)
    source = document(type, Random(1), 0.5)
    for _ in range(150):
        data = bytearray(source)
        at = random.randrange(len(data))
        data[at : at + random.choice((0, 1, 3, 40))] = bytes(
            random.choices(b"<>/&;:\"'= xA0.-", k=random.choice((0, 1, 3)))
        )
        decoded = FORMAT.decode(bytes(data))
        assert all(refusal.place and refusal.code for refusal in decoded.refusals)
        streamed = list(FORMAT.parts(io.BytesIO(bytes(data)), 2))
        assert bool(streamed[0].refusals) == bool(decoded.refusals)
