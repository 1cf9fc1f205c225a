"""Whole conversations about a payment, through the real pipeline."""

from __future__ import annotations

from pathlib import Path

from gateway.model import Case, Money, Payment, Report
from gateway.store import open_store
from tests.conversations.bank import PLAIN, Bank

RETURNING = PLAIN.replace("credit: creditor}", "credit: creditor}\n    recall: {do: return}")


def first(outcome: object) -> object:
    return outcome.statuses[0]  # type: ignore[attr-defined]


# --- recalls --------------------------------------------------------------------------------------


def test_a_recall_of_a_settled_payment_waits_for_a_person_who_gives_it_back() -> None:
    bank = Bank()
    paid = bank.pay()
    assert bank.balance("BREEZE") == 10_000
    bank.sent()
    case = first(bank.recall())
    assert (case.code, bank.status(paid)) == ("PDNG", "PDCR")
    assert bank.told("resolution") == []
    bank.restart()
    done = first(bank.operate("release", case.payment_id))
    assert done.code == "ACSC", done
    assert (bank.status(paid), bank.status(case.payment_id), bank.balance("BREEZE")) == ("RTRN", "ACSC", 0)
    back, answer = bank.sent()["correspondent"]
    assert isinstance(back, Payment)
    assert (back.kind, back.amount, back.reasons[0].code) == ("return", Money("EUR", 10_000), "FOCR")
    assert back.original is not None
    assert back.original.message_id == "IN00000001"
    assert isinstance(answer, Case)
    assert (answer.kind, answer.status, answer.original.uetr) == ("resolution", "CNCL", back.original.uetr)


def test_a_person_refuses_a_recall_with_a_reason() -> None:
    bank = Bank()
    paid = bank.pay()
    case = first(bank.recall())
    bank.sent()
    assert first(bank.operate("reject", case.payment_id, "CUST the creditor says no")).code == "ACSC"
    assert (bank.status(paid), bank.status(case.payment_id), bank.balance("BREEZE")) == ("ACSC", "RJCT", 10_000)
    [answer] = bank.told("resolution")
    assert (answer.status, answer.reasons[0].code) == ("RJCR", "CUST")
    assert first(bank.recall()).code == "PDNG", "it may be asked for again"


def test_a_route_gives_back_by_itself_while_the_money_is_there() -> None:
    bank = Bank(RETURNING)
    paid = bank.pay()
    bank.sent()
    assert first(bank.recall()).code == "ACSC"
    assert (bank.status(paid), bank.balance("BREEZE"), bank.balance("NOSTRO")) == ("RTRN", 0, -100_000)
    kinds = [record.kind for record in bank.sent()["correspondent"]]
    assert kinds == ["return", "resolution"]
    again = first(bank.recall())
    assert (again.code, again.reason) == ("RJCT", "ARDT")


def test_money_that_is_spent_is_not_given_back() -> None:
    bank = Bank(
        RETURNING.replace(
            "  - name: here",
            "  - {name: out, when: {kind: credit_transfer, debtor_account: BREEZE}, settle: {debit: debtor, credit: NOSTRO}}\n"
            "  - name: here",
        )
    )
    paid = bank.pay()
    spent = bank.pay(2, debtor_account=bank_account("BREEZE"))
    assert (bank.status(spent), bank.balance("BREEZE")) == ("ACSC", 0)
    bank.sent()
    case = first(bank.recall())
    assert (case.code, case.reason, bank.status(paid)) == ("RJCT", "AM04", "ACSC")
    [answer] = bank.told("resolution")
    assert (answer.status, answer.reasons[0].code) == ("RJCR", "AM04")


def bank_account(id: str) -> object:
    from gateway.model import Account

    return Account(id)


def test_a_held_payment_is_cancelled_at_once() -> None:
    bank = Bank(PLAIN.replace("credit: creditor}", "credit: creditor, cover: required}"))
    held = bank.pay()
    assert bank.status(held) == "PDNG"
    bank.sent()
    assert first(bank.recall()).code == "ACSC"
    assert (bank.status(held), bank.engine.state.held) == ("CANC", {})
    [answer] = bank.told("resolution")
    assert answer.status == "CNCL"
    assert first(bank.operate("release", held)).refusal_code == "not-held"


def test_a_recall_goes_on_to_where_the_payment_went_and_its_refusal_comes_back() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    bank.sent()
    case = first(bank.recall())
    assert (case.code, case.refusal_code, bank.status(paid)) == ("PDNG", "asked-onward", "PDCR")
    [asked] = bank.told("cancellation_request", "csm")
    assert asked.original.uetr
    assert asked.cancellation_id == f"FO{case.payment_id}"
    bank.restart()
    assert first(bank.operate("release", case.payment_id)).refusal_code == "asked-onward"
    assert first(bank.resolve()).code == "ACSC"
    assert (bank.status(paid), bank.status(case.payment_id)) == ("ACSC", "RJCT")
    [answer] = bank.told("resolution")
    assert (answer.status, answer.reasons[0].code, answer.id) == ("RJCR", "LEGL", "CASE1")


def test_a_recall_that_is_granted_ends_with_the_return() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    case = first(bank.recall())
    first(bank.resolve(word="CNCL"))
    assert bank.status(paid) == "PDCR"
    bank.sent()
    bank.wait(30 * 86_400)
    assert first(bank.give_back(reason="FOCR")).code == "ACSC"
    assert (bank.status(paid), bank.status(case.payment_id)) == ("RTRN", "ACSC")
    assert (bank.balance("CSM"), bank.balance("NOSTRO")) == (0, -100_000)
    assert [r.kind for r in bank.sent()["correspondent"]] == ["return", "resolution"]


def test_who_is_not_a_side_of_a_payment_does_not_find_it() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    bank.sent()
    for outcome in (
        bank.recall(endpoint="other"),
        bank.recall(endpoint="csm"),
        bank.give_back(endpoint="other"),
        bank.give_back(endpoint="correspondent"),
        bank.report(endpoint="other"),
        bank.ask(endpoint="csm"),
        bank.recall(9),
    ):
        assert first(outcome).refusal_code == "original-not-found"
        assert first(outcome).reason == "NOOR"
    assert bank.status(paid) == "ACSC"
    [answer] = bank.told("resolution", "other")
    assert (answer.status, answer.reasons[0].code) == ("RJCR", "NOOR")


def test_what_is_said_of_the_original_must_be_so() -> None:
    bank = Bank()
    bank.pay()
    assert first(bank.recall(amount=Money("EUR", 9_999))).refusal_code == "original-not-found"
    assert first(bank.recall(settlement_date="2026-11-22")).refusal_code == "original-not-found"
    assert first(bank.recall(end_to_end_id="E2")).refusal_code == "original-not-found"
    assert first(bank.recall(uetr="")).refusal_code == "original-not-found", "nothing leads to it"
    about = {"message_id": "IN00000001", "message_type": "pacs.008.001.08"}
    assert first(bank.recall(uetr="", transaction_id="T2", **about)).refusal_code == "original-not-found"
    assert first(bank.recall(uetr="", **about)).code == "PDNG"


# --- returns --------------------------------------------------------------------------------------


def test_a_return_moves_the_money_back_and_tells_the_sender() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    assert (bank.balance("CSM"), bank.balance("NOSTRO")) == (10_000, -110_000)
    bank.sent()
    back = first(bank.give_back())
    assert (back.code, bank.status(paid)) == ("ACSC", "RTRN")
    assert (bank.balance("CSM"), bank.balance("NOSTRO")) == (0, -100_000)
    [told] = bank.told("return")
    assert (told.amount, told.reasons[0].code, told.original.end_to_end_id) == (Money("EUR", 10_000), "AC04", "E1")
    assert first(bank.give_back()).refusal_code == "returned-before"
    assert bank.balance("CSM") == 0


def test_a_part_comes_back_less_charges() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    assert first(bank.give_back(cents=9_500)).code == "ACSC"
    assert (bank.balance("CSM"), bank.status(paid)) == (500, "RTRN")
    [told] = bank.told("return")
    assert told.amount == Money("EUR", 9_500)


def test_more_or_other_money_does_not_come_back() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    assert first(bank.give_back(cents=10_001)).refusal_code == "more-than-original"
    assert first(bank.give_back(currency="USD")).refusal_code == "other-currency"
    assert bank.status(paid) == "ACSC"


def test_a_reversal_takes_back_what_ended_here() -> None:
    bank = Bank()
    paid = bank.pay()
    assert first(bank.give_back(kind="reversal", endpoint="correspondent")).code == "ACSC"
    assert (bank.status(paid), bank.balance("BREEZE")) == ("RTRN", 0)
    sent_on = bank.pay(2, onward=True)
    refused = first(bank.give_back(2, kind="reversal", endpoint="correspondent"))
    assert (refused.refusal_code, bank.status(sent_on)) == ("sent-on", "ACSC")


# --- reports --------------------------------------------------------------------------------------


def test_a_rejection_gives_the_money_back_and_tells_the_sender() -> None:
    bank = Bank()
    paid = bank.pay(onward=True)
    bank.sent()
    assert first(bank.report()).code == "ACSC"
    assert (bank.status(paid), bank.balance("CSM")) == ("RJCT", 0)
    [told] = bank.told("payment_status")
    assert isinstance(told, Report)
    assert (told.status, told.reasons[0].code, told.original.uetr) == ("RJCT", "AC04", told.original.uetr)
    assert first(bank.report()).code == "ACTC", "the same again changes nothing"
    assert first(bank.give_back()).refusal_code == "wrong-state"
    assert first(bank.report(status="ACSC")).refusal_code == "contradicts"


def test_a_payment_waits_for_its_confirmation() -> None:
    bank = Bank(PLAIN.replace("credit: CSM}", "credit: CSM, confirm: required}"))
    paid = bank.pay(onward=True)
    assert bank.status(paid) == "ACSP"
    bank.restart()
    bank.sent()
    bank.report(status="ACSP")
    assert bank.status(paid) == "ACSP"
    bank.report(status="ACCC")
    assert bank.status(paid) == "ACSC"
    [told] = bank.told("payment_status")
    assert told.status == "ACSC"


def test_a_whole_message_is_rejected_by_its_id() -> None:
    bank = Bank(PLAIN.replace("as: pacs.008.001.08}", "as: pacs.008.001.08, per_message: 10}"))
    from gateway.formats.iso20022 import FORMAT as ISO
    from gateway.model import Original, Reason
    from gateway.ports import Writing
    from tests.conversations.bank import transfer

    data = ISO.encode([transfer(n, onward=True) for n in range(1, 4)], "pacs.008.001.08", Writing("GROUP", 0)).data
    ids = [status.payment_id for status in bank.put(data, "correspondent").statuses]
    [item] = [item for item in bank.disk.outbox.values() if item.endpoint == "csm"]
    name = ISO.decode(item.data).message_id
    assert bank.balance("CSM") == 30_000
    bank.restart()
    report = Report("RJCT", Original(name, "pacs.008.001.08"), level="group", reasons=(Reason("AM05"),))
    bank.say(report, "pacs.002.001.10", "csm")
    assert [bank.status(id) for id in ids] == ["RJCT"] * 3
    assert bank.balance("CSM") == 0


# --- questions ------------------------------------------------------------------------------------


def test_a_question_is_answered_with_the_present_state() -> None:
    bank = Bank()
    bank.pay(onward=True)
    bank.sent()
    bank.ask()
    bank.give_back()
    bank.ask()
    reports = [r for r in bank.sent()["correspondent"] if isinstance(r, Report)]
    assert [r.status for r in reports] == ["ACSC", "RJCT"]
    assert reports[1].reasons[0].code == "AC04"
    bank.ask(5)
    [unknown] = bank.told("payment_status")
    assert (unknown.status, unknown.reasons[0].code) == ("RJCT", "NOOR")


def test_the_story_of_a_payment_is_its_whole_conversation(tmp_path: Path) -> None:
    bank = Bank(store=lambda disk: open_store(f"sqlite:{tmp_path / 'bank.db'}"))
    paid = bank.pay(onward=True)
    case = first(bank.recall())
    bank.restart()
    bank.resolve(word="CNCL")
    back = first(bank.give_back(reason="FOCR"))
    story = bank.story(paid)
    assert [(said["kind"], said["payment"]) for said in story["conversation"]][::2] == [  # type: ignore[index]
        ("cancellation_request", case.payment_id),
        ("return", back.payment_id),
    ]
    assert [s["status"] for s in story["statuses"]] == ["PDCR", "RTRN"]  # type: ignore[index]
    about = bank.story(back.payment_id)["conversation"]
    assert [(said["kind"], said["payment"], said["status"]) for said in about] == [("credit_transfer", paid, "RTRN")]  # type: ignore[attr-defined]
    bank.close()
