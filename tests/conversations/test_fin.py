"""The same conversations in FIN: MT 192, MT 196, and payments that come back with /RETN/."""

from __future__ import annotations

import re

from gateway import formats
from gateway.model import Case, Payment
from tests import samples
from tests.conversations.bank import PLAIN, Bank, uetr

PAID = samples.mt103(1, "BREEZE").replace(b"USD", b"EUR")
UETR = samples.uetr(ord("M"), 1)
RECALL = (
    f"{{1:F01HARBUS33AXXX0000000009}}{{2:I192FINODEHHXXXXN}}{{3:{{121:{UETR}}}}}{{4:\r\n:20:CXL1\r\n:21:M000000001\r\n"
    ":11S:103\r\n261123\r\n:79:/DUPL/sent twice\r\n-}\r\n"
).encode()


def sent(bank: Bank, type: str) -> list[object]:
    items = [item for item in bank.disk.outbox.values() if item.type == type]
    return [record for item in items for record in formats.load("mt").decode(item.data).records]


def test_a_recall_is_answered_and_the_payment_comes_back() -> None:
    bank = Bank()
    paid = bank.put(PAID, "fin").statuses[0].payment_id
    case = bank.put(RECALL, "fin").statuses[0]
    assert (case.code, bank.status(paid)) == ("PDNG", "PDCR")
    assert bank.operate("release", case.payment_id).statuses[0].code == "ACSC"
    [answer], [back] = sent(bank, "MT196"), sent(bank, "MT103")
    assert isinstance(answer, Case)
    assert (answer.status, answer.original.uetr) == ("CNCL", UETR)
    assert isinstance(back, Payment)
    assert (back.kind, back.amount.minor, back.reasons[0].code) == ("return", 100, "FOCR")
    assert back.original is not None
    assert (back.original.message_id, back.original.uetr) == ("M000000001", UETR)


def test_without_a_uetr_sender_and_reference_name_it() -> None:
    bank = Bank()
    bare = re.compile(rb"\{3:\{121:[^}]*\}\}")
    bank.put(bare.sub(b"", PAID), "fin")
    unknown = bank.put(
        RECALL.replace(UETR.encode(), samples.uetr(1, 1).encode())
        .replace(b"M000000001", b"M9")
        .replace(b"CXL1", b"CXL0"),
        "fin",
    ).statuses[0]
    assert unknown.refusal_code == "original-not-found"
    [answer] = sent(bank, "MT196")
    assert isinstance(answer, Case)
    assert (answer.status, answer.reasons[0].code) == ("RJCR", "NOOR")
    other = RECALL.replace(b"HARBUS33AXXX", b"OTHRUS33AXXX")
    assert bank.put(bare.sub(b"", other), "fin").statuses[0].refusal_code == "original-not-found"
    assert bank.put(bare.sub(b"", RECALL), "fin").statuses[0].code == "PDNG"


def test_a_payment_that_was_sent_on_comes_back() -> None:
    bank = Bank(PLAIN.replace("to: csm, as: pacs.008.001.08", "to: fin, as: MT103"))
    paid = bank.pay(onward=True)
    [item] = [item for item in bank.disk.outbox.values() if item.type == "MT103"]
    text = item.data.decode().replace("\r\n-}", "\r\n:72:/RETN/99\r\n/AC04/account closed\r\n/MREF/I1\r\n-}")
    assert bank.put(text.encode(), "fin").statuses[0].code == "ACSC"
    assert (bank.status(paid), bank.balance("CSM")) == ("RTRN", 0)
    [told] = bank.told("return")
    assert told.reasons[0].code == "AC04"


def test_a_recall_goes_on_in_the_other_language() -> None:
    bank = Bank(PLAIN.replace("to: csm, as: pacs.008.001.08", "to: fin, as: MT103"))
    paid = bank.pay(onward=True)
    assert bank.recall().statuses[0].refusal_code == "asked-onward"
    [asked] = sent(bank, "MT192")
    assert isinstance(asked, Case)
    assert (asked.original.uetr, asked.reasons[0].code) == (uetr(1), "DUPL")
    assert bank.status(paid) == "PDCR"
