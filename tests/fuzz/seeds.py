"""Good messages of every format: the project's examples, generated samples, one of each type that is read."""

from __future__ import annotations

from pathlib import Path
from random import Random

from gateway import formats
from gateway.formats.iso20022.kinds import FAMILIES, types
from tests import samples
from tests.fix_peer import frame, order_body
from tests.formats.iso20022.instances import document
from tests.formats.mt.test_family import DEBITS, REQUEST, SEVERAL, STATEMENT, fin

ROOT = Path(__file__).resolve().parents[2]
IBAN = "DE23999900000000000101"
STATEMENTS = ("camt.052", "camt.053", "camt.054")
SCHEMES = ("pain.001", "pain.008", "pacs.008", "pacs.003", "pacs.004", "pacs.002", "camt.056", "camt.029")
BODIES = (  # of the types that have no longer sample
    ("190", ":20:G-1\n:21:REF-1\n:25:1\n:32D:261123EUR5,\n:71B:/COMM/YOUR CHARGES"),
    ("191", ":20:G-1\n:21:REF-1\n:32B:EUR5,\n:71B:/COMM/OUR CHARGES"),
    ("192", ":20:R-1\n:21:REF-1\n:11S:103\n261120\n:79:/DUPL/PAID TWICE"),
    ("196", ":20:A-1\n:21:R-1\n:76:/CNCL/\nDONE\n:11R:192\n261121"),
    ("198", ":20:X-1\n:12:999\n:77E:ANYTHING"),
    ("199", ":20:F-1\n:21:REF-1\n:79:GOOD MORNING"),
    ("200", ":20:OWN-1\n:32A:261123EUR10,\n:53B:/1\n:57A:SEAMGB2LXXX"),
    ("201", ":19:30,\n:30:261123\n:20:ONE\n:32B:EUR10,\n:57A:SEAMGB2LXXX\n:20:TWO\n:32B:EUR20,\n:57A:SEAMGB2LXXX"),
    ("205", ":20:F-1\n:21:E2E\n:32A:261123EUR10,\n:52A:HARBUS33XXX\n:58A:SEAMGB2LXXX"),
    ("210", ":20:N-1\n:25:NOSTRO\n:30:261124\n:21:REF-1\n:32B:EUR10,\n:52A:HARBUS33XXX"),
    ("292", ":20:R-1\n:21:REF-1\n:11S:202\n261120\n:79:/DUPL/PAID TWICE"),
    ("295", ":20:Q-1\n:21:REF-1\n:75:/1/WHERE IS IT"),
    ("300", ":15A:\n:20:DEAL-1\n:22A:NEWT\n:94A:BILA"),
    ("541", ":16R:GENL\n:20C::SEME//S-1\n:16S:GENL"),
    ("900", ":20:C-1\n:21:E\n:25:A\n:32A:261123EUR10,"),
    ("910", ":20:C-1\n:21:E\n:25:A\n:32A:261123EUR10,\n:50K:/1\nALMA\n:52A:HARBUS33XXX"),
    ("920", ":20:Q-1\n:12:940\n:25:A\n:12:942\n:25:B\n:34F:EUR100,"),
    ("102", ":20:F-1\n:23:CREDIT\n:71A:SHA\n:21:ONE\n:32B:EUR10,\n:50K:/1\nALMA\n:59:/2\nBRUNO\n:32A:261123EUR10,"),
)
COVER = ":20:COV-1\n:21:E2E-1\n:32A:261123USD10,\n:52A:HARBUS33XXX\n:58A:FINODEHHXXX\n:50K:/1\nALMA\n:59:/2\nBRUNO\n:70:RENT"


def by_format() -> dict[str, list[bytes]]:
    """Good messages by target; statements, of ISO 20022 and of banks' MT dialects, are one of their own."""
    found: dict[str, list[bytes]] = {
        "ach": [samples.ach(5)],
        "fix": [frame("D", "CLIENT1", "FINOS", 2, order_body("A1", "1", "1000", "1.1"))],
        "iso20022": [samples.pacs008(1, "A"), samples.pain001(2, IBAN), *_iso(lambda type: True)],
        "sepa": [samples.pain001(2, IBAN), *_iso(lambda type: type.startswith(SCHEMES))],
        "mt": [samples.mt103(1, "A"), samples.mt103(1, "A") + samples.mt103(2, "B"), *_mt()],
        "statements": [*_dialects(), *_iso(lambda type: type.startswith(STATEMENTS))],
        "json": [(ROOT / "examples" / "transfer.json").read_bytes()],
        "fedwire": [path.read_bytes() for path in sorted((ROOT / "tests" / "corpus" / "fedwire").glob("*.faim"))],
    }
    for path in sorted((ROOT / "examples").iterdir()):
        if path.suffix in (".xml", ".fin", ".ach", ".json"):
            codec = formats.detect(path.read_bytes()[:4096])
            if codec is not None:
                found.setdefault(codec.name, []).append(path.read_bytes())
    return found


def _iso(wanted) -> list[bytes]:  # type: ignore[no-untyped-def]
    """Two documents of each type that has a table, one in a wrapper with a header."""
    made = []
    for type in types():
        if type[:8] in FAMILIES and wanted(type):
            small, full = (document(type, Random(f"{type} {fullness}"), fullness) for fullness in (0.2, 0.5))
            made += [small, _wrapped(small, type)] + [full] * (len(full) < 5_000)
    return made


def _wrapped(data: bytes, type: str) -> bytes:
    agent = b"<FIId><FinInstnId><BICFI>%s</BICFI></FinInstnId></FIId>"
    return (
        (b'<BusMsg><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.02"><Fr>' + agent % b"HARBUS33XXX")
        + (b"</Fr><To>" + agent % b"FINODEHHXXX" + b"</To><BizMsgIdr>B1</BizMsgIdr><MsgDefIdr>" + type.encode())
        + b"</MsgDefIdr><CreDt>2026-11-23T10:00:00Z</CreDt></AppHdr>"
        + data
        + b"</BusMsg>"
    )


def _mt() -> list[bytes]:
    bodies = [*BODIES, ("101", REQUEST), ("104", DEBITS), ("107", DEBITS), ("203", SEVERAL), ("940", STATEMENT)]
    cover = fin("202", COVER).replace(b"{4:", b"{3:{119:COV}}{4:")
    service = b"{1:F21HARBUS33AXXX0000000001}{4:{177:2611231200}{451:1}{405:H50}}"
    return [cover, service, service + samples.mt103(3, "C"), *(fin(type, body) for type, body in bodies)]


def _dialects() -> list[bytes]:
    """Statements as banks hand them over."""
    plain = STATEMENT.strip()
    later = plain.replace("\n", "\r\n")
    structured = plain.replace(":86:", ":86:166?00TRANSFER?20EREF+E1?21SVWZ+RENT?30FINBNL2A?31NL55?32ALMA\n:86:", 1)
    return [
        text.encode() for text in (plain, f"HARBUS33\n940\nHARBUS33\n{plain}", f"{plain}\n-\n{plain}\n-", later)
    ] + [
        structured.encode(),
        fin("940", STATEMENT),
        fin("942", STATEMENT),
        fin("950", STATEMENT),
        fin("941", STATEMENT),
    ]
