"""Requests about a whole message: all of its payments are decided about, and one answer tells all of them."""

from __future__ import annotations

from gateway.formats.iso20022 import FORMAT as ISO
from gateway.model import Account, Case, Payment
from gateway.ports import Outcome, Writing
from tests.conversations.bank import PLAIN, THEM, US, Bank, transfer
from tests.formats.iso20022.judged import invalid

RETURNING = PLAIN.replace("credit: creditor}", "credit: creditor}\n    recall: {do: return}")
OUT = "  - {name: out, when: {debtor_account: BREEZE}, settle: {debit: debtor, credit: NOSTRO}}"


def bulk(bank: Bank, payments: list[Payment], type: str = "pacs.008.001.08") -> list[int]:
    """One message of several payments; their numbers."""
    data = ISO.encode(payments, type, Writing("GROUP1", bank.now_ns)).data
    return [status.payment_id for status in bank.put(data, "correspondent").statuses]


def recall_all(bank: Bank, message: str = "GROUP1", count: str = "<NbOfTxs>3</NbOfTxs>", id: str = "A1") -> Outcome:
    sides = "".join(
        f"<{side}><Agt><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></Agt></{side}>"
        for side, bic in (("Assgnr", THEM), ("Assgne", US))
    )
    return bank.put(
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"><FIToFIPmtCxlReq><Assgnmt><Id>{id}</Id>{sides}'
        "<CreDtTm>2026-11-23T10:00:00Z</CreDtTm></Assgnmt><Undrlyg><OrgnlGrpInfAndCxl>"
        f"<OrgnlMsgId>{message}</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId>{count}<GrpCxl>true</GrpCxl>"
        "<CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf></OrgnlGrpInfAndCxl></Undrlyg></FIToFIPmtCxlReq></Document>".encode(),
        "correspondent",
    )


def answers(bank: Bank) -> list[list[Case]]:
    """The resolutions that the correspondent was sent, by message."""
    items = [item for item in bank.disk.outbox.values() if item.type == "camt.029.001.09"]
    assert [invalid(item.data, item.type) for item in items] == [""] * len(items)
    return [list(ISO.decode(item.data).records) for item in items]  # type: ignore[arg-type]


def test_a_whole_message_is_given_back() -> None:
    bank = Bank(RETURNING)
    ids = bulk(bank, [transfer(n) for n in (1, 2, 3)])
    bank.pay(4)
    [status] = recall_all(bank).statuses
    assert status.code == "ACTC"
    assert [bank.status(id) for id in ids] == ["RTRN"] * 3
    assert bank.balance("BREEZE") == 10_000, "another message is not meant"
    [told] = answers(bank)
    assert [(case.status, case.transaction_status) for case in told] == [("CNCL", "ACCR")] * 3
    assert [case.original.end_to_end_id for case in told] == ["E1", "E2", "E3"]
    assert len([item for item in bank.disk.outbox.values() if item.type == "pacs.004.001.09"]) == 3
    bank.restart()
    recall_all(bank, id="A2")
    assert [{case.status for case in told} for told in answers(bank)] == [{"CNCL"}, {"RJCR"}]
    assert bank.balance("BREEZE") == 10_000


def test_each_payment_is_decided_about_for_itself() -> None:
    bank = Bank(RETURNING.replace("  - name: here", f"{OUT}\n  - name: here"))
    ids = bulk(bank, [transfer(1), transfer(2), transfer(3, creditor_account=Account("NOWHERE"))])
    bank.pay(4, 10_000, debtor_account=Account("BREEZE"))
    recall_all(bank)
    assert [bank.status(id) for id in ids] == ["RTRN", "ACSC", "RJCT"]
    [told] = answers(bank)
    assert {case.status for case in told} == {"PECR"}
    assert [case.transaction_status for case in told] == ["ACCR", "RJCR", "RJCR"]
    assert [case.reasons[0].code for case in told[1:]] == ["AM04", "NOOR"]


def test_what_waits_for_a_person_is_told_again_one_by_one() -> None:
    bank = Bank()
    ids = bulk(bank, [transfer(n) for n in (1, 2, 3)])
    recall_all(bank)
    assert [bank.status(id) for id in ids] == ["PDCR"] * 3
    bank.restart()
    held = sorted(bank.engine.state.held)
    assert len(held) == 3
    bank.operate("release", held[0])
    bank.operate("reject", held[1], "CUST no")
    assert [bank.status(id) for id in ids] == ["RTRN", "ACSC", "PDCR"]
    assert [[case.status for case in told] for told in answers(bank)] == [["PDCR"] * 3, ["CNCL"], ["RJCR"]]


def test_a_message_that_is_not_known_so_is_not_given_back() -> None:
    bank = Bank(RETURNING)
    ids = bulk(bank, [transfer(n) for n in (1, 2, 3)])
    for message, count in (("GROUP9", ""), ("GROUP1", "<NbOfTxs>4</NbOfTxs>")):
        [status] = recall_all(bank, message, count, id=f"A{message}").statuses
        assert (status.refusal_code, status.reason) == ("original-not-found", "NOOR")
    assert [bank.status(id) for id in ids] == ["ACSC"] * 3
    assert [[case.status for case in told] for told in answers(bank)] == [["RJCR"]] * 2


def test_one_batch_of_a_customer() -> None:
    bank = Bank("routes:\n  - {name: initiated, settle: {debit: NOSTRO, credit: creditor}, recall: {do: return}}\n")
    payments = [transfer(n, batch_id=batch, settlement_method="") for n, batch in ((1, "B1"), (2, "B1"), (3, "B2"))]
    ids = bulk(bank, payments, "pain.001.001.09")
    bank.put(
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"><CstmrPmtCxlReq><Assgnmt><Id>A1</Id><Assgnr><Pty>'
        b"<Nm>Harbour</Nm></Pty></Assgnr><Assgne><Agt><FinInstnId><BICFI>FINODEHHXXX</BICFI></FinInstnId></Agt></Assgne>"
        b"<CreDtTm>2026-11-23T10:00:00Z</CreDtTm></Assgnmt><Undrlyg><OrgnlPmtInfAndCxl><OrgnlPmtInfId>B1</OrgnlPmtInfId>"
        b"<OrgnlGrpInf><OrgnlMsgId>GROUP1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInf>"
        b"<PmtInfCxl>true</PmtInfCxl><CxlRsnInf><Rsn><Cd>DUPL</Cd></Rsn></CxlRsnInf></OrgnlPmtInfAndCxl></Undrlyg>"
        b"</CstmrPmtCxlReq></Document>",
        "correspondent",
    )
    assert [bank.status(id) for id in ids] == ["RTRN", "RTRN", "ACSC"]
    [told] = answers(bank)
    assert [case.status for case in told] == ["CNCL"] * 2
