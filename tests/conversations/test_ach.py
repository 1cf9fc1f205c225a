"""ACH in the running engine: entries that go out and come back, entries that come in and go back."""

from __future__ import annotations

import pytest
from msgspec import structs

from gateway.formats.ach import FORMAT as ACH
from gateway.formats.ach import builders
from gateway.formats.ach.batches import Item, RawFile, file_header, grouped, put_together, taken_apart
from gateway.model import Account, Address, Agent, Identification, Mandate, Money, Party, Payment, Report
from gateway.ports import Outcome
from gateway.settlement.instant import moment_ns
from tests import ach_files
from tests.conversations.bank import ROUTES, THEM, Bank, uetr
from tests.support import ROOT

HOUR = 3_600
THEIRS = "121042882"
OURS = "091000019"
BASE = (
    ROUTES.replace("  other:", "  fed: {adapter: folder, format: ach, path: var/fed}\n  other:")
    .replace("{bic: FINODEHHXXX}", '{bic: FINODEHHXXX, routing_number: "091000019"}')
    .replace(
        "ROUTES_HERE",
        "    - {id: FED, currency: USD, floor: none}\n    - {id: CLIENT, currency: USD, floor: none}\n"
        '    - {id: "1000001", currency: USD, floor: none}\nROUTES_HERE',
    )
)
ACH_ROUTES = """
policies:
  careful: {screen: {lists: [LISTS], threshold: 0.90}}
routes:
  - name: out-debits
    when: {type: pain.008.001.08}
    settle: {debit: FED, credit: CLIENT}
    send: {to: fed, as: ACH, hours: fedach, per_message: 1000, receiver: "091000019"}
  - name: out
    when: {endpoint: [correspondent, fin], kind: credit_transfer}
    settle: {debit: CLIENT, credit: FED}
    send: {to: fed, as: ACH, hours: fedach, per_message: 1000, receiver: "091000019"}
  - name: in-credits
    when: {type: ACH, kind: [credit_transfer, prenote]}
    check: careful
    settle: {debit: FED, credit: creditor}
  - name: in-debits
    when: {type: ACH, kind: direct_debit}
    check: careful
    settle: {debit: debtor, credit: FED}
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""


MT101 = """{1:F01HARBUS33AXXX0000000000}{2:I101FINODEHHXXXXN}{4:
:20:WAGES-1
:28D:1/1
:50H:/CLIENT
PRAIRIE TOOLS
1 PIER STREET
DULUTH
:30:261124
:21:EMP-1
:32B:USD125,
:57D://FW121042882
THEIR BANK
PORTLAND
:59:/7700001
ALMA FICTIVE
9 DOCK ROAD
PORTLAND
:71A:SHA
-}"""


def bank_of(routing: str) -> Agent:
    return Agent(clearing_system="USABA", clearing_member=routing)


class AchBank(Bank):
    """A bank that originates and receives entries."""

    def __init__(self, routes: str = ACH_ROUTES) -> None:
        super().__init__(routes.replace("LISTS", str(ROOT / "lists" / "demo")), base=BASE)
        self._filed = 0

    def originate(self, n: int, cents: int = 12_500, **more: object) -> int:
        return self.say(entry(n, cents, **more), "pain.001.001.09").statuses[0].payment_id

    def leave(self) -> list[bytes]:
        """Let the night's deadline pass; the files that left."""
        self.wait(20 * HOUR)
        self.tick()
        return self.files()

    def files(self) -> list[bytes]:
        """Files that left since this was last asked."""
        items = [item for id, item in sorted(self.disk.outbox.items()) if id > self._filed and item.endpoint == "fed"]
        self._filed = max(self.disk.outbox, default=0)
        found = [item.data for item in items if item.data.startswith(b"101")]
        for data in found:
            assert ACH.decode(data).refusals == ()
        return found

    def come_back(self, items: list[Item], modifier: str = "A") -> Outcome:
        header = file_header(OURS, THEIRS, ("OUR BANK", "THEIR BANK"), self.now_ns, modifier)
        return self.put(put_together(RawFile(header, grouped(items))), "fed")

    def told_status(self) -> Report:
        [told] = self.told("payment_status", "correspondent")
        assert isinstance(told, Report)
        return told


def entry(n: int, cents: int = 12_500, **more: object) -> Payment:
    fields: dict[str, object] = {
        "end_to_end_id": f"EMP-{n}",
        "settlement_date": "2026-11-24",
        "debtor": Party("PRAIRIE TOOLS", ids=(Identification("1999999999"),)),
        "debtor_account": Account("CLIENT"),
        "debtor_agent": Agent(clearing_system="USABA", clearing_member=OURS),
        "creditor": Party("ALMA FICTIVE"),
        "creditor_account": Account(f"77{n:05d}", type="CACC"),
        "creditor_agent": Agent(clearing_system="USABA", clearing_member=THEIRS),
        "batch_id": "WAGES",
        **more,
    }
    return Payment("credit_transfer", Money("USD", cents), **fields)  # type: ignore[arg-type]


@pytest.fixture
def bank() -> AchBank:
    return AchBank()


def left(bank: AchBank, count: int = 3) -> tuple[list[int], list[Item]]:
    """Entries that have left: their payments and how they stand in the file."""
    paid = [bank.originate(n) for n in range(1, count + 1)]
    [data] = bank.leave()
    bank.sent()
    return paid, taken_apart(data).items


def test_originated_entries_are_numbered_by_payment(bank: AchBank) -> None:
    paid = [bank.originate(n) for n in (1, 2)]
    other = bank.originate(3, debtor=Party("HARBOR PAPER", ids=(Identification("1888888888"),)))
    assert [bank.status(id) for id in (*paid, other)] == ["ACSP"] * 3
    [data] = bank.leave()
    file = taken_apart(data)
    assert [batch.header[40:50] for batch in file.batches] == ["1999999999", "1888888888"]
    assert [item.entry[79:94] for item in file.items] == [f"{OURS[:8]}{id:07d}" for id in (*paid, other)]
    assert [bank.status(id) for id in paid] == ["ACSC"] * 2


def test_a_return_gives_the_money_back_and_the_sender_hears_the_code(bank: AchBank) -> None:
    paid, items = left(bank)
    assert bank.balance("FED") == 37_500
    outcome = bank.come_back([builders.returned(items[1], "R03", THEIRS, 1)])
    assert outcome.statuses[0].code == "ACSC"
    assert [bank.status(id) for id in paid] == ["ACSC", "RTRN", "ACSC"]
    assert bank.balance("FED") == 25_000
    told = bank.told_status()
    assert (told.status, told.reasons[0].code) == ("RJCT", "AC01")
    assert told.reasons[0].text[0].startswith("/ACH/R03")


def test_a_return_with_a_wrong_trace_number_is_found_by_bank_amount_and_id(bank: AchBank) -> None:
    paid, items = left(bank)
    back = builders.returned(items[2], "R02", THEIRS, 1)
    wrong = Item(back.header, [back.entry, back.lines[-1][:6] + "091000019999999" + back.lines[-1][21:]])
    assert bank.come_back([wrong]).statuses[0].code == "ACSC"
    assert [bank.status(id) for id in paid] == ["ACSC", "ACSC", "RTRN"]


def test_a_trace_number_of_another_amount_is_not_believed(bank: AchBank) -> None:
    paid, items = left(bank)
    back = builders.returned(items[0], "R02", THEIRS, 1)
    dearer = Item(back.header, [back.entry[:29] + "0000099999" + back.entry[39:], *back.lines[1:]])
    outcome = bank.come_back([dearer])
    assert (outcome.statuses[0].code, outcome.statuses[0].refusal_code) == ("PDNG", "original-not-found")
    assert [bank.status(id) for id in paid] == ["ACSC"] * 3
    assert bank.balance("FED") == 37_500


def test_what_has_not_left_cannot_come_back(bank: AchBank) -> None:
    _, items = left(bank, 1)
    waiting = bank.originate(9)
    assert bank.status(waiting) == "ACSP"
    trace = f"{OURS[:8]}{waiting:07d}"
    back = builders.returned(items[0], "R02", THEIRS, 1)
    early = Item(back.header, [back.entry, back.lines[-1][:6] + trace + back.lines[-1][21:]])
    bank.come_back([early])
    assert bank.status(waiting) == "ACSP"


def unmatched(bank: AchBank) -> tuple[int, list[int]]:
    paid, items = left(bank)
    back = builders.returned(items[0], "R02", THEIRS, 1)
    entry = back.entry[:39] + "OTHER".ljust(15) + back.entry[54:]
    other = Item(back.header, [entry, back.lines[-1][:6] + "0910000199999" + "99" + back.lines[-1][21:]])
    [status] = bank.come_back([other]).statuses
    assert (status.code, status.refusal_code) == ("PDNG", "original-not-found")
    return status.payment_id, paid


def test_a_person_says_which_payment_an_unmatched_return_is_about(bank: AchBank) -> None:
    back, paid = unmatched(bank)
    bank.restart()
    assert bank.operate("release", back, "not known").statuses[0].refusal_code == "original-not-found"
    assert bank.operate("release", back, f"{back} is itself").statuses[0].refusal_code == "original-not-found"
    assert bank.operate("release", back, f"{paid[0]} same customer").statuses[0].code == "ACSC"
    assert (bank.status(paid[0]), bank.status(back)) == ("RTRN", "ACSC")
    assert bank.told_status().status == "RJCT"


def test_a_person_dishonors_a_return_that_waits(bank: AchBank) -> None:
    back, paid = unmatched(bank)
    bank.files()
    assert bank.operate("reject", back, "not one of ours").statuses[0].code == "ACSC"
    assert bank.status(back) == "RJCT"
    [data] = bank.files()
    [record] = ACH.decode(data).records
    assert dict(record.extra)["ach:dishonored_code"] == "R61"
    assert dict(record.extra)["ach:return_trace"] == f"{THEIRS[:8]}0000001"
    assert [bank.status(id) for id in paid] == ["ACSC"] * 3


def test_a_return_of_what_was_returned_waits_and_is_dishonored_as_a_duplicate(bank: AchBank) -> None:
    _, items = left(bank)
    bank.come_back([builders.returned(items[1], "R03", THEIRS, 1)])
    bank.files()
    [again] = bank.come_back([builders.returned(items[1], "R03", THEIRS, 2)], "B").statuses
    assert (again.code, again.refusal_code) == ("PDNG", "returned-before")
    assert bank.operate("release", again.payment_id).statuses[0].refusal_code == "wrong-state"
    bank.operate("reject", again.payment_id, "twice")
    [data] = bank.files()
    assert b"R67" in data
    contested = [builders.contested(taken_apart(data).items[0], "R73", THEIRS, 9)]
    [answer] = bank.come_back(contested, "C").statuses
    assert (answer.code, answer.refusal_code) == ("PDNG", "contested-return")
    assert bank.operate("reject", answer.payment_id, "no").statuses[0].refusal_code == "not-rejectable"
    assert bank.operate("release", answer.payment_id, "they are right").statuses[0].code == "ACSC"
    assert bank.balance("FED") == 25_000


def test_a_return_that_comes_too_late_waits(bank: AchBank) -> None:
    paid, items = left(bank)
    bank.wait(9 * 24 * HOUR)
    late, in_time = builders.returned(items[0], "R03", THEIRS, 1), builders.returned(items[1], "R10", THEIRS, 2)
    statuses = bank.come_back([late, in_time]).statuses
    assert [(status.code, status.refusal_code) for status in statuses] == [("PDNG", "after-limit"), ("ACSC", "")]
    bank.files()
    bank.operate("reject", statuses[0].payment_id, "late")
    [data] = bank.files()
    assert b"R68" in data
    assert [bank.status(id) for id in paid] == ["ACSC", "RTRN", "ACSC"]


def test_a_notification_of_change_is_linked_to_its_entry(bank: AchBank) -> None:
    paid, items = left(bank)
    change = builders.change(items[1], "C01", {"account_number": "7799999"}, THEIRS, 1)
    [status] = bank.come_back([change]).statuses
    assert (status.code, status.text) == ("ACTC", f"about payment {paid[1]}")
    said = [row for row in bank.disk.decisions if row.payment == paid[1] and row.check == "conversation"]
    assert [(row.outcome, row.text, row.detail) for row in said] == [("change_notice", "C01", str(status.payment_id))]
    stranger = Item(change.header, [change.entry, change.lines[1][:6] + "091000019999999" + change.lines[1][21:]])
    [status] = bank.come_back([stranger], "B").statuses
    assert (status.code, status.refusal_code) == ("ACTC", "original-not-found")


def test_debits_of_pain_008_leave_and_come_back(bank: AchBank) -> None:
    mandate = Mandate("M1", "2026-01-05", "RCUR")
    more = {"debtor": Party("ALMA"), "debtor_account": Account("77001"), "creditor": Party("PRAIRIE TOOLS")}
    agents = {"debtor_agent": bank_of(THEIRS), "creditor_agent": bank_of(OURS), "creditor_account": Account("CLIENT")}
    record = entry(1, **more, **agents, mandate=mandate)
    outcome = bank.say(structs.replace(record, kind="direct_debit"), "pain.008.001.08")
    paid = outcome.statuses[0].payment_id
    assert bank.status(paid) == "ACSP"
    [data] = bank.leave()
    [item] = taken_apart(data).items
    assert (item.entry[1:3], item.header[50:53]) == ("27", "CCD")
    assert bank.balance("FED") == -12_500
    bank.come_back([builders.returned(item, "R10", THEIRS, 1)])
    assert (bank.status(paid), bank.balance("FED")) == ("RTRN", 0)


OFFSET = '{routing_number: "091000019", account: "9000001", name: SETTLEMENT, type: gl}'


def test_a_balanced_file_has_an_entry_of_its_own() -> None:
    balanced = AchBank(ACH_ROUTES.replace("per_message: 1000", f"per_message: 1000, offset: {OFFSET}"))
    paid = [balanced.originate(n) for n in (1, 2)]
    [data] = balanced.leave()
    file = taken_apart(data)
    assert [batch.header[1:4] + batch.header[53:59] for batch in file.batches] == ["220PAYMEN", "225OFFSET"]
    offset = file.items[-1].entry
    assert (offset[1:3], offset[12:19], offset[29:39]) == ("47", "9000001", "0000025000")
    number = int(offset[87:94])
    assert number > max(paid)
    row = balanced.engine.store.payment(number)
    assert row is not None
    assert (row.kind, row.status) == ("offset", "ACTC")
    balanced.restart()
    assert balanced.originate(3) > number  # its number is taken for ever
    again = balanced.come_back([builders.returned(file.items[-1], "R03", THEIRS, 1)])
    assert again.statuses[0].refusal_code == "original-not-found"


def test_an_institution_hears_of_a_return_with_a_return(bank: AchBank) -> None:
    sent = structs.replace(entry(1), transaction_id="T1", uetr=uetr(1), charge_bearer="SLEV", settlement_method="INDA")
    paid = bank.say(structs.replace(sent, instructing_agent=Agent(bic=THEM)), "pacs.008.001.08").statuses[0].payment_id
    [data] = bank.leave()
    bank.sent()
    bank.come_back([builders.returned(taken_apart(data).items[0], "R04", THEIRS, 1)])
    [told] = bank.told("return")
    assert isinstance(told, Payment)
    assert (told.reasons[0].code, told.reasons[0].text[0]) == ("AC01", "/ACH/R04 INVALID ACCOUNT NUMBER")
    assert bank.status(paid) == "RTRN"


def test_a_class_that_is_never_same_day_leaves_with_the_night() -> None:
    bank = AchBank(ACH_ROUTES.replace("hours: fedach,", "hours: fedach_same_day,"))
    mexico = Agent(clearing_system="USABA", clearing_member=THEIRS, name="BANCO", address=Address(country="MX"))
    address = Address(town="DULUTH", country="US")
    parties = {"debtor": Party("PRAIRIE TOOLS", address), "creditor": Party("ALMA", address)}
    paid = [
        bank.originate(1, settlement_date=""),
        bank.originate(2, settlement_date="", creditor_agent=mexico, **parties),
    ]
    rows = [bank.engine.store.payment(id) for id in paid]
    assert [row.text[:31] for row in rows if row is not None] == [
        "leaves at 2026-11-23T15:30:00Z ",
        "leaves at 2026-11-24T03:00:00Z ",
    ]


def test_an_entry_that_has_left_is_not_asked_back_by_a_message_that_ach_lacks() -> None:
    bank = AchBank(ACH_ROUTES.replace('receiver: "091000019"}', 'receiver: "091000019"}\n    recall: {do: forward}'))
    sent = structs.replace(entry(1), transaction_id="T1", uetr=uetr(1), charge_bearer="SLEV", settlement_method="INDA")
    bank.say(structs.replace(sent, instructing_agent=Agent(bic=THEM)), "pacs.008.001.08")
    [data] = bank.leave()
    about = {"amount": None, "settlement_date": "", "end_to_end_id": "EMP-1"}
    [status] = bank.recall(1, **about).statuses
    assert (status.code, status.refusal_code) in (("RJCT", "cannot-ask"), ("PDNG", "asked-back"))
    bank.come_back([builders.returned(taken_apart(data).items[0], "R06", THEIRS, 1)])
    assert bank.balance("FED") == 0


def test_payments_of_mt101_leave_as_entries(bank: AchBank) -> None:
    fin = MT101.replace("\n", "\r\n").encode()
    [status] = bank.put(fin, "fin").statuses
    assert status.code == "ACSP", status.text
    [data] = bank.leave()
    [item] = taken_apart(data).items
    assert (item.entry[3:12], item.entry[12:29].strip(), item.entry[29:39]) == (THEIRS, "7700001", "0000012500")


# --- entries that come in -------------------------------------------------------------------------


def incoming(name: str, sequence: int = 1) -> Item:
    """A debit of an account of ours."""
    item = ach_files.item("PPD", sequence)
    return Item(item.header, [f"{item.entry[:54]}{name:22}{item.entry[76:]}", *item.lines[1:]])


def held(bank: AchBank, sequence: int = 1) -> int:
    """A debit that is held: its payer is on a list."""
    [status] = bank.come_back([incoming("VARGA MIRKO TEODOR", sequence)], "ABC"[sequence]).statuses
    assert status.code == "PDNG", status
    return status.payment_id


def returned(bank: AchBank) -> Payment:
    [data] = bank.files()
    [record] = ACH.decode(data).records
    assert isinstance(record, Payment)
    return record


def test_a_held_entry_is_returned_when_a_person_says_so(bank: AchBank) -> None:
    id = held(bank)
    bank.restart()
    assert bank.operate("reject", id, "R02 account closed last week").statuses[0].code == "ACSC"
    back = returned(bank)
    assert (back.reasons[0].code, dict(back.extra)["ach:return_code"]) == ("AC04", "R02")
    assert back.transaction_id == f"{OURS[:8]}{id:07d}"
    assert (bank.status(id), bank.balance("1000001")) == ("RJCT", 0)


def test_a_held_entry_that_nobody_decides_is_returned_before_its_deadline(bank: AchBank) -> None:
    id = held(bank)  # came on Monday for Tuesday; Thursday is a holiday, so it must be back when Friday opens
    bank.restart()
    deadline = moment_ns("2026-11-25T21:30:00-05:00")
    assert bank.engine.state.deadlines == {id: deadline}
    bank.now_ns = deadline - 1
    assert bank.tick() == 0
    bank.now_ns = deadline
    assert bank.tick() == 1
    assert bank.status(id) == "RJCT"
    assert dict(returned(bank).extra)["ach:return_code"] == "R16"
    assert (bank.tick(), bank.engine.state.held) == (0, {})


def test_an_entry_that_was_slept_through_waits_for_a_person(bank: AchBank) -> None:
    id = held(bank)
    bank.wait(8 * 24 * HOUR)
    assert bank.tick() == 1
    assert (bank.status(id), bank.files()) == ("PDNG", [])
    refused = bank.operate("reject", id, "R03 no such account").statuses[0]
    assert (refused.code, refused.refusal_code) == ("RJCT", "after-limit")
    assert "2 banking days" in refused.text
    assert bank.tick() == 0


def test_a_posted_debit_is_returned_for_sixty_days(bank: AchBank) -> None:
    [status] = bank.come_back([incoming("ALMA FICTIVE")]).statuses
    assert (status.code, bank.balance("1000001")) == ("ACSC", -12_501)
    bank.wait(30 * 24 * HOUR)
    late = bank.operate("reject", status.payment_id, "R01 no money").statuses[0]
    assert late.refusal_code == "after-limit"
    assert bank.operate("reject", status.payment_id, "not so").statuses[0].refusal_code == "no-return-code"
    assert bank.operate("reject", status.payment_id, "R10 written statement").statuses[0].code == "ACSC"
    assert (bank.status(status.payment_id), bank.balance("1000001")) == ("RTRN", 0)
    assert dict(returned(bank).extra)["ach:return_code"] == "R10"
    assert bank.operate("reject", status.payment_id, "R10 again").statuses[0].refusal_code == "not-held"


def test_returns_by_reason_are_held_to_the_limits_of_their_codes(bank: AchBank) -> None:
    ids = [bank.come_back([incoming("ALMA FICTIVE", n)], "ABC"[n]).statuses[0].payment_id for n in (1, 2)]
    bank.files()
    assert bank.operate("return", ids[0], reason="AC04").statuses[0].code == "ACSC"
    back = returned(bank)
    assert (dict(back.extra)["ach:return_code"], back.transaction_id) == ("R02", f"{OURS[:8]}{ids[0]:07d}")
    bank.wait(8 * 24 * HOUR)
    late = bank.operate("return", ids[1], reason="AC04").statuses[0]
    assert (late.code, late.refusal_code) == ("RJCT", "after-limit")
    assert bank.operate("return", ids[1], reason="MD01").statuses[0].code == "ACSC"
    assert dict(returned(bank).extra)["ach:return_code"] == "R10"


def test_a_return_of_ours_that_is_dishonored_is_found_and_contested(bank: AchBank) -> None:
    id = held(bank)
    bank.operate("reject", id, "R02 closed")
    [data] = bank.files()
    [dishonored] = [builders.dishonored(item, "R68", THEIRS, 5) for item in taken_apart(data).items]
    [status] = bank.come_back([dishonored], "C").statuses
    assert (status.code, status.refusal_code) == ("PDNG", "dishonored-return")
    assert bank.operate("reject", status.payment_id, "in time").statuses[0].refusal_code == "no-return-code"
    assert bank.operate("reject", status.payment_id, "R73 was in time").statuses[0].code == "ACSC"
    back = returned(bank)
    assert dict(back.extra)["ach:contested_code"] == "R73"


def test_returns_of_two_files_share_no_trace_number(bank: AchBank) -> None:
    ids = [held(bank, sequence) for sequence in (1, 2)]
    for id in ids:
        bank.operate("reject", id, "R02 closed")
    files = [taken_apart(data) for data in bank.files()]
    assert [file.items[0].entry[79:94] for file in files] == [f"{OURS[:8]}{id:07d}" for id in ids]
    assert len({file.header[23:34] for file in files}) == 2  # date, time and modifier
