"""Lists, cases, notices, returns and rejections: written, read again, and carried over to ISO 20022 and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from lxml import etree

from gateway import formats
from gateway.formats.mt import FORMAT, text
from gateway.model import Case, Loss, Money, Payment, Refusal, Report
from gateway.ports import Writing
from tests.support import shared_corpus

UETR = "174c245f-2682-4291-ad67-2a41e530cd27"
HEADERS = "{{1:F01HARBUS33AXXX0000000000}}{{2:I{}FINODEHHXXXXN}}{}{{4:\r\n{}\r\n-}}"
WRITING = Writing("FOTEST0000000001", 1_795_859_200_000_000_000)
LIST = """
:20:LIST-1
:28D:1/1
:50H:/HARBOR
HARBOR LIGHT
:30:261124
:21:ONE
:23E:URGP
:32B:EUR10,00
:57A:SEAMGB2LXXX
:59:/BREEZE
BREEZE BAKERY
:70:INVOICE 1
:71A:SHA
:21:TWO
:23E:PHON/CALL FIRST
:32B:EUR20,00
:59:/CASTOR
CASTOR INC
:71A:OUR
"""
COLLECTION = """
:20:COLLECT-1
:23E:AUTH
:30:261124
:50K:/BREEZE
BREEZE BAKERY
:52A:FINODEHHXXX
:21:ONE
:21C:MANDATE-1
:32B:EUR10,00
:57A:SEAMGB2LXXX
:59:/HARBOR
HARBOR LIGHT
:71A:SHA
:32B:EUR10,
"""
SEVERAL = """
:20:MULTI-1
:23:CRED
:50K:/BREEZE
BREEZE BAKERY
:71A:SHA
:21:ONE
:32B:EUR10,00
:57A:SEAMGB2LXXX
:59:/HARBOR
HARBOR LIGHT
:70:RENT
:21:TWO
:32B:EUR5,
:59:/CASTOR
CASTOR INC
:32A:261124EUR15,
:53C:/NOSTRO
"""
OWN = (
    ":19:30,\n:30:261124\n:53B:/NOSTRO\n:20:ONE\n:32B:EUR10,\n:57A:SEAMGB2LXXX\n:20:TWO\n:32B:EUR20,\n:57A:BREEDEFFXXX"
)
BANKS = (
    ":19:30,\n:30:261124\n:20:ONE\n:21:REL-ONE\n:32B:EUR10,\n:58A:SEAMGB2LXXX\n:20:TWO\n:21:REL-TWO\n:32B:EUR20,"
    "\n:56A:SEAMGB2LXXX\n:57A:BREEDEFFXXX\n:58A:HARBUS33XXX\n:72:/INS/CASTUS33XXX"
)
CLAIMS = (
    ":20:GROUP-1\n:19:30,\n:30:261124\n:57A:SEAMGB2LXXX\n:20:ONE\n:21:REL-ONE\n:32B:EUR10,\n:53A:SEAMGB2LXXX"
    "\n:20:TWO\n:21:REL-TWO\n:32B:EUR20,\n:53A:HARBUS33XXX"
)
RECALL = (
    ":20:RECALL-1\n:21:REF-1\n:11S:103\n261120\n:79:/DUPL/PAID TWICE\nREALLY SO\n:32A:261120EUR10,\n:50K:/BREEZE"
    "\nBREEZE BAKERY\n:70:/ROC/E2E-1"
)
EXPECTED = (
    ":20:NOTICE-1\n:25:NOSTRO\n:30:261124\n:21:REF-1\n:32B:EUR10,\n:52A:HARBUS33XXX\n:21:REF-2\n:32B:EUR11,"
    "\n:50:BREEZE BAKERY\nHAMBURG\n:56A:SEAMGB2LXXX"
)
CHARGED = ":20:CHARGE-1\n:21:REF-1\n:25:NOSTRO\n:32D:261123EUR5,\n:71B:/COMM/YOUR CHARGES\n:72:/CHRQ/SEAMGB2LXXX"
CLAIMED = ":20:CHARGE-1\n:21:REF-1\n:32B:EUR5,\n:52A:SEAMGB2LXXX\n:71B:/COMM/OUR CHARGES\nAND MORE"
RETURN = (
    ":20:RETURN-1\n:23B:CRED\n:32A:261123EUR9,\n:33B:EUR10,\n:50K:/BREEZE\nBREEZE BAKERY\n:59:/HARBOR\nHARBOR LIGHT"
    "\n:71A:SHA\n:71F:EUR1,\n:72:/RETN/99\n/AC04/ACCOUNT IS CLOSED\n/MREF/REF-1\n/TREF/E2E-1"
)
BANK_RETURN = (
    ":20:RETURN-1\n:21:REF-1\n:32A:261123EUR9,\n:52A:HARBUS33XXX\n:58A:SEAMGB2LXXX\n:72:/RETN/99\n/XT99/FOCR/ASKED FOR"
    "\n/MREF/REF-1\n/TREF/E2E-1"
)
REJECTION = ":20:NO-1\n:21:REF-1\n:79:/REJT/99\n/AC04/ACCOUNT IS CLOSED\n/MREF/REF-1\n/TREF/E2E-1"
OTHER_REJECTION = ":20:NO-1\n:21:REF-1\n:79:/REJT/99\n/XT99/MD01/NO MANDATE\n/MREF/REF-1\n/TREF/E2E-1"
NOT_RECEIVED = ":20:QUERY-1\n:21:REF-1\n:75:CLAIM NON RECEIPT\nWHERE IS IT\n:11R:202\n261120"
PAIRS = {  # type, body, what it is in ISO 20022
    "101": ("101", LIST, "pain.001.001.09"),
    "102": ("102", SEVERAL, "pacs.008.001.08"),
    "104": ("104", COLLECTION, "pacs.003.001.08"),
    "104 to a bank": ("104", COLLECTION, "pain.008.001.08"),
    "107": ("107", COLLECTION, "pacs.003.001.08"),
    "200": ("200", ":20:OWN-1\n:32A:261123EUR10,\n:53B:/NOSTRO\n:57A:SEAMGB2LXXX", "pacs.009.001.08"),
    "201": ("201", OWN, "pacs.009.001.08"),
    "203": ("203", BANKS, "pacs.009.001.08"),
    "204": ("204", CLAIMS, "pacs.010.001.03"),
    "205": ("205", ":20:ON-1\n:21:E2E\n:32A:261123EUR10,\n:52A:HARBUS33XXX\n:58A:SEAMGB2LXXX", "pacs.009.001.08"),
    "210": ("210", EXPECTED, "camt.057.001.06"),
    "920": ("920", ":20:ASK-1\n:12:940\n:25:NOSTRO\n:12:942\n:25:LORO\n:34F:EURD100,\n:34F:EURC50,", "camt.060.001.05"),
    "190": ("190", CHARGED, "camt.105.001.02"),
    "290": ("290", CHARGED, "camt.105.001.02"),
    "191": ("191", CLAIMED, "camt.106.001.02"),
    "192": ("192", RECALL, "camt.056.001.08"),
    "292": ("292", RECALL.replace("11S:103", "11S:202"), "camt.056.001.08"),
    "192 with copies": (
        "192",
        RECALL.replace("50K", "50F")
        .replace("BREEZE\nBREEZE", "BREEZE\n1/BREEZE")
        .replace("BAKERY\n", "BAKERY\n3/US/PORTLAND\n:52A:HARBUS33XXX\n:57A:/LORO\nSEAMGB2LXXX\n")
        + "\n:59:/DE89370400440532013000\nHARBOR LIGHT\nPIER 7\n:71A:SHA",
        "camt.056.001.08",
    ),
    "192 of a customer": ("192", RECALL, "camt.055.001.08"),
    "292 of a notice": (
        "292",
        ":20:RECALL-1\n:21:NOTICE-1\n:11S:210\n261120\n:25:NOSTRO\n:30:261124\n:21:REF-1\n:32B:EUR10,",
        "camt.058.001.06",
    ),
    "195 unable": ("195", ":20:QUERY-1\n:21:REF-1\n:75:UNABLE TO APPLY\n/2/NO NAME", "camt.026.001.07"),
    "295 claim": ("295", NOT_RECEIVED, "camt.027.001.07"),
    "195 modify": ("195", ":20:QUERY-1\n:21:REF-1\n:75:REQUEST TO MODIFY\nNAME IS WRONG", "camt.087.001.06"),
    "195 plain": ("195", ":20:QUERY-1\n:21:REF-1\n:75:/1/WHERE IS IT", "camt.027.001.07"),
    "196": ("196", ":20:ANSWER-1\n:21:CASE-1\n:76:/RJCR/LEGL\nLAW FORBIDS\n:11R:103\n261121", "camt.029.001.09"),
    "296": ("296", ":20:ANSWER-1\n:21:CASE-1\n:76:/CNCL/\n:11R:202\n210427", "camt.029.001.09"),
    "199": ("199", REJECTION, "pacs.002.001.10"),
    "299": ("299", OTHER_REJECTION, "pacs.002.001.10"),
    "103 return": ("103", RETURN, "pacs.004.001.09"),
    "202 return": ("202", BANK_RETURN, "pacs.004.001.09"),
}
WITHOUT_UETR = ("101", "102", "104", "107", "201", "203", "204", "920")


def fin(type: str, body: str) -> bytes:
    user = "" if type in WITHOUT_UETR else f"{{3:{{121:{UETR}}}}}"
    return HEADERS.format(type, user, body.strip().replace("\n", "\r\n")).encode()


def records(data: bytes) -> list[Any]:
    codec = formats.detect(data[:4096])
    assert codec is not None
    decoded = codec.decode(data)
    assert not decoded.refusals, decoded.refusals
    return list(decoded.records)


def translated(data: bytes, type: str) -> tuple[bytes, list[tuple[Any, tuple[Loss, ...]]]]:
    """The message as another type, and what each record loses."""
    writer = formats.writer(type)
    found = records(data)
    fits = [writer.fit(record, type) for record in found]
    assert not [fit.refusal for fit in fits if fit.refusal is not None], data
    written = writer.encode(found, type, WRITING).data
    return written, [(record, fit.losses) for record, fit in zip(found, fits, strict=True)]


@pytest.mark.parametrize(("type", "body", "iso"), PAIRS.values(), ids=PAIRS)
def test_there_and_back_is_a_fixed_point(type: str, body: str, iso: str) -> None:
    first, _ = translated(fin(type, body), iso)
    back, _ = translated(first, f"MT{type}")
    second, _ = translated(back, iso)
    assert second == first
    assert translated(second, f"MT{type}")[0] == back


@pytest.mark.parametrize(("type", "body", "iso"), PAIRS.values(), ids=PAIRS)
def test_nothing_is_lost_in_silence(type: str, body: str, iso: str) -> None:
    source = fin(type, body)
    written, losses = translated(source, iso)
    assert silent(mt_words(source), iso_words(written), losses) == []
    back, losses = translated(written, f"MT{type}")
    assert silent(iso_words(written), mt_words(back), losses) == []


@pytest.mark.parametrize(("type", "body", "iso"), PAIRS.values(), ids=PAIRS)
def test_what_is_read_is_written_as_it_was(type: str, body: str, iso: str) -> None:
    source = fin(type, body)
    written, losses = translated(source, f"MT{type}")
    assert [loss for _, found in losses for loss in found if loss.severity != "info"] == []
    assert translated(written, f"MT{type}")[0] == written
    assert silent(mt_words(source), mt_words(written), losses) == []


CARRIED = {
    "pain.001": ("MT101",),
    "pain.008": ("MT104",),
    "pacs.003": ("MT104", "MT107"),
    "pacs.008": ("MT102", "MT103"),
    "pacs.009": ("MT203", "MT205", "MT205COV", "MT202"),
    "pacs.010": ("MT204",),
    "pacs.004": ("MT103", "MT202"),
    "pacs.002": ("MT199", "MT299"),
    "camt.026": ("MT195",),
    "camt.027": ("MT295",),
    "camt.087": ("MT195",),
    "camt.029": ("MT196", "MT296"),
    "camt.055": ("MT192",),
    "camt.056": ("MT192", "MT292"),
    "camt.057": ("MT210",),
    "camt.058": ("MT292",),
    "camt.060": ("MT920",),
    "camt.105": ("MT190",),
    "camt.106": ("MT191",),
}


def samples() -> Iterator[tuple[str, bytes, str, list[Any]]]:
    """Every sample message of the corpus that a FIN type carries: name, bytes, type, its records."""
    for path in sorted(shared_corpus("iso20022", "samples").rglob("*.xml")):
        decoded = formats.load("iso20022").decode(path.read_bytes())
        found = [record for record in decoded.records if not isinstance(record, Refusal)]
        for type in CARRIED.get(decoded.type[:8], ()) if found else ():
            yield path.name, path.read_bytes(), type, found


def test_samples_of_the_corpus() -> None:
    """What is not refused says everything or names it, and from the second writing on nothing changes."""
    written = 0
    for name, data, type, found in samples():
        fits = [(record, FORMAT.fit(record, type)) for record in found]
        fitting = [record for record, fit in fits if fit.refusal is None]
        if not fitting:
            continue
        first = FORMAT.encode(fitting, type, WRITING).data
        again = records(first)
        assert not [one for one in again if isinstance(one, Refusal)], (name, type, again)
        second = records(FORMAT.encode(again, type, WRITING).data)
        assert [said(one) for one in second] == [said(one) for one in again], (name, type)
        if len(fitting) == len(found):
            losses = [(record, fit.losses) for record, fit in fits]
            assert silent(iso_words(data), mt_words(first), losses) == [], (name, type)
        written += 1
    assert written > 100


def said(record: Any) -> Any:
    """The record without what only its message's headers say."""
    extra = tuple(pair for pair in record.extra if not pair[0].startswith(("mt:header", "mt:{")))
    return msgspec.structs.replace(record, extra=extra, identity="")


# --- words of a message -----------------------------------------------------------------------------

# Code words of fields that are structure in ISO 20022, and words for what is not said.
STRUCTURE = set(
    "COVE HIGH CFEE RJCT OUR SHA BEN DEBT SHAR CRED REJT RETN MREF TREF ROC CHRQ XT99 99 1 N NOTPROVIDED INDA TRF DD BOOK ALLL false true"
    " DEBT DBIT UNABLE TO APPLY CLAIM NON RECEIPT REQUEST MODIFY INS D C 28D".split()
)
_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[.,:+-][A-Za-z0-9]+)*")


def words(value: str) -> Iterator[str]:
    for word in _TOKEN.findall(value):
        if re.fullmatch(r"\d{4}-\d\d-\d\dT[0-9:.]+[+-]\d\d:\d\d|\d{4}-\d\d-\d\dT[0-9:.]+", word):
            yield word[2:10].replace("-", "")
        elif re.fullmatch(r"\d\d:\d\d:\d\d[+-]\d\d:\d\d", word):
            yield word[:2] + word[3:5] + word[8:11] + word[12:]
        elif re.fullmatch(r"\d{4}-\d\d-\d\d", word):
            yield word[2:].replace("-", "")
        elif re.fullmatch(r"\d+[.,]\d+", word):
            yield word.replace(",", ".").rstrip("0").rstrip(".")
        else:
            yield word


def mt_words(data: bytes) -> list[str]:
    head = data.decode()
    found = [bic[:8] + bic[9:] for bic in re.findall(r"\{(?:1:F01|2:I\d{3})([A-Z0-9]{12})", head)]
    found += re.findall(r"(?<=\{121:)[0-9a-f-]+", head)
    for tag, value in re.findall(r"^:(\w+):(.*?)(?=\r\n:|\r\n-\})", data.decode(), re.MULTILINE | re.DOTALL):
        if tag in ("19", "12") or tag[:2] == "11":  # a sum; names of message types
            continue
        if tag == "32A" and ":32B:" in head:
            value = value[:6]  # the sum of the list
        if tag[:2] in ("32", "33", "34", "71") and re.fullmatch(r"(\d{6})?[A-Z]{3}[DC]?[0-9,]+", value):
            value = re.sub(r"^(\d{6})?([A-Z]{3})[DC]?([0-9,]+)$", r"\1 \2 \3 ", value).replace(", ", ",0 ")
        found += words(value.replace("\r\n", "")) if tag == "70" else ()  # runs over line ends
        found += words(re.sub(r"\r\n//", " ", value) if tag in ("79", "72", "76", "75") else value)
    return found


def iso_words(data: bytes) -> list[str]:
    skipped = {"CtrlSum", "GrpHdr/MsgId", "GrpHdr/CreDtTm", "Assgnmt/CreDtTm", "NbOfTxs", "OrgnlMsgNmId", "ReqdMsgNmId"}
    found: list[str] = []
    root = etree.fromstring(data)
    document = next(node for node in root.iter("{*}Document"))
    for node in document.iter():
        name = etree.QName(node).localname
        parent = node.getparent()
        path = f"{etree.QName(parent).localname}/{name}" if parent is not None else name
        if not skipped & {name, path} and len(node) == 0 and node.text:
            found += words(node.text)
            found += [value for value in node.attrib.values() if len(value) == 3]
    return found


def silent(source: list[str], target: list[str], losses: list[tuple[Any, tuple[Loss, ...]]]) -> list[str]:
    """Words of the source that neither stand in the target nor in what is named as lost."""
    known = {text.plain(word) for word in target} | STRUCTURE
    whole = " ".join(known)
    told = " ".join(lost(record, loss) for record, found in losses for loss in found)
    named = {text.plain(word) for word in words(told)}
    return [
        word
        for word in map(text.plain, source)
        if word not in known and word not in named and word not in whole and not _inside(word, named)
    ]


def _inside(word: str, named: set[str]) -> bool:
    return any(word in other for other in named)


def lost(record: Any, loss: Loss) -> str:
    """What a loss is about, as text."""
    pair = re.search(r"(?:mt|iso):.*", loss.element)
    if pair is not None:
        both = [*getattr(record, "extra", ()), *getattr(record, "payment", ())]
        return " ".join(value for name, value in both if name == pair[0])
    found: Any = record
    for step in re.findall(r"\w+", loss.element):
        if isinstance(found, tuple):
            found = found[int(step)] if step.isdigit() and int(step) < len(found) else found
        elif isinstance(found, msgspec.Struct) and step in found.__struct_fields__:
            found = getattr(found, step)
    if isinstance(found, Money):
        return f"{found.currency} {found.text() if found.minor else 0}"
    return msgspec.json.encode(found).decode()


# --- one by one -------------------------------------------------------------------------------------


def test_payments_of_one_list_share_a_message() -> None:
    written, _ = translated(fin("101", LIST), "MT101")
    assert written.count(b"{1:") == 1
    first, second = records(fin("101", LIST))
    other = msgspec.structs.replace(second, instruction_id="LIST-2")
    assert FORMAT.encode([first, other], "MT101", WRITING).data.count(b"{1:") == 2


def test_more_than_ten_transfers_are_two_messages() -> None:
    [one, _] = records(fin("203", BANKS))
    many = [msgspec.structs.replace(one, instruction_id=f"REF-{n}") for n in range(11)]
    data = FORMAT.encode(many, "MT203", WRITING).data
    assert data.count(b"{1:") == 2
    assert [record.instruction_id for record in records(data)] == [f"REF-{n}" for n in range(11)]
    assert data.count(b":19:100,00") == 1


def test_a_return_says_what_it_gives_back_and_why() -> None:
    [found] = records(fin("103", RETURN))
    assert isinstance(found, Payment)
    assert (found.kind, found.transaction_id) == ("return", "RETURN-1")
    assert found.original is not None
    assert (found.original.message_id, found.original.end_to_end_id, found.original.uetr) == ("REF-1", "E2E-1", UETR)
    assert [(reason.code, reason.text) for reason in found.reasons] == [("AC04", ("ACCOUNT IS CLOSED",))]
    [other] = records(fin("202", BANK_RETURN))
    assert [(reason.code, reason.text) for reason in other.reasons] == [("FOCR", ("ASKED FOR",))]


def test_a_rejection_repeats_the_payment_or_is_told_freely() -> None:
    [report] = records(fin("103", RETURN.replace("RETN", "REJT")))
    assert isinstance(report, Report)
    assert (report.status, report.original.message_id) == ("RJCT", "REF-1")
    assert ("mt:59", "/HARBOR\nHARBOR LIGHT") in report.payment
    again = records(FORMAT.encode([report], "MT103", WRITING).data)
    assert [said(one) for one in again] == [said(report)]
    [free] = records(FORMAT.encode([report], "MT199", WRITING).data)
    assert (free.status, free.reasons, free.original.end_to_end_id) == ("RJCT", report.reasons, "E2E-1")
    [bare] = records(fin("199", REJECTION))
    refusal = FORMAT.fit(bare, "MT103").refusal
    assert refusal is not None
    assert refusal.code == "missing-original"


def test_copies_have_their_place_in_the_original() -> None:
    body = RECALL.replace(":50K:/BREEZE\nBREEZE BAKERY", ":59:/HARBOR\nHARBOR LIGHT\n:52A:SEAMGB2LXXX\n:52D:A BANK")
    [recall] = records(fin("192", body))
    assert dict(recall.payment) == {
        "CdtrAcct/Id/Othr/Id": "HARBOR",
        "Cdtr/Pty/Nm": "HARBOR LIGHT",
        "DbtrAgt/FinInstnId/BICFI": "SEAMGB2LXXX",
        "mt:52D": "A BANK",  # a second one has no place
    }


@pytest.mark.parametrize("copy", [":50F:\nX", ":59:/A", ":52A:NOBIC", ":32A:ABC", ":57A:", ":50:", ":70:" + "X" * 200])
def test_a_copy_that_is_no_field_is_kept(copy: str) -> None:
    [recall] = records(fin("192", RECALL.split("\n:32A:")[0] + "\n" + copy))
    tag, value = copy[1:].split(":", 1)
    assert recall.payment == ((f"mt:{tag}", value),)


def test_cases_keep_what_they_are() -> None:
    [recall] = records(fin("192", RECALL))
    assert isinstance(recall, Case)
    assert recall.original.amount == Money("EUR", 1_000)
    assert (recall.original.end_to_end_id, recall.original.settlement_date) == ("E2E-1", "2026-11-20")
    assert [(reason.code, reason.text) for reason in recall.reasons] == [("DUPL", ("PAID TWICE", "REALLY SO"))]
    [query] = records(fin("295", NOT_RECEIVED))
    assert (query.kind, query.text) == ("claim_non_receipt", ("WHERE IS IT",))
    [charges] = records(fin("190", CHARGED))
    assert charges.account is not None
    assert (charges.account.id, charges.date, charges.creator.bic) == ("NOSTRO", "2026-11-23", "SEAMGB2LXXX")


@pytest.mark.parametrize(
    ("type", "body", "to", "code"),
    [
        ("203", BANKS, "MT201", "not-own-account"),
        ("203", BANKS, "MT101", "wrong-kind"),
        ("191", CLAIMED, "MT190", "wrong-kind"),
        ("210", EXPECTED, "MT920", "wrong-kind"),
        ("199", REJECTION, "MT940", "wrong-kind"),
    ],
)
def test_what_does_not_fit_is_refused(type: str, body: str, to: str, code: str) -> None:
    refusal = FORMAT.fit(records(fin(type, body))[0], to).refusal
    assert refusal is not None
    assert refusal.code == code


def test_a_type_that_is_only_read_is_not_written() -> None:
    refusal = FORMAT.fit(records(fin("203", BANKS))[0], "MT300").refusal
    assert refusal is not None
    assert refusal.code == "unsupported-type"
