"""One defect in a valid ACH file: how many errors does the reader tell, and on which line and field?

    python tests/conformance/ach_mutations.py [--count 10000] [--seed 1] [--json]

Valid files are generated: PPD and CCD with and without addenda, several batches, and a file of every other class and of
every kind of return, dishonored and contested return, change and refused change. Where the conformance corpus is beside
the checkout, its valid files are taken too. Each mutation plants one defect and knows where it is. Right
is exactly one error, on that line, and in that field where the defect is one of a field. What is not right is printed
by kind of defect; exit 1 below 98 in a hundred.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gateway.formats.ach import FORMAT  # noqa: E402  # the path comes first
from gateway.formats.ach.jsonform import layouts  # noqa: E402
from gateway.formats.ach.tables import (  # noqa: E402
    ADDENDA_05,
    BATCH_CONTROL,
    DIGITS,
    ENTRY,
    Column,
)
from gateway.model import Refusal  # noqa: E402
from tests import ach_files, samples  # noqa: E402

CORPUS = ROOT.parent / "shared" / "corpus" / "ach" / "valid"
SIMPLE = ("PPD", "CCD", "WEB", "TEL", "CTX")  # classes whose entries have the plain layout
RIGHT_SHARE = 0.98

_PLACE = re.compile(r"line (\d+)(?:, columns? (\d+)(?:-(\d+))?)?")


@dataclass
class Planted:
    """A file with a defect: where it is, and the columns of the field (none: the line as a whole)."""

    kind: str
    lines: list[str]
    line: int  # from 1; 0: the file as a whole
    columns: tuple[int, int] | None = None
    also: tuple[int, ...] = ()  # other lines that are as right: which of two records is wrong cannot be known


def valid_files(random: Random) -> list[list[str]]:
    """Lines of valid files, padding included."""
    found = [
        samples.ach(random.randint(1, 40), 50, first=n * 100, modifier=chr(65 + n), batch=random.randint(3, 20))
        for n in range(8)
    ]
    files = [data.decode().splitlines() for data in found] + [with_addenda(n, random) for n in range(4)]
    files += [data.decode().splitlines() for data in ach_files.every_kind().values()]
    if CORPUS.exists():
        for path in sorted(CORPUS.glob("*.ach")):
            lines = path.read_bytes().decode("latin-1").split("\n")
            lines = [line.rstrip("\r") for line in lines if line.strip()]
            if all(len(line) == 94 for line in lines) and len(lines) < 200 and not verdict(lines):
                files.append(lines)
    return files


def with_addenda(number: int, random: Random) -> list[str]:
    """A CCD file whose entries have an addenda each."""
    head, batch, *rest = (
        samples.ach(random.randint(2, 9), 50, first=number * 50, modifier=chr(75 + number)).decode().split("\n")
    )
    lines = [head, batch.replace("PPD", "CCD")]
    count = 0
    for line in rest:
        if line[:1] == "6":
            lines += [line[:78] + "1" + line[79:], f"705{'INVOICE ' + str(count):80}0001{line[87:94]}"]
            count += 1
        elif line[:1] == "8":
            lines.append(line[:4] + f"{2 * count:06d}" + line[10:])
        elif line[:1] == "9" and line != "9" * 94:
            blocks = -(-(len(lines) + 1) // 10)
            lines.append(line[:7] + f"{blocks:06d}{2 * count:08d}" + line[21:])
    return lines + ["9" * 94] * (-len(lines) % 10)


def verdict(lines: list[str]) -> list[Refusal]:
    """Every error that the reader tells."""
    decoded = FORMAT.decode(("\n".join(lines) + "\n").encode("latin-1"))
    return [*decoded.refusals, *(record for record in decoded.records if isinstance(record, Refusal))]


# --- defects ----------------------------------------------------------------------------------------


def _at(lines: list[str], kinds: str, random: Random) -> int | None:
    """A random line of one of the record types; None when there is none. Padding is no file control."""
    found = [n for n, line in enumerate(lines) if line[:1] in kinds and line != "9" * 94]
    return random.choice(found) if found else None


def _put(lines: list[str], at: int, column: Column, text: str) -> list[str]:
    line = lines[at]
    return [*lines[:at], line[: column.first - 1] + text + line[column.last :], *lines[at + 1 :]]


def _columns(lines: list[str], at: int) -> tuple[Column, ...]:
    return list(layouts(lines[: at + 1]))[-1] or ()


def _sec(lines: list[str], at: int) -> str:
    return next((line[50:53] for line in reversed(lines[: at + 1]) if line[:1] == "5"), "")


def letter_in_a_number(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "156789", random)
    columns = [c for c in _columns(lines, at) if c.kind in DIGITS] if at is not None else []
    if at is None or not columns:
        return None
    column = random.choice(columns)
    text = lines[at][column.where]
    place = random.randrange(len(text))
    spoiled = text[:place] + random.choice("XQ?") + text[place + 1 :]
    return Planted(f"letter in {column.name}", _put(lines, at, column, spoiled), at + 1, (column.first, column.last))


def character_out_of_the_set(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "5678", random)
    columns = (
        [c for c in _columns(lines, at) if c.kind == "a" and c.name not in ("sec_code", "effective_date")]
        if at is not None
        else []
    )
    if at is None or not columns:
        return None
    column = random.choice(columns)
    text = lines[at][column.where]
    place = random.randrange(len(text))
    spoiled = text[:place] + random.choice("\x07\xe9\x00") + text[place + 1 :]
    return Planted(f"character in {column.name}", _put(lines, at, column, spoiled), at + 1, (column.first, column.last))


def check_digit(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "6", random)
    if at is None:
        return None
    wrong = str((int(lines[at][11]) + random.randint(1, 9)) % 10)
    return Planted("check digit", _put(lines, at, ENTRY[3], wrong), at + 1, (4, 12))


def amount(lines: list[str], random: Random) -> Planted | None:
    """An amount that is right by itself: the batch control, whose total it breaks, is where it shows."""
    at = _at(lines, "6", random)
    if at is None or _sec(lines, at) == "ADV" or not lines[at][29:39].isdigit() or lines[at][29:39] == "0" * 10:
        return None
    control = next(n for n, line in enumerate(lines) if n > at and line[:1] == "8")
    wrong = f"{int(lines[at][29:39]) + random.randint(1, 9_999):010d}"
    return Planted("amount", _put(lines, at, ENTRY[5], wrong), control + 1, (21, 44), (at + 1,))


def control_number(lines: list[str], random: Random) -> Planted | None:
    """A count, a hash or a total of a control record."""
    at = _at(lines, "89", random)
    if at is None or (lines[at][0] == "8" and _sec(lines, at) == "ADV") or not _columns(lines, at):
        return None
    columns = [c for c in _columns(lines, at) if c.kind in "i$"]
    column = random.choice(columns)
    text = lines[at][column.where]
    if not text.isdigit():
        return None
    wrong = f"{(int(text) + random.randint(1, 9)) % 10 ** len(text):0{len(text)}d}"
    return Planted(
        f"{column.name} of {lines[at][0]}", _put(lines, at, column, wrong), at + 1, (column.first, column.last)
    )


def control_identity(lines: list[str], random: Random) -> Planted | None:
    """The company, the ODFI or the number of a batch control is another than that of its header."""
    at = _at(lines, "8", random)
    if at is None:
        return None
    column = random.choice(
        [c for c in BATCH_CONTROL if c.name in ("company_identification", "odfi", "batch_number", "service_class")]
    )
    text = lines[at][column.where]
    wrong = "225" if text == "220" else "220" if column.name == "service_class" else _other(text, random)
    return Planted(f"{column.name} of 8", _put(lines, at, column, wrong), at + 1, (column.first, column.last))


def _other(text: str, random: Random) -> str:
    place = max(n for n, c in enumerate(text) if c.isdigit()) if any(c.isdigit() for c in text) else len(text) - 1
    digit = str((int(text[place]) + random.randint(1, 9)) % 10) if text[place].isdigit() else "7"
    return text[:place] + digit + text[place + 1 :]


def lost_entry(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "6", random)
    if at is None or lines[at + 1][:1] not in "6":
        return None
    control = next(n for n, line in enumerate(lines) if n > at and line[:1] == "8")
    return Planted("entry lost", [*lines[:at], *lines[at + 1 :]], control, None)


def lost_record(lines: list[str], random: Random) -> Planted | None:
    """A header or control is gone: the record that then stands where it may not, or the end."""
    at = _at(lines, "1589", random)
    if at is None:
        return None
    kind = lines[at][0]
    return Planted(
        f"{kind} lost", [*lines[:at], *lines[at + 1 :]], at + 1, None, (at, at + 2, 0, 1, len(lines), len(lines) - 1)
    )


def entry_twice(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "6", random)
    if at is None or lines[at + 1][:1] == "7" or _sec(lines, at) not in SIMPLE:
        return None
    return Planted("entry twice", [*lines[: at + 1], lines[at], *lines[at + 1 :]], at + 2, None)


def cut_line(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "1568", random)
    if at is None:
        return None
    keep = random.randint(10, 80)
    short = lines[at][:keep].rstrip()
    if len(lines[at].rstrip()) <= len(short) + 3:
        return None
    return Planted("line cut", [*lines[:at], short, *lines[at + 1 :]], at + 1, None)


def traces_swapped(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "6", random)
    if at is None or lines[at + 1][:1] != "6" or _sec(lines, at) not in SIMPLE or lines[at][79:] >= lines[at + 1][79:]:
        return None
    first, second = lines[at], lines[at + 1]
    changed = [*lines[:at], first[:79] + second[79:], second[:79] + first[79:], *lines[at + 2 :]]
    return Planted("traces swapped", changed, at + 2, (80, 94), (at + 1,))


def foreign_trace(lines: list[str], random: Random) -> Planted | None:
    """The trace number begins with another institution than the batch's."""
    at = _at(lines, "6", random)
    if at is None or _sec(lines, at) not in SIMPLE or lines[at][1:3] in ("21", "31", "26", "36"):
        return None
    wrong = _other(lines[at][79:87], random) + lines[at][87:]
    if lines[at + 1][:1] == "7":
        return None
    return Planted("foreign trace", _put(lines, at, ENTRY[-1], wrong), at + 1, (80, 94))


def unknown_code(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "6", random)
    if at is None or _sec(lines, at) not in SIMPLE:
        return None
    return Planted(
        "transaction code", _put(lines, at, ENTRY[1], random.choice(("20", "19", "99", "40"))), at + 1, (2, 3)
    )


def addenda_sequence(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "7", random)
    if at is None or lines[at][1:3] != "05" or lines[at][93] == " ":
        return None  # some write them without their last columns
    column = random.choice(ADDENDA_05[-2:])
    return Planted(
        column.name,
        _put(lines, at, column, _other(lines[at][column.where], random)),
        at + 1,
        (column.first, column.last),
    )


def addenda_indicator(lines: list[str], random: Random) -> Planted | None:
    at = _at(lines, "6", random)
    if at is None or _sec(lines, at) not in ("PPD", "CCD", "WEB"):
        return None
    return Planted(
        "addenda indicator",
        _put(lines, at, ENTRY[-2], "0" if lines[at][78] == "1" else "1"),
        at + 1,
        (79, 79),
        (at + 2,),
    )


def unknown_reason(lines: list[str], random: Random) -> Planted | None:
    """A return or change code that there is not."""
    at = _at(lines, "7", random)
    if at is None or lines[at][1:3] not in ("98", "99"):
        return None
    column = Column("code", 4, 6, "a")
    return Planted(
        "return or change code", _put(lines, at, column, random.choice(("R99", "C99", "X01"))), at + 1, (4, 6)
    )


def addenda_type(lines: list[str], random: Random) -> Planted | None:
    """An addenda type of another class, or none at all."""
    at = _at(lines, "7", random)
    if at is None or lines[at][1:3] in ("98", "99"):
        return None
    column = Column("addenda_type", 2, 3, "n")
    wrong = random.choice([kind for kind in ("00", "33", "02", "05") if kind != lines[at][1:3]])
    allowed = {"17", "18"} if _sec(lines, at) == "IAT" else set()
    if wrong in allowed or any(line[1:3] in ("98", "99") for line in lines if line[:1] == "7"):
        return None
    return Planted("addenda type", _put(lines, at, column, wrong), at + 1, (2, 3))


def lost_addenda(lines: list[str], random: Random) -> Planted | None:
    """The only addenda of an entry is gone."""
    at = _at(lines, "7", random)
    if at is None or lines[at - 1][:1] != "6" or lines[at + 1][:1] == "7":
        return None
    control = next(n for n, line in enumerate(lines) if n > at and line[:1] == "8")
    return Planted("addenda lost", [*lines[:at], *lines[at + 1 :]], at, (79, 79), (control,))


def class_field(lines: list[str], random: Random) -> Planted | None:
    """A field that only one class has is blank, or no value of its own."""
    at = _at(lines, "67", random)
    columns = [c for c in _columns(lines, at) if c.name in CLASS_FIELDS] if at is not None else []
    if at is None or not columns or "99" in {line[1:3] for line in lines if line[:1] == "7"}:
        return None
    column = random.choice(columns)
    wrong = CLASS_FIELDS[column.name].ljust(column.width)[: column.width]
    return Planted(column.name, _put(lines, at, column, wrong), at + 1, (column.first, column.last))


CLASS_FIELDS = {
    "check_serial_number": "",
    "terminal_state": "ZZ",
    "card_expiration": "1399",
    "card_transaction_type": "77",
    "process_control": "",
    "item_research_number": "",
    "transaction_date": "1340",
    "transaction_type": "BIL",
    "odfi_id_qualifier": "09",
    "rdfi_branch_country": "U1",
}


def padding(lines: list[str], random: Random) -> Planted | None:
    """Fewer or more lines of nines than fill the last block."""
    nines = sum(line == "9" * 94 for line in lines)
    if not nines or random.random() < 0.5:
        return Planted("line after the file control", [*lines, "6" + lines[0][1:]], len(lines) + 1)
    return Planted("nine in padding", [*lines[:-1], "9" * 93 + "8"], len(lines))


DEFECTS: tuple[Callable[[list[str], Random], Planted | None], ...] = (
    letter_in_a_number,
    character_out_of_the_set,
    check_digit,
    amount,
    control_number,
    control_identity,
    lost_entry,
    lost_record,
    entry_twice,
    cut_line,
    traces_swapped,
    foreign_trace,
    unknown_code,
    addenda_sequence,
    addenda_indicator,
    unknown_reason,
    addenda_type,
    lost_addenda,
    class_field,
    padding,
)


# --- judgement --------------------------------------------------------------------------------------


def judge(planted: Planted, errors: list[Refusal]) -> str:
    """ "" when the one error stands where the defect is; else what is not as it should be."""
    if not errors:
        return "accepted"
    if len(errors) > 1:
        return f"{len(errors)} errors"
    found = _PLACE.match(errors[0].place)
    line = int(found[1]) if found else 0
    if line != planted.line and line not in planted.also:
        return f"line {line} in place of {planted.line}"
    if planted.columns is None or found is None or found[2] is None or line in planted.also:
        return ""
    first, last = int(found[2]), int(found[3] or found[2])
    overlap = first <= planted.columns[1] and planted.columns[0] <= last
    return "" if overlap else f"columns {first}-{last} in place of {planted.columns[0]}-{planted.columns[1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    random = Random(options.seed)
    files = valid_files(random)
    right = planted_count = 0
    wrong: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    while planted_count < options.count:
        planted = random.choice(DEFECTS)(random.choice(files), random)
        if planted is None:
            continue
        planted_count += 1
        errors = verdict(planted.lines)
        said = judge(planted, errors)
        right += not said
        if said:
            key = (planted.kind, re.sub(r"line \d+ in place of \d+", "another line", said))
            wrong[key] += 1
            told = "; ".join(f"{e.code} {e.place}: {e.text[:70]}" for e in errors[:3])
            examples.setdefault(key, f"defect in line {planted.line}: {told or 'nothing'}")
    share = right / planted_count
    if options.json:
        print(json.dumps({"count": planted_count, "right": right, "share": share}))
    for (kind, said), count in wrong.most_common():
        print(f"{count:6} {kind}: {said}\n       {examples[kind, said]}")
    print(f"{planted_count} defects in {len(files)} files: {right} right ({share:.2%})")
    return 0 if share >= RIGHT_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
