"""The rules of entries and their addenda: codes, routing numbers, amounts, names, traces, sequences, IAT."""

from __future__ import annotations

from gateway.formats.ach import tables
from gateway.formats.ach.faults import AMOUNTS, TOTALS, Batch, Faults, column
from gateway.formats.ach.tables import CODES, SECS, Column, routing_check_digit

ADDENDA_MAX = 9_999  # of one entry: the sequence field's four digits
ROUTING_MEMO = 50_000  # routing numbers remembered as right
IAT_TYPES = frozenset(
    "ANN BUS DEP LOA MIS MOR PEN REM RLS SAL TAX ARC BOC CIE CCD CTX MTE POP POS PPD RCK SHR TEL WEB".split()
)


class EntryChecks(Faults):
    """Checks the entry that is open and the addenda behind it, and counts them into their batch."""

    def __init__(self) -> None:
        super().__init__()
        self.batch: Batch | None = None
        self.entry: tuple[int, str] | None = None
        self.addenda: list[str] = []
        self.entries = 0
        self.lines = 0
        self.routing: dict[str, int] = {}  # right routing numbers: what they add to the entry hash

    def take_entry(self, number: int, text: str) -> None:
        """The hot path: count and check one entry; the rest of it follows when its addenda are known."""
        batch = self.batch
        assert batch is not None, "called within a batch"
        batch.first = False
        batch.count += 1
        self.lines = number
        if batch.sec == "ADV":
            self._entry_adv(number, text, batch)
            return
        code = CODES.get(text[1:3])
        routing = text[3:12]
        if routing not in self.routing:
            self._check_routing(number, text)
        if text[3:11].isdigit():
            batch.hash += int(text[3:11])
        else:
            batch.doubts.add("entry_hash")
        amount = text[29:39]
        cents = int(amount) if amount.isdigit() else -1
        if code is None:
            self.wrong("E01", number, tables.ENTRY[1], f"{text[1:3]!r} is not a transaction code")
            batch.doubts.update(AMOUNTS)
        elif code.debit:
            batch.debits += max(cents, 0)
        else:
            batch.credits += max(cents, 0)
        if cents < 0:
            self.wrong("E03", number, tables.ENTRY[5], "the amount is not ten digits", "AM12")
            batch.doubts.update(AMOUNTS)
        trace = text[79:94]
        if trace > batch.last_trace and trace[:8] == batch.odfi and trace.isdigit():
            batch.last_trace = trace
        elif number != self.cut:
            self._check_trace(number, trace, batch)
        if not (text.isascii() and text.isprintable()):
            self.characters(number, text)
        self.entry = number, text
        self.entries += 1

    def _entry_adv(self, number: int, text: str, batch: Batch) -> None:
        digits = text[27:39]
        cents = int(digits) if digits.isdigit() else 0
        if text[3:12] not in self.routing:
            self._check_routing(number, text)
        batch.hash += int(text[3:11]) if text[3:11].isdigit() else 0
        code = CODES.get(text[1:3])
        if code is None or not 81 <= int(text[1:3]) <= 88:
            self.wrong("E01", number, tables.ENTRY_ADV[1], f"{text[1:3]!r} is not a transaction code of ADV")
        elif code.debit:
            batch.debits += cents
        else:
            batch.credits += cents
        self.entry = number, text
        self.entries += 1

    def _check_routing(self, number: int, text: str) -> None:
        routing = text[3:12]
        if not routing[:8].isdigit():
            self.wrong("E02", number, tables.ENTRY[2], "the routing number is not eight digits", "RC01")
        elif routing_check_digit(routing[:8]) != routing[8]:
            expected = routing_check_digit(routing[:8])
            self.wrong("E02", number, tables.ENTRY[3], f"check digit {routing[8]!r}, expected {expected!r}", "RC01")
        elif len(self.routing) < ROUTING_MEMO:
            self.routing[routing] = int(routing[:8])

    def _check_trace(self, number: int, trace: str, batch: Batch) -> None:
        """A trace number that does not rise, or not in the batch's own series."""
        c = column(tables.ENTRY, "trace_number")
        if trace == batch.last_trace and not batch.returned:
            batch.doubts.update(TOTALS)  # the entry stands there twice
        if not trace.isdigit():
            self.wrong("B08", number, c, "the trace number is not fifteen digits", "RF01")
        elif trace <= batch.last_trace and not batch.returned:
            self.wrong("B08", number, c, "the trace number does not rise within its batch", "RF01")
        elif trace[:8] != batch.odfi and batch.sound:
            self.wrong("B08", number, c, f"begins with {trace[:8]}, the batch's ODFI is {batch.odfi}", "RF01")
            batch.sound = False  # said once: the header is as likely at fault as the entries
        elif trace[:8] != batch.odfi and trace > batch.last_trace:
            batch.last_trace = trace

    def take_addenda(self, number: int, text: str) -> None:
        batch = self.batch
        assert batch is not None, "called within an entry"
        batch.count += 1
        self.lines = number
        if not text.isprintable():
            self.characters(number, text)
        if len(self.addenda) < ADDENDA_MAX:
            self.addenda.append(text)

    def finish_entry(self) -> None:
        """What can only be said once the addenda are there."""
        assert self.entry is not None
        (number, text), addenda = self.entry, self.addenda
        self.entry = None
        if addenda:
            self.addenda = []
        batch = self.batch
        assert batch is not None, "an entry stands in a batch"
        if text[78] != ("1" if addenda else "0") or addenda or batch.sec not in ("PPD", "CCD"):
            self._check_rest(number, text, addenda, batch)
        else:
            self._check_plain(number, text, batch)

    def _check_plain(self, number: int, text: str, batch: Batch) -> None:
        """Amount, name and direction of a PPD or CCD entry without addenda: most entries there are."""
        code = CODES.get(text[1:3])
        if code is None or (not batch.sound and batch.sec not in SECS):
            return
        zero = text[29:39] == "0000000000"
        if zero == (code.kind == "live") or (code.kind == "zero" and batch.sec == "PPD") or code.kind == "returned":
            self._check_amount(number, text, code, batch)
        if not text[54:76].strip(" 0"):
            self.wrong("E04", number, column(tables.ENTRY, "individual_name"), "blank or all zeros", "BE06")
        if batch.service != "200":
            self._check_direction(number, code, batch)

    def _check_amount(self, number: int, text: str, code: tables.Code, batch: Batch) -> None:
        c, amount = tables.ENTRY[5], text[29:39]
        sec = SECS[batch.sec]
        if not amount.isdigit():
            return
        cents = int(amount)
        if code.kind == "live" and not cents and not sec.zero:
            self.wrong("E03", number, c, "zero, and the transaction code is a live one", "AM01")
        elif code.kind in ("prenote", "zero") and cents and batch.sec not in ("DNE", "ENR", "ACK", "ATX"):
            self.wrong("E03", number, c, f"{cents}, and the transaction code says zero", "AM09")
        elif code.kind == "zero" and not sec.zero:
            self.wrong("E01", number, tables.ENTRY[1], f"{text[1:3]} is not for {batch.sec}")
        elif cents > tables.CEILING_CENTS.get(batch.sec, cents):
            self.wrong("E03", number, c, f"above the {tables.CEILING_CENTS[batch.sec]} cents of {batch.sec}", "AM02")

    def _check_direction(self, number: int, code: tables.Code, batch: Batch) -> None:
        if (batch.service == "220" and code.debit) or (batch.service == "225" and not code.debit):
            text = f"service class {batch.service} has no {'debits' if code.debit else 'credits'}"
            self.wrong("B10", number, tables.ENTRY[1], text)

    def _check_rest(self, number: int, text: str, addenda: list[str], batch: Batch) -> None:
        """An entry with addenda, or of another class."""
        sec = SECS.get(batch.sec)
        types = {line[1:3] for line in addenda}
        returned = "99" in types
        batch.returned = batch.returned or returned
        if sec is None or (batch.sec == "ADV" and not returned):
            return
        if text[78] != ("1" if addenda else "0"):
            what = "no addenda follow" if not addenda else f"{len(addenda)} addenda follow"
            self.wrong("E06", number, column(tables.ENTRY, "addenda_indicator"), f"found {text[78]!r}, and {what}")
        if returned or "98" in types:
            self._check_returned(number, addenda)
            return
        self._check_addenda(number, text, addenda, batch, sec)
        code = CODES.get(text[1:3])
        if code is None:
            return
        reversal = batch.header[53:63].strip() == "REVERSAL"
        if not reversal and (
            (code.debit and not sec.debits) or (not code.debit and not sec.credits and code.kind != "prenote")
        ):
            self.wrong("E01", number, tables.ENTRY[1], f"{text[1:3]} is not for {batch.sec}")
        if reversal and batch.sec == "TEL" and code.debit:
            self.wrong("E01", number, tables.ENTRY[1], "a reversal of TEL has credits only")
        if batch.sec != "IAT":
            self._check_amount(number, text, code, batch)
        if batch.service in ("220", "225") and batch.sec != "IAT":
            self._check_direction(number, code, batch)
        if sec.name_needed and not text[54:76].strip(" 0"):
            self.wrong("E04", number, column(tables.ENTRY, "individual_name"), "blank or all zeros", "BE06")

    def _check_returned(self, number: int, addenda: list[str]) -> None:
        for place, line in enumerate(addenda, 1):
            if line[1:3] == "99" and line[3:6] not in tables.RETURN_CODES:
                self.wrong("R01x", number + place, tables.ADDENDA_99[2], f"{line[3:6]!r} is not a return code")
            if line[1:3] == "98" and line[3:6] not in tables.CHANGE_CODES:
                self.wrong("C01x", number + place, tables.ADDENDA_98[2], f"{line[3:6]!r} is not a change code")

    def _check_addenda(self, number: int, text: str, addenda: list[str], batch: Batch, sec: tables.Sec) -> None:
        if len(addenda) > sec.addenda_max:
            self.wrong("E07", number + 1, None, f"{len(addenda)} addenda, {batch.sec} has at most {sec.addenda_max}")
            return
        for place, line in enumerate(addenda, 1):
            if line[1:3] not in sec.addenda:
                self.wrong("E07", number + place, tables.ADDENDA_05[1], f"type {line[1:3]!r} is not for {batch.sec}")
            elif line[1:3] == "05":
                self._check_sequence(number + place, place, line, text)
        if sec.count_field is not None:
            first, last = sec.count_field
            said = text[first - 1 : last]
            mandatory = 7 if batch.sec == "IAT" else len(addenda)  # some count only 10 to 16
            if batch.sec != "ENR" and (not said.isdigit() or int(said) not in (len(addenda), mandatory)):
                self.wrong(
                    "E09", number, Column("addenda_count", first, last, "n"), f"says {said!r}, found {len(addenda)}"
                )
        if batch.sec == "IAT":
            self._check_iat(number, addenda)

    def _check_sequence(self, number: int, place: int, line: str, entry: str) -> None:
        if not line[87:94].isdigit() or not entry[87:94].isdigit():
            return  # a record without its last columns, as some write it: nothing to compare
        if not line[83:87].isdigit() or int(line[83:87]) != place:
            self.wrong(
                "E08", number, column(tables.ADDENDA_05, "sequence"), f"found {line[83:87]!r}, expected {place:04d}"
            )
        elif line[87:94] != entry[87:94]:
            self.wrong(
                "E08",
                number,
                column(tables.ADDENDA_05, "entry_sequence"),
                "not the last seven digits of the entry's trace",
            )

    def _check_iat(self, number: int, addenda: list[str]) -> None:
        kinds = [line[1:3] for line in addenda]
        if kinds[:7] != ["10", "11", "12", "13", "14", "15", "16"]:
            self.wrong("E11", number, None, "addenda 10 to 16 are not all there and in order")
        for place, line in enumerate(addenda, 1):
            if line[1:3] == "10" and line[3:6] not in IAT_TYPES:
                self.wrong(
                    "E11",
                    number + place,
                    Column("transaction_type", 4, 6, "a"),
                    f"{line[3:6]!r} is not a transaction type",
                )
