"""Conversations that a person begins: recall, return, question; journaled, and refused where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import formats
from gateway.model import Account, Case, Money, Payment, Report, Status
from gateway.store import open_store
from tests.conversations.bank import CSM, DAY_S, PLAIN, US, Bank
from tests.formats.iso20022.judged import invalid

SEPA = {"service_level": ("SEPA",), "settlement_method": "CLRG"}
OUT = "  - {name: out, when: {debtor_account: BREEZE}, settle: {debit: debtor, credit: NOSTRO}}"
WAITING = PLAIN.replace("credit: CSM}", "credit: CSM, confirm: required}")


def decide(bank: Bank, kind: str, id: int, reason: str = "DUPL", text: str = "") -> Status:
    [status] = bank.operate(kind, id, reason="" if kind == "ask_status" else reason, text=text).statuses
    return status


# --- recalls --------------------------------------------------------------------------------------


def test_a_payment_is_asked_back_and_its_return_ends_it() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    [left] = [item for item in bank.disk.outbox.values() if item.endpoint == "csm"]
    bank.sent()
    done = decide(bank, "recall", paid, text="sent twice")
    assert (done.code, bank.status(paid)) == ("ACSC", "PDCR")
    [asked] = bank.told("cancellation_request", "csm")
    assert isinstance(asked, Case)
    assert (asked.original.message_id, asked.original.message_type, asked.original.created) == (
        formats.load("iso20022").decode(left.data).message_id,
        "pacs.008.001.08",
        formats.load("iso20022").decode(left.data).created,
    )
    assert (asked.original.end_to_end_id, asked.original.amount) == ("E1", Money("EUR", 10_000))
    assert (asked.reasons[0].code, asked.reasons[0].text) == ("DUPL", ("sent twice",))
    assert asked.creator is not None
    assert asked.assignee is not None
    assert (asked.creator.bic, asked.assignee.bic) == (US, CSM)
    bank.restart()
    assert decide(bank, "recall", paid).refusal_code == "wrong-state"
    bank.give_back(reason="FOCR")
    assert (bank.status(paid), bank.engine.state.held, bank.balance("CSM")) == ("RTRN", {}, 0)
    assert [record.kind for record in bank.sent()["correspondent"]] == ["return"], "its sender did not ask"
    assert decide(bank, "recall", paid).refusal_code == "returned-before"


def test_a_recall_that_is_refused_leaves_the_payment_where_it_is() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    bank.sent()
    decide(bank, "recall", paid)
    bank.resolve()
    assert (bank.status(paid), bank.engine.state.held) == ("ACSC", {})
    assert "correspondent" not in bank.sent()
    assert decide(bank, "recall", paid).code == "ACSC", "it may be asked for again"


@pytest.mark.parametrize("granted", [True, False])
def test_the_sender_asks_for_what_we_have_asked_back_already(granted: bool) -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    decide(bank, "recall", paid)
    [own] = bank.engine.state.held
    bank.sent()
    case = bank.recall().statuses[0]
    assert (case.refusal_code, bank.status(own), bank.status(paid)) == ("asked-onward", "ACSC", "PDCR")
    assert bank.sent() == {}, "nobody is asked twice, and there is no answer yet"
    bank.restart()
    if granted:
        bank.give_back(reason="FOCR")
    else:
        bank.resolve()
    [answer] = bank.told("resolution")
    assert isinstance(answer, Case)
    assert answer.status == ("CNCL" if granted else "RJCR")
    assert (bank.status(paid), bank.engine.state.held) == ("RTRN" if granted else "ACSC", {})


def test_a_recall_names_message_and_parts_as_the_scheme_wants() -> None:
    bank = Bank(PLAIN.replace("to: csm, as: pacs.008.001.08", "to: csm, as: pacs.008.001.08, per_message: 3"))
    paid = bank.pay(onward=True, **SEPA)
    bank.sent()
    bank.restart()
    assert decide(bank, "recall", paid, "AM09").code == "ACSC"
    [left] = [item for item in bank.disk.outbox.values() if item.type == "camt.056.001.08"]
    assert invalid(left.data, left.type) == ""
    [asked] = bank.told("cancellation_request", "csm")
    assert isinstance(asked, Case)
    parts = dict(asked.payment)
    record = bank.engine.store.payment(paid)
    assert record is not None
    assert parts["SttlmInf/SttlmMtd"] == "CLRG"
    assert parts["PmtTpInf/SvcLvl/Cd"] == "SEPA"
    assert parts["CdtrAgt/FinInstnId/BICFI"] == CSM
    assert {"Dbtr/Pty/Nm", "Cdtr/Pty/Nm"} <= parts.keys()
    assert asked.original.message_id.startswith("FO")


@pytest.mark.parametrize(("reason", "days", "code"), [("DUPL", 14, ""), ("DUPL", 15, "after-limit"), ("FRAD", 300, "")])
def test_the_scheme_says_until_when(reason: str, days: int, code: str) -> None:
    bank = Bank()
    paid = bank.pay(onward=True, **SEPA)
    bank.wait(days * DAY_S)
    assert decide(bank, "recall", paid, reason).refusal_code == code


def test_the_scheme_says_for_what_reasons() -> None:
    bank = Bank()
    paid = bank.pay(onward=True, **SEPA)
    refused = decide(bank, "recall", paid, "NARR")
    assert (refused.refusal_code, bank.status(paid)) == ("unusual-reason", "ACSC")


def test_what_cannot_be_recalled() -> None:
    bank = Bank(WAITING)
    here, waits = bank.pay(), bank.pay(2, onward=True)
    refused = bank.pay(3, creditor_account=Account("NOWHERE"))
    assert decide(bank, "recall", here).refusal_code == "ended-here"
    assert decide(bank, "recall", waits).refusal_code == "wrong-state"
    assert decide(bank, "recall", 999).refusal_code == "unknown-payment"
    assert decide(bank, "recall", refused).refusal_code == "wrong-state"
    assert [bank.status(id) for id in (here, waits)] == ["ACSC", "ACSP"]
    [nobody] = bank.operate("recall", here, because=" ", reason="DUPL").statuses
    assert nobody.refusal_code == "who-and-why"


# --- returns --------------------------------------------------------------------------------------


def test_a_payment_that_ended_here_is_given_back_once() -> None:
    bank = Bank()
    paid = bank.pay()
    bank.sent()
    assert decide(bank, "return", paid, "AC04", "account closed").code == "ACSC"
    assert (bank.status(paid), bank.balance("BREEZE"), bank.balance("NOSTRO")) == ("RTRN", 0, -100_000)
    [back] = bank.told("return")
    assert isinstance(back, Payment)
    assert (back.amount, back.reasons[0].code, back.reasons[0].text) == (
        Money("EUR", 10_000),
        "AC04",
        ("account closed",),
    )
    bank.restart()
    assert decide(bank, "return", paid, "AC04").refusal_code == "returned-before"
    assert bank.balance("BREEZE") == 0


def test_a_return_answers_the_recall_that_is_open() -> None:
    bank = Bank()
    paid = bank.pay()
    case = bank.recall().statuses[0]
    bank.sent()
    assert decide(bank, "return", paid, "FOCR").code == "ACSC"
    assert (bank.status(paid), bank.status(case.payment_id)) == ("RTRN", "ACSC")
    assert [record.kind for record in bank.sent()["correspondent"]] == ["return", "resolution"]


def test_what_cannot_be_given_back() -> None:
    bank = Bank(PLAIN.replace("  - name: here", f"{OUT}\n  - name: here"))
    sent, late, here = bank.pay(onward=True), bank.pay(2, **SEPA), bank.pay(3)
    assert decide(bank, "return", sent, "AC04").refusal_code == "sent-on"
    assert decide(bank, "return", late, "CUST").refusal_code == "unusual-reason"
    bank.wait(4 * DAY_S)
    assert decide(bank, "return", late, "AC04").refusal_code == "after-limit"
    bank.pay(4, 20_000, debtor_account=Account("BREEZE"))
    assert bank.balance("BREEZE") == 0
    assert decide(bank, "return", here, "AC04").refusal_code == "insufficient-funds"
    assert [bank.status(id) for id in (sent, late, here)] == ["ACSC"] * 3


# --- questions ------------------------------------------------------------------------------------


def test_a_question_goes_to_where_the_payment_went_and_its_answer_is_kept() -> None:
    bank = Bank(WAITING)
    paid = bank.pay(onward=True)
    bank.sent()
    assert decide(bank, "ask_status", paid).code == "ACSC"
    [left] = [item for item in bank.disk.outbox.values() if item.type == "pacs.028.001.03"]
    assert invalid(left.data, left.type) == ""
    [asked] = bank.told("status_request", "csm")
    assert isinstance(asked, Case)
    assert (asked.original.end_to_end_id, asked.original.message_type) == ("E1", "pacs.008.001.08")
    bank.report(status="ACSC")
    assert bank.status(paid) == "ACSC"
    [told] = bank.told("payment_status")
    assert isinstance(told, Report)
    assert decide(bank, "ask_status", bank.pay(2)).refusal_code == "ended-here"


def test_where_there_is_no_such_message_nothing_happens() -> None:
    bank = Bank(PLAIN.replace("to: csm, as: pacs.008.001.08", "to: fin, as: MT103"))
    paid = bank.pay(onward=True)
    bank.sent()
    assert decide(bank, "ask_status", paid).refusal_code == "cannot-ask"
    assert decide(bank, "recall", paid).code == "ACSC"
    [asked] = bank.told("cancellation_request", "fin")
    assert isinstance(asked, Case)
    assert asked.source == "MT192"


def test_where_there_are_only_payments_nobody_can_be_asked() -> None:
    bank = Bank(PLAIN.replace("to: csm, as: pacs.008.001.08", "to: events, as: json.payment"))
    paid = bank.pay(onward=True)
    before = len(bank.disk.outbox)
    assert decide(bank, "recall", paid).refusal_code == "cannot-ask"
    assert decide(bank, "ask_status", paid).refusal_code == "cannot-ask"
    assert bank.recall().statuses[0].refusal_code == "asked-back", "the route says forward, and a person decides"
    assert (len(bank.disk.outbox), bank.status(paid)) == (before, "PDCR")
    assert sorted(bank.disk.payments) == list(range(1, len(bank.disk.payments) + 1)), "no number is left out"


# --- doors ----------------------------------------------------------------------------------------


def test_the_words_of_the_doors() -> None:
    codec = formats.load("json")
    said = b'{"op": "recall", "payment": 5, "by": "a", "because": "b"%s}'
    [recall] = codec.decode(said % b', "reason": "DUPL", "text": "twice"', "operation").records
    assert (recall.kind, recall.subject, recall.reason, recall.text) == ("recall", "5", "DUPL", "twice")  # type: ignore[union-attr]
    missing, lower = said % b"", said % b', "reason": "dupl"'
    other = said.replace(b"recall", b"release") % b', "reason": "DUPL"'
    for wrong in (missing, lower, other):
        decoded = codec.decode(wrong, "operation")
        assert [refusal.code for refusal in (*decoded.refusals, *decoded.records)] == ["json-field"]  # type: ignore[union-attr]


def test_what_is_begun_is_in_the_story_and_in_a_store_that_proves(tmp_path: Path) -> None:
    bank = Bank(store=lambda disk: open_store(f"sqlite:{tmp_path / 'bank.db'}"))
    paid = bank.pay(onward=True)
    bank.restart()
    done = decide(bank, "recall", paid)
    assert done.text.startswith("asked back from csm, as record ")
    bank.restart()
    bank.give_back(reason="FOCR")
    story = bank.story(paid)
    assert [said["kind"] for said in story["conversation"]] == ["cancellation_request", "return"]  # type: ignore[attr-defined]
    assert [(one["check"], one["outcome"], one["by"]) for one in story["decisions"]] == [("person", "recall", "Ana")]  # type: ignore[attr-defined]
    assert [one["status"] for one in story["statuses"]] == ["PDCR", "RTRN"]  # type: ignore[attr-defined]
    assert bank.runner.run(bank.engine.store.verify()) == []
    bank.close()
