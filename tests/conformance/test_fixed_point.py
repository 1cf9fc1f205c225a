"""There and back and there again gives the same message: 103 and pacs.008, 202 and 205 (COV) and pacs.009."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import formats
from gateway.cli.translation import Ends, translated
from gateway.model import Account, Address, Agent, Charge, Instruction, Money, Party, Payment
from gateway.ports import Writing
from tests.conformance.pairs import CORPUS, NOW_NS

ENDS = Ends(now_ns=NOW_NS)
ISO = {"103": "pacs.008.001.08", "202": "pacs.009.001.08", "205": "pacs.009.001.08"}
_TIME = re.compile(rb"<CreDtTm>[^<]*</CreDtTm>")
FIN_FILES = sorted((CORPUS / "mt").rglob("*.fin")) if CORPUS.exists() else []
_TYPE = re.compile(rb"\{2:[IO](103|202|205)")


def once(data: bytes, type: str) -> bytes:
    """The message in the type; b"" when it is refused."""
    codec = formats.detect(data[:4096])
    assert codec is not None
    done = translated(codec.decode(data), type, ENDS)
    return b"".join(frame.data for frame in done.frames) if not done.refusals else b""


def fixed(data: bytes, there: str, back: str) -> None:
    first = once(data, there)
    if not first:
        return
    second = once(first, back)
    assert second, "what was written must go back"
    assert _TIME.sub(b"", once(second, there)) == _TIME.sub(b"", first)


def type_of(data: bytes) -> tuple[str, str]:
    found = _TYPE.search(data[:200])
    number = found[1].decode() if found else ""
    return number, f"MT{number}COV" if b"{119:COV}" in data[:300] else f"MT{number}"


@pytest.mark.skipif(not FIN_FILES, reason=f"there are no messages at {CORPUS / 'mt'}")
def test_transfers_of_the_corpus() -> None:
    tried = 0
    for path in FIN_FILES:
        data = path.read_bytes()
        number, own = type_of(data)
        if not number or data.count(b"{1:") > 1 or b"/RETN/" in data or b"/REJT/" in data:
            continue
        fixed(data, ISO[number], own)
        iso = once(data, ISO[number])
        if iso:
            tried += 1
            fixed(iso, own, ISO[number])
    assert tried > 30


X = st.text("ABCDEFGHIJ KLM abc,.-+?()'", min_size=1, max_size=60).map(lambda text: " ".join(text.split()) or "A")
REFERENCES = st.from_regex(r"[A-Z0-9]{1,16}", fullmatch=True)
ADDRESSES = st.builds(
    Address,
    street=X,
    town=st.sampled_from(["PORTLAND", "HAMBURG", "St. Ives"]),
    country=st.sampled_from(["US", "DE", "GB"]),
    postcode=st.sampled_from(["", "20095"]),
)
PARTIES = st.builds(Party, name=X, address=st.none() | ADDRESSES)
AGENTS = st.sampled_from([Agent("SEAMGB2LXXX"), Agent("FINODEHHXXX"), Agent("HARBUS33"), Agent(name="BANK OF ALMA")])
ACCOUNTS = st.sampled_from([Account("12345"), Account("DE89370400440532013000", "IBAN")])
COMMON = {
    "amount": st.builds(Money, st.sampled_from(["USD", "JPY", "EUR"]), st.integers(1, 10**9)),
    "settlement_date": st.sampled_from(["2026-11-23", "1999-12-31"]),
    "instruction_id": REFERENCES,
    "end_to_end_id": REFERENCES | X.map(lambda text: text[:35]),
    "uetr": st.just("0b8d52a1-6a35-4b6e-8f60-3d1f2b5c7a01"),
    "instructing_agent": st.just(Agent("SEAMGB2LXXX")),
    "instructed_agent": st.just(Agent("FINODEHHXXX")),
    "settlement_method": st.sampled_from(["INDA", "INGA", "COVE", "CLRG"]),
    "creditor_agent": AGENTS,
    "service_level": st.sampled_from([(), ("SDVA",), ("G001",), ("URGP",)]),
    "settlement_times": st.sampled_from([(), (("CLSTIME", "09:15:00+01:00"),)]),
    "instructions_for_next_agent": st.sampled_from([(), (Instruction("", "HELLO"),), (Instruction("", "/PHON/ring"),)]),
}
TRANSFERS = st.builds(
    Payment,
    kind=st.just("credit_transfer"),
    debtor=PARTIES,
    debtor_account=st.none() | ACCOUNTS,
    debtor_agent=AGENTS,
    creditor=PARTIES,
    creditor_account=st.none() | ACCOUNTS,
    ultimate_debtor=st.none() | PARTIES,
    charge_bearer=st.sampled_from(["DEBT", "SHAR", "CRED", "SLEV"]),
    charges=st.just(()) | st.just((Charge(Money("USD", 5), Agent("HARBUS33")),)),
    category_purpose=st.sampled_from(["", "INTC", "SALA"]),
    purpose=st.sampled_from(["", "GDDS"]),
    remittance=st.lists(X, max_size=3).map(tuple),
    instructions_for_creditor_agent=st.sampled_from([(), (Instruction("PHOB", "ring"),), (Instruction("", "SAY SO"),)]),
    **COMMON,
)
BANK_TRANSFERS = st.builds(
    Payment,
    kind=st.just("fi_transfer"),
    debtor_institution=AGENTS,
    creditor_institution=AGENTS,
    creditor_account=st.none() | ACCOUNTS,
    **COMMON,
)


def made(payment: Payment, type: str) -> bytes:
    """An ISO 20022 message of the payment."""
    codec = formats.load("iso20022")
    fit = codec.fit(payment, type)
    return b"" if fit.refusal else codec.encode([payment], type, Writing("MADE", NOW_NS)).data


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(TRANSFERS)
def test_customer_transfers(payment: Payment) -> None:
    fixed(made(payment, "pacs.008.001.08"), "MT103", "pacs.008.001.08")


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(BANK_TRANSFERS, st.sampled_from(["MT202", "MT205"]))
def test_transfers_between_banks(payment: Payment, type: str) -> None:
    fixed(made(payment, "pacs.009.001.08"), type, "pacs.009.001.08")


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(BANK_TRANSFERS, TRANSFERS)
def test_covers(payment: Payment, underlying: Payment) -> None:
    cover = Payment(
        **{**{name: getattr(payment, name) for name in payment.__struct_fields__}, "underlying": underlying}
    )
    fixed(made(cover, "pacs.009.001.08"), "MT202COV", "pacs.009.001.08")
