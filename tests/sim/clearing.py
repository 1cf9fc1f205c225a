"""A correspondent, a clearing system and an operator in one simulated run: everything that is said about payments.

The correspondent pays, sends covers before or after what they cover or never, asks payments back, one by one or a whole
message. The clearing system confirms, rejects, returns, or says nothing; it answers recalls, and at times contradicts
itself. The operator decides about what is held and begins recalls, returns and questions. Files come more than once.
At the end no hold is open, every account holds what the states of the payments say, no payment was given back twice,
and every recall was answered once.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING

from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022.layout import stamp
from gateway.model import Account, Agent, Case, Money, Original, Payment, Reason, Record, Report
from gateway.ports import Decoded, Inbound, Writing
from tests.conversations.bank import CSM, THEM, US, transfer, uetr
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from tests.sim.world import World

MESSAGES = 24  # of the correspondent
GROUP = 3  # payments of a message that is asked back as a whole
CENTS = 1_000
DAY = "2026-01-01"
PEERS = ("corr", "csm")
EUR = ("NOSTRO-EUR", "CSM-EUR", "COVERS-EUR", "ASKED-EUR", "GIVEN-EUR")
MOVED = ("ACSC", "ACSP", "PDCR")
ENDPOINTS = """
endpoints:
  corr: {adapter: folder, format: iso20022, path: var/corr}
  csm: {adapter: folder, format: iso20022, path: var/csm}
"""
ACCOUNTS = """
    - {id: NOSTRO-EUR, currency: EUR, floor: none}
    - {id: CSM-EUR, currency: EUR, floor: none}
    - {id: COVERS-EUR, currency: EUR, floor: none}
    - {id: ASKED-EUR, currency: EUR}
    - {id: GIVEN-EUR, currency: EUR}
"""
ROUTES = """
  - {name: cover, when: {kind: fi_transfer}, settle: {debit: NOSTRO-EUR, credit: COVERS-EUR}}
  - name: confirmed
    when: {creditor_agent: CLEADEFF, creditor_account: GIVEN-EUR}
    settle: {debit: NOSTRO-EUR, credit: CSM-EUR, confirm: required, within_s: 5}
    send: {to: csm, as: pacs.008.001.08}
  - name: onward
    when: {creditor_agent: CLEADEFF}
    settle: {debit: NOSTRO-EUR, credit: CSM-EUR}
    send: {to: csm, as: pacs.008.001.08, per_message: 2}
    recall: {do: forward}
  - name: covered
    when: {purpose: GDDS}
    settle: {debit: COVERS-EUR, credit: creditor, cover: required}
  - name: given
    when: {creditor_account: GIVEN-EUR}
    settle: {debit: NOSTRO-EUR, credit: creditor}
    recall: {do: return}
  - {name: asked, when: {creditor_account: ASKED-EUR}, settle: {debit: NOSTRO-EUR, credit: creditor}}
"""


class Clearing:
    """What the three of them do in one run."""

    def __init__(self, world: World, random: Random) -> None:
        self.world, self.random = world, random
        self.inbox: dict[tuple[str, str], bytes] = {}  # dropped and not let go
        self.taken: dict[str, dict[str, bytes]] = {peer: {} for peer in PEERS}  # what each was sent, by name
        self.recalls: set[str] = set()  # case ids
        self.number = 0
        self.sent_all = False
        self.planned = 0  # what is said later
        self.over = False
        self.read = 0  # of what the clearing system was sent

    def jobs(self) -> list[object]:
        return [self._correspondent(), self._clearing_system(), self._operator()]

    # -- files

    async def carry(self, engine: object) -> None:
        """The folder doors of both: a file stays until its commit."""
        while True:
            for (peer, name), data in list(self.inbox.items()):
                told = await self.world._offered(Inbound(peer, self.world._clock_ns(), data, name))
                if told is not None:
                    self.inbox.pop((peer, name), None)
            await asyncio.sleep(0.05)

    def _drop(self, peer: str, records: list[Record], type: str, name: str = "") -> None:
        self.number += 1
        writing = Writing(name or f"M{self.number}", self.world._clock_ns(), THEM if peer == "corr" else CSM, US)
        self._file(peer, ISO.encode(records, type, writing).data)  # type: ignore[arg-type]

    def _file(self, peer: str, data: bytes) -> None:
        self.number += 1
        self.inbox[peer, f"file{self.number}.xml"] = data
        if self.random.random() < 0.2:
            self.inbox[peer, f"again{self.number}.xml"] = data

    # -- the correspondent

    async def _correspondent(self) -> None:
        for n in range(1, MESSAGES * 10, 10):
            await asyncio.sleep(self.random.random())
            pay = self.random.choice((self._one, self._one, self._covered, self._several))
            pay(n)
        while self.inbox:
            await asyncio.sleep(0.1)
        self.sent_all = True

    def _one(self, n: int) -> None:
        account = self.random.choice(("ASKED-EUR", "GIVEN-EUR"))
        self._drop("corr", [paid(n, account, onward=self.random.random() < 0.6)], "pacs.008.001.08")
        self._recall_later(n)

    def _covered(self, n: int) -> None:
        payment = paid(n, "ASKED-EUR", purpose="GDDS")
        cover = Payment(
            "fi_transfer",
            payment.amount,
            instruction_id=f"COV{n}",
            end_to_end_id=f"I{n}",
            transaction_id=f"COV{n}",
            uetr=payment.uetr,
            settlement_date=DAY,
            settlement_method="INDA",
            instructing_agent=Agent(bic=CSM),
            instructed_agent=Agent(bic=US),
            debtor_institution=Agent(bic=THEM),
            creditor_institution=Agent(bic=US),
            underlying=payment,
        )
        halves = [("corr", payment, "pacs.008.001.08"), ("csm", cover, "pacs.009.001.08")]
        self.random.shuffle(halves)
        for peer, record, type in halves[: 1 if self.random.random() < 0.2 else 2]:
            self._drop(peer, [record], type)
        self._recall_later(n)

    def _several(self, n: int) -> None:
        """One message of several payments, which is asked back as a whole at times."""
        onward = self.random.random() < 0.5
        payments: list[Record] = [paid(n + i, "ASKED-EUR" if onward else "GIVEN-EUR", onward) for i in range(GROUP)]
        self._drop("corr", payments, "pacs.008.001.08", f"GROUP{n}")
        if not onward and self.random.random() < 0.6:
            self._later(lambda: self._recall_all(n))

    def _recall_later(self, n: int) -> None:
        if self.random.random() < 0.5:
            self._later(lambda: self._recall(n))

    def _later(self, act: Callable[[], None], after_s: float = 0.0) -> None:
        def do() -> None:
            self.planned -= 1
            act()

        self.planned += 1
        asyncio.get_running_loop().call_later(after_s + self.random.random() * 3, do)

    def _recall(self, n: int) -> None:
        self.recalls.add(f"CASE{n}")
        case = Case(
            "cancellation_request",
            original(n),
            id=f"CASE{n}",
            cancellation_id=f"CXL{n}",
            creator=Agent(bic=THEM),
            assigner=Agent(bic=THEM),
            assignee=Agent(bic=US),
            assignment_id=f"ASG{n}",
            created=stamp(self.world._clock_ns()),
            reasons=(Reason("DUPL"),),
        )
        self._drop("corr", [case], "camt.056.001.08")

    def _recall_all(self, n: int) -> None:
        self.recalls.add(f"CASE{n}")
        sides = "".join(
            f"<{side}><Agt><FinInstnId><BICFI>{bic}</BICFI></FinInstnId></Agt></{side}>"
            for side, bic in (("Assgnr", THEM), ("Assgne", US))
        )
        creator = f"<Cretr><Agt><FinInstnId><BICFI>{THEM}</BICFI></FinInstnId></Agt></Cretr>"
        self._file(
            "corr",
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"><FIToFIPmtCxlReq>'
            f"<Assgnmt><Id>ASG{n}</Id>{sides}<CreDtTm>{DAY}T10:00:00Z</CreDtTm></Assgnmt>"
            f"<Case><Id>CASE{n}</Id>{creator}</Case><Undrlyg><OrgnlGrpInfAndCxl><OrgnlMsgId>GROUP{n}</OrgnlMsgId>"
            f"<OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId><GrpCxl>true</GrpCxl></OrgnlGrpInfAndCxl></Undrlyg>"
            "</FIToFIPmtCxlReq></Document>".encode(),
        )

    # -- the clearing system

    async def _clearing_system(self) -> None:
        while not self.over:
            await asyncio.sleep(self.random.random() * 0.3)
            messages = list(self.taken["csm"].values())
            for data in messages[self.read :]:
                self._react(ISO.decode(data))
                await asyncio.sleep(self.random.random() * 0.2)
                self.read += 1

    def _react(self, message: Decoded) -> None:
        for record in message.records:
            if isinstance(record, Payment) and record.kind == "credit_transfer":
                said = self.random.choice(("", "ACSC", "ACSC", "RJCT", "return", "late", "both"))
                self._say(said, record, message)
            elif isinstance(record, Case) and record.kind == "cancellation_request":
                self._resolve(record)
            elif isinstance(record, Case) and record.kind == "status_request":
                self._report("ACSP", record.original.end_to_end_id, record.original.uetr)

    def _say(self, said: str, record: Payment, message: Decoded) -> None:
        if said == "late":
            self._later(lambda: self._report("ACSC", record.end_to_end_id, record.uetr), 5)
        elif said == "both":  # contradicts itself
            self._return(record.end_to_end_id, record.uetr, "AC04")
            self._report("RJCT", record.end_to_end_id, record.uetr)
        elif said == "return":
            self._return(record.end_to_end_id, record.uetr, "AC04")
        elif said == "RJCT" and self.random.random() < 0.3:
            group = Original(message.message_id, "pacs.008.001.08")
            self._drop("csm", [Report("RJCT", group, level="group", reasons=(Reason("AM05"),))], "pacs.002.001.10")
        elif said:
            self._report(said, record.end_to_end_id, record.uetr)

    def _report(self, status: str, end_to_end_id: str, uetr: str) -> None:
        reasons = (Reason("AC04"),) if status == "RJCT" else ()
        about = Original(end_to_end_id=end_to_end_id, uetr=uetr)
        self._drop("csm", [Report(status, about, id=f"S{self.number}", reasons=reasons)], "pacs.002.001.10")

    def _return(self, end_to_end_id: str, uetr: str, reason: str) -> None:
        back = Payment(
            "return",
            Money("EUR", CENTS),
            transaction_id=f"BACK{self.number}",
            settlement_date=DAY,
            settlement_method="CLRG",
            instructing_agent=Agent(bic=CSM),
            original=Original(end_to_end_id=end_to_end_id, uetr=uetr),
            reasons=(Reason(reason),),
        )
        self._drop("csm", [back], "pacs.004.001.09")

    def _resolve(self, case: Case) -> None:
        word = self.random.choice(("RJCR", "CNCL", ""))  # or the return alone
        if word:
            answer = Case(
                "resolution",
                case.original,
                id=case.id,
                cancellation_id=f"STS{self.number}",
                creator=case.creator,
                assigner=Agent(bic=CSM),
                assignee=Agent(bic=US),
                assignment_id=f"ANS{self.number}",
                created=stamp(self.world._clock_ns()),
                status=word,
                transaction_status={"CNCL": "ACCR"}.get(word, word),
                reasons=(Reason("LEGL"),) if word == "RJCR" else (),
            )
            self._drop("csm", [answer], "camt.029.001.09")
        if word != "RJCR":
            self._return(case.original.end_to_end_id, case.original.uetr, "FOCR")

    # -- the operator

    async def _operator(self) -> None:
        """Decides about holds, all of them once nothing else comes; asks about payments of its own at times."""
        while not self.over:
            await asyncio.sleep(self.random.random() * 0.4)
            engine = self.world.engine
            if engine is None:
                continue
            self.over = self._over()
            engine.tick()
            held = sorted(engine.state.held)
            if held and self.random.random() < (0.8 if self.sent_all else 0.2):
                await self._decide(self.random.choice(("release", "reject")), self.random.choice(held))
            elif not self.sent_all and self.random.random() < 0.3:
                payments = [id for id, row in self.world.disk.payments.items() if row.currency == "EUR"]
                if payments:
                    op = self.random.choice(("recall", "return", "ask_status"))
                    await self._decide(op, self.random.choice(payments))

    async def _decide(self, op: str, payment: int) -> None:
        body = {"op": op, "payment": payment, "by": "Ana", "because": "looked at"}
        if op in ("recall", "return"):
            body["reason"] = "DUPL"
        await self.world._offered(
            Inbound("control", self.world._clock_ns(), json.dumps(body).encode(), type="operation")
        )

    def _over(self) -> bool:
        """Nothing is under way, and nothing is open."""
        world = self.world
        if not self.sent_all or self.inbox or self.planned or world.engine is None or world.engine.queued():
            return False
        sent = {(item.endpoint, item.name) for item in world.disk.outbox.values() if item.endpoint in PEERS}
        taken = {(peer, name) for peer in PEERS for name in self.taken[peer]}
        arrived = sent == taken and self.read == len(self.taken["csm"])
        waits = any(world.disk.current(id) in ("PDNG", "ACSP") for id, row in self._payments())
        return arrived and not waits and not world.engine.state.held

    # -- the end

    def _payments(self) -> Iterator[tuple[int, object]]:
        rows = self.world.disk.payments.items()
        return (
            (id, row) for id, row in rows if row.kind in ("credit_transfer", "fi_transfer") and row.currency == "EUR"
        )

    def check(self) -> None:
        self._accounts_hold_what_the_states_say()
        self._nothing_was_given_back_twice()
        self._every_recall_was_answered_once()

    def _accounts_hold_what_the_states_say(self) -> None:
        disk = self.world.disk
        expected = Counter[str]()
        for id, row in disk.payments.items():
            if row.kind in ("credit_transfer", "fi_transfer") and row.debit in EUR and disk.current(id) in MOVED:
                expected[row.credit] += row.minor
                expected[row.debit] -= row.minor
        balances = {row.account: row.balance_minor for row in MemoryStore(disk)._balances() if row.account in EUR}
        assert balances == {account: expected[account] for account in EUR}
        assert sum(balances.values()) == 0

    def _nothing_was_given_back_twice(self) -> None:
        disk = self.world.disk
        made = [transfer for transfer in disk.transfers.values() if transfer.debit in EUR]
        moves = {transfer.payment: transfer for transfer in made}
        many = Counter(transfer.payment for transfer in made)
        twice = [id for id, count in many.items() if count > 1 and disk.payments[id].kind != "tick"]
        assert not twice, "nothing moves money twice under one number, but a tick, for each that has run out of time"
        net = Counter[int]()
        for decision in disk.decisions:
            said = moves.get(int(decision.detail)) if decision.check == "conversation" else None
            if decision.outcome == "about" or said is None:
                continue
            own = moves[decision.payment]
            net[decision.payment] += 1 if (said.debit, said.credit) == (own.credit, own.debit) else -1
        assert set(net.values()) <= {0, 1}
        returned = Counter(
            record.original.uetr
            for message in self._told("pacs.004.001.09")
            for record in message.records
            if isinstance(record, Payment) and record.original is not None
        )
        names = {uetr(int(row.reference[1:])) for id, row in disk.payments.items() if self._is_returned(id)}
        assert set(returned) == names
        assert max(returned.values(), default=1) == 1

    def _is_returned(self, id: int) -> bool:
        disk = self.world.disk
        row = disk.payments[id]
        own = row.kind == "credit_transfer" and disk.messages[row.message].endpoint == "corr"
        return own and disk.current(id) == "RTRN"

    def _every_recall_was_answered_once(self) -> None:
        answers = Counter[str]()
        for message in self._told("camt.029.001.09"):
            answers.update({record.id for record in message.records if isinstance(record, Case)})
        assert dict(answers) == dict.fromkeys(self.recalls, 1)

    def _told(self, type: str) -> list[Decoded]:
        """What the correspondent was told; the same message, told again, counts once."""
        found = [ISO.decode(data) for data in self.taken["corr"].values()]
        return list({message.message_id: message for message in found if message.type == type}.values())


def paid(n: int, account: str, onward: bool = False, **more: object) -> Payment:
    return transfer(n, CENTS, onward, settlement_date=DAY, creditor_account=Account(account), **more)


def original(n: int) -> Original:
    return Original(end_to_end_id=f"E{n}", transaction_id=f"T{n}", uetr=uetr(n), amount=Money("EUR", CENTS))
