"""Charges record by record (n90, n91) and cheques (110, 111, 112), to ISO 20022 and back."""

from __future__ import annotations

import pytest

from gateway import formats
from gateway.cli.translation import Ends, translated
from gateway.model import Refusal

NOW_NS = 1_764_325_800_000_000_000
HEAD = "{{1:F01HARBUS33AXXX0000000000}}{{2:I{0}FINODEHHXXXXN}}{{4:\r\n"
CHEQUE = (
    ":20:CHQ-ADVICE\r\n:21:102145\r\n:30:261120\r\n:32B:EUR25,50\r\n:50F:/12345\r\n1/ALMA\r\n2/PIER STREET\r\n3/DE/Hamburg\r\n"
    ":59F:1/BRUNO\r\n2/MAIN STREET\r\n3/GB/London\r\n"
)
STOPPED = ":20:STOP-1\r\n:21:102145\r\n:30:261120\r\n:32B:EUR25,50\r\n:59F:1/BRUNO\r\n3/GB/London\r\n"
MESSAGES = {
    "110": (CHEQUE, "camt.107.001.01", "<ChqNb>102145</ChqNb>"),
    "111": (STOPPED + ":75:/RequestedByCustomer/\r\n", "camt.108.001.01", "<Rsn><Cd>CUST</Cd></Rsn>"),
    "112": (STOPPED + ":76:/Rejected/CLEA\r\n", "camt.109.001.01", "<Sts><Cd>RJCR</Cd></Sts>"),
    "190": (
        ":20:CHARGE-1\r\n:21:REF-1\r\n:25:NOSTRO\r\n:32D:261120EUR10,\r\n:71B:/NSTP/EUR10,/D\r\n:72:/CHRQ/HARBUS33XXX\r\n",
        "camt.105.001.02",
        "<Tp><Cd>NSTP</Cd></Tp>",
    ),
    "191": (
        ":20:CHARGE-1\r\n:21:REF-1\r\n:32B:EUR40,\r\n:52A:SEAMGB2L\r\n:71B:/OURC/EUR15,/D\r\n/OURC/EUR25,/D\r\n"
        ":72:/CHRQ/HARBUS33XXX\r\n",
        "camt.106.001.02",
        '<TtlChrgsAmt Ccy="EUR">40.00</TtlChrgsAmt>',
    ),
}


def once(data: bytes, type: str) -> bytes:
    codec = formats.detect(data)
    assert codec is not None
    done = translated(codec.decode(data), type, Ends(now_ns=NOW_NS))
    assert done.refusals == ()
    (frame,) = done.frames
    return frame.data


@pytest.mark.parametrize("type", MESSAGES)
def test_there_and_back(type: str) -> None:
    body, iso, element = MESSAGES[type]
    first = once(f"{HEAD.format(type)}{body}-}}".encode(), iso)
    assert element in first.decode()
    back = once(first, f"MT{type}")
    for line in body.split("\r\n"):
        assert line.removesuffix("0") in back.decode(), line
    assert once(back, iso) == first or type in ("190", "191")
    assert once(once(back, iso), f"MT{type}") == back


@pytest.mark.parametrize(
    ("field", "code"),
    [(":21:102145\r\n", "T13"), (":20:CHQ-ADVICE\r\n", "T13"), (":30:261120", "T50"), (":32B:EUR25,50", "T52")],
)
def test_a_cheque_that_is_wrong_is_refused(field: str, code: str) -> None:
    wrong = {"T13": "", "T50": ":30:261340", "T52": ":32B:QQQ25,50"}[code]
    data = f"{HEAD.format('110')}{CHEQUE.replace(field, wrong)}-}}".encode()
    (found,) = formats.load("mt").decode(data).records
    assert isinstance(found, Refusal)
    assert found.code == code


def test_a_code_that_is_called_otherwise_is_named() -> None:
    body, iso, _ = MESSAGES["190"]
    data = once(f"{HEAD.format('190')}{body}-}}".encode(), iso).replace(b"<Cd>NSTP</Cd>", b"<Cd>DEBT</Cd>")
    done = translated(formats.load("iso20022").decode(data), "MT190", Ends(now_ns=NOW_NS))
    assert b":71B:/OURC/EUR10,/D" in done.frames[0].data
    assert any("OURC" in loss.why for _, loss in done.losses)


def test_what_is_no_cheque_is_not_written_as_one() -> None:
    body, iso, _ = MESSAGES["110"]
    data = once(f"{HEAD.format('110')}{body}-}}".encode(), iso).replace(b'Ccy="EUR"', b'Ccy="QQQ"')
    done = translated(formats.load("iso20022").decode(data), "MT110", Ends(now_ns=NOW_NS))
    assert [refusal.code for refusal in done.refusals] == ["missing-amount"]
