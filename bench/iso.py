"""ISO 20022 and SWIFT MT: what reading, checking, translating and streaming cost, beside lxml and mt-940.

    python bench/iso.py [--json] [--only WORD] [--quick]

Messages are made here, with invented names, each different from the others. A figure and its baseline take turns, and
the median of the turns counts, so that a busy machine slows both. What concerns memory runs in a process of its own and
is what its peak lies above its idle. The last line says what is met and what is missed; the exit is 0 either way.
"""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from figures import ROOT, Figure, machine, options, show
from lxml import etree

from gateway import formats
from gateway.formats.iso20022 import rules
from gateway.formats.iso20022.xml import compiled, violations
from gateway.model import Statement
from gateway.ports import Writing
from tests import samples

DISTINCT = 256  # messages that differ: what comes again is remembered, what does not must not seem to
TURNS = 9
STATEMENT_BYTES = 200_000_000
WRITING = Writing("B0000000001", 1_795_000_000 * 10**9, "HARBUS33XXX", "FINODEHHXXX")
Work = Callable[[], object]


def in_turns(works: list[Work], calls: int, turns: int = TURNS) -> list[float]:
    """Median microseconds of the processor a call of each, turn by turn; every work makes `calls` calls."""
    rounds: list[list[float]] = [[] for _ in works]
    gc.collect()
    gc.disable()
    for _ in range(turns + 1):
        for work, found in zip(works, rounds, strict=True):
            started = time.process_time()
            work()
            found.append((time.process_time() - started) / calls * 1e6)
    gc.enable()
    return [median(found[1:]) for found in rounds]  # the first turn warms up


def over(call: Callable[[bytes], object], inputs: list[bytes]) -> Work:
    """One turn: each input once."""

    def work() -> None:
        for data in inputs:
            call(data)

    return work


# --- single messages ------------------------------------------------------------------------------


def headed(data: bytes, n: int) -> bytes:
    """The sample pacs.008 with its business application header, as CBPR+ has it."""
    codec = formats.load("iso20022")
    [record] = codec.decode(data).records
    writing = Writing(f"R{n:09d}", WRITING.now_ns, WRITING.sender, WRITING.receiver)
    frame = codec.encode([record], "pacs.008.001.08", writing)  # type: ignore[list-item]
    return codec.wrap(frame, writing, "swift.cbprplus.03").data  # type: ignore[attr-defined, no-any-return]


def customer_transfer(quick: bool) -> Iterator[Figure]:
    """pacs.008 in its envelope to a canonical payment: schema of header and document, every rule of CBPR+."""
    codec, chosen = formats.load("iso20022"), [rules.sets()["cbpr-2026"]]
    inputs = [headed(samples.pacs008(n, f"PAYEE-{n}"), n) for n in range(DISTINCT)]
    assert [one.kind for one in rules.hold(codec.decode(inputs[0]), chosen).records] == ["credit_transfer"]  # type: ignore[union-attr]
    header, document = compiled("head.001.001.02"), compiled("pacs.008.001.08")
    assert header is not None, "a schema of the project's own"
    assert document is not None, "a schema of the project's own"

    def plain(data: bytes) -> None:
        root = etree.fromstring(data)
        assert header.validate(root[0])
        assert document.validate(root[1])

    own, alone = in_turns(
        [over(lambda data: rules.hold(codec.decode(data), chosen), inputs), over(plain, inputs)], DISTINCT
    )
    name = "pacs.008 to canonical, XSD and CBPR+"
    yield Figure(name, own, "us", 150, True, alone, "lxml parse + validate")
    yield Figure("pacs.008, times lxml", own / alone, "x lxml", 4, True)


def swift(quick: bool) -> Iterator[Figure]:
    """MT103 to a canonical payment, and on to a pacs.008 that the schema has seen."""
    mt, iso = formats.load("mt"), formats.load("iso20022")
    inputs = [samples.mt103(n, f"PAYEE-{n}") for n in range(DISTINCT)]

    def translated(data: bytes) -> bytes:
        [record] = mt.decode(data).records
        fit = iso.fit(record, "pacs.008.001.08")  # type: ignore[arg-type]
        assert fit.refusal is None
        frame = iso.encode([record], "pacs.008.001.08", WRITING)  # type: ignore[list-item]
        assert not violations(etree.fromstring(frame.data), "pacs.008.001.08")
        return frame.data

    assert mt.decode(inputs[0]).records[0].kind == "credit_transfer"  # type: ignore[union-attr]
    assert b"<EndToEndId>M000000000</EndToEndId>" in translated(inputs[0])
    read, whole = in_turns([over(mt.decode, inputs), over(translated, inputs)], DISTINCT)
    yield Figure("MT103 to canonical, network rules", read, "us", 60, True)
    yield Figure("MT103 to validated pacs.008", whole, "us", 200, True)


def german(n: int) -> str:
    """Numbered subfields: every second entry has a batch, every third more to tell, every fifth a long name."""
    more = "?24 SINCE OCTOBER?25 AND BEFORE" if n % 3 == 0 else "?24 SINCE OCTOBER"
    return (
        f"166?00CREDIT TRANSFER?109251?20EREF+E{n:09d}{f'?21KREF+K{n:06d}' if n % 2 else ''}?22SVWZ+INVOICE {n} OF "
        f"NOVEM?23BER AND WHAT WAS LEFT OPEN{more}?30FINBNL2AXXX?31NL55FINB{n:010d}?32{samples.name(n).upper()}"
        f"{'?33AND SONS' if n % 5 == 0 else ''}"
    )


def code_words(n: int) -> str:
    """Words between slashes: every third entry has a mandate."""
    mandate = f"/MARF/M{n:06d}" if n % 3 == 0 else ""
    return (
        f"/TRTP/SEPA OVERBOEKING/IBAN/NL55FINB{n:010d}/BIC/FINBNL2A/NAME/{samples.name(n).upper()}{mandate}"
        f"/EREF/E{n:09d}/REMI/INVOICE {n} OF NOVEMBER AND WHAT WAS LEFT OPEN SINCE OCTOBER"
    )


def plain(n: int) -> str:
    return (
        f"CREDIT TRANSFER OF {samples.name(n).upper()} ACCOUNT NL55FINB{n:010d} WITH FINBNL2A REFERENCE "
        f"E{n:09d} INVOICE {n} OF NOVEMBER AND WHAT WAS LEFT OPEN SINCE OCTOBER"
    )


def mt940(entries: int, said: Callable[[int], str], first: int = 0) -> bytes:
    """A statement with so many entries, each with its information in full lines, as most banks write it."""
    lines = [":20:STMT0001", ":25:NL55FINB0000000101", ":28C:7/1", ":60F:C261101EUR1000,00"]
    for n in range(first, first + entries):
        lines.append(f":61:2611{n % 28 + 1:02d}11{n % 28 + 1:02d}C{n + 1},25NTRFNONREF//BANK{n:06d}")
        information = said(n)
        lines.append(":86:" + "\r\n".join(information[at : at + 65] for at in range(0, len(information), 65)))
    total = 100_000 + sum((n + 1) * 100 + 25 for n in range(first, first + entries))
    lines.append(f":62F:C261128EUR{total // 100},{total % 100:02d}")
    text = "\r\n".join(lines)
    return f"{{1:F01FINBNL2AAXXX0000000001}}{{2:I940FINODEHHXXXXN}}{{4:\r\n{text}\r\n-}}".encode()


def statement(quick: bool) -> Iterator[Figure]:
    """Statements whose field 86 is as German banks write it, of code words, and plain."""
    for said, name in ((german, "numbered 86"), (code_words, "code words"), (plain, "plain 86")):
        yield from statement_of(said, name, 3 if quick else 10)


def statement_of(said: Callable[[int], str], name: str, count: int) -> Iterator[Figure]:
    codec, inputs = formats.load("mt"), [mt940(97, said, 97 * n) for n in range(count)]
    [record] = codec.decode(inputs[0]).records
    assert isinstance(record, Statement), "the sample is read"
    assert len(record.entries) == 97
    works = [over(codec.decode, inputs)]
    if find_spec("mt940") is None:
        print("mt-940 is not installed: the comparison with it is left out", file=sys.stderr)
        [own] = in_turns(works, count)
        yield Figure(f"MT940 of 97 entries, {name}", own, "us")
        return
    import mt940 as peer

    bodies = [text[text.index(":20:") : text.rindex("-}")] for text in map(bytes.decode, inputs)]
    assert len(peer.parse(bodies[0]).transactions) == 97
    own, other = in_turns([*works, lambda: [peer.parse(body) for body in bodies]], count)
    yield Figure(f"MT940 of 97 entries, {name}", own, "us", None, True, other, "mt-940")
    yield Figure(f"MT940, {name}, times as fast", other / own, "x mt-940", 10)


# --- large files ----------------------------------------------------------------------------------


def initiation(quick: bool) -> Iterator[Figure]:
    """A pain.001 of 10,000 through parts(): validated, counted, summed, read."""
    count = 1_000 if quick else 10_000
    data = samples.pain001(count, "DE23999900000000000101")
    codec = formats.load("iso20022")

    def alone() -> None:
        for _, element in etree.iterparse(io.BytesIO(data), schema=compiled("pain.001.001.09")):
            element.clear()

    def own() -> None:
        assert sum(len(part.records) for part in codec.parts(io.BytesIO(data), 1_024)) == count

    streamed, baseline = in_turns([own, alone], 1)
    name = f"pain.001 of {count:,} in parts"
    yield Figure(name, streamed / 1e3, "ms", None, True, baseline / 1e3, "iterparse(schema=) alone")
    yield Figure("pain.001, times iterparse", streamed / baseline, "x lxml", 1.5, True)
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as folder:
        path = Path(folder) / "pain.xml"
        path.write_bytes(data)
        yield Figure(f"memory above idle, {name}", peak(path, count)[0], "MiB", 40, True)


def write_statement(path: Path, size_bytes: int) -> int:
    """A camt.053 of about so many bytes, written as it is made; how many entries it has."""
    head = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>S1</MsgId>\
<CreDtTm>2026-11-23T18:00:00+00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><CreDtTm>2026-11-23T18:00:00+00:00</CreDtTm>\
<Acct><Id><IBAN>DE23999900000000000101</IBAN></Id><Ccy>EUR</Ccy></Acct>"""
    count = 0
    with path.open("w") as file:
        size = file.write(head + balance("OPBD", 0) + balance("CLBD", size_bytes // 500))
        while size < size_bytes:
            size += file.write(entry(count))
            count += 1
        file.write("</Stmt></BkToCstmrStmt></Document>\n")
    return count


def balance(kind: str, amount: int) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}.00</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-23</Dt></Dt></Bal>\n"
    )


def entry(n: int) -> str:
    return (
        f'<Ntry><NtryRef>{n}</NtryRef><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        "<BookgDt><Dt>2026-11-23</Dt></BookgDt><ValDt><Dt>2026-11-23</Dt></ValDt>"
        f"<AcctSvcrRef>B{n}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd>"
        f"</Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E{n:09d}</EndToEndId></Refs><RltdPties><Dbtr><Pty>"
        f"<Nm>{samples.name(n)}</Nm></Pty></Dbtr></RltdPties><RmtInf><Ustrd>Invoice {n}</Ustrd></RmtInf></TxDtls>"
        "</NtryDtls></Ntry>\n"
    )


def statement_file(quick: bool) -> Iterator[Figure]:
    size = STATEMENT_BYTES // 10 if quick else STATEMENT_BYTES
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as folder:
        path = Path(folder) / "camt.xml"
        count = write_statement(path, size)
        above, seconds = peak(path, count)
    yield Figure(f"memory above idle, camt.053 of {size // 10**6} MB", above, "MiB", 80, True)
    yield Figure(f"camt.053 of {size // 10**6} MB in parts", count / seconds, "entries/s")


def peak(path: Path, count: int) -> tuple[float, float]:
    """MiB above idle at the peak, and seconds, of reading a file in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--peak-of", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    idle, highest, seconds, found = map(float, done.stdout.split())
    assert found == count, f"{found:g} records read, {count} written"
    return highest - idle, seconds


def read_alone(path: str) -> None:
    """What the process for `peak` does: idle, peak, seconds, records or entries."""
    codec = formats.load("iso20022")
    codec.decode(samples.pacs008(1, "A"))  # an idle daemon has read a message before
    idle = resident("VmRSS:")
    started, count = time.perf_counter(), 0
    with open(path, "rb") as source:
        for part in codec.parts(source, 1_024):
            count += sum(len(one.entries) if isinstance(one, Statement) else 1 for one in part.records)
    print(idle, resident("VmHWM:"), time.perf_counter() - started, count)


def resident(name: str) -> float:
    """MiB that this process has, or had at most. (What getrusage says may be its parent's.)"""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) / 1024


# --- all ------------------------------------------------------------------------------------------

MEASURES: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "pacs.008": customer_transfer,
    "mt103": swift,
    "mt940": statement,
    "pain.001": initiation,
    "camt.053": statement_file,
}


def main() -> None:
    if sys.argv[1:2] == ["--peak-of"]:
        read_alone(sys.argv[2])
        return
    chosen = options(__doc__ or "")
    if not chosen.json:
        print(machine())
    figures = []
    for name, measure in MEASURES.items():
        if not chosen.only or any(word in name for word in chosen.only):
            for figure in measure(chosen.quick):
                show(figure, chosen.json)
                figures.append(figure)
    missed = [figure.name for figure in figures if figure.line()["met"] is False]
    words = f"{sum(figure.goal is not None for figure in figures) - len(missed)} goals met, {len(missed)} missed"
    print("; ".join([words, *(f"missed: {name}" for name in missed)]), file=sys.stderr if chosen.json else sys.stdout)


if __name__ == "__main__":
    main()
