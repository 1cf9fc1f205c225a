"""The rules of file and batch headers."""

from __future__ import annotations

import re

from gateway.formats.ach import tables
from gateway.formats.ach.class_checks import header_faults
from gateway.formats.ach.codes import SECS, international, routing_check_digit
from gateway.formats.ach.entry_checks import EntryChecks
from gateway.formats.ach.faults import AMOUNTS, IDENTITY, Batch, column, day
from gateway.formats.ach.rules import STRICT, Profile
from gateway.formats.ach.tables import Layout


class HeaderChecks(EntryChecks):
    """Checks headers, and remembers what the next ones are compared with."""

    def __init__(self, profile: Profile = STRICT) -> None:
        super().__init__(profile)
        self.last_batch_number = ""
        self.adv = self.others = False  # batches of ADV, and of other classes

    def check_file_header(self, number: int, text: str) -> None:
        """Constants, institutions, moment and modifier."""
        t = tables.FILE_HEADER
        for name in ("priority_code", "record_size", "blocking_factor", "format_code"):
            c = column(t, name)
            if text[c.where] != c.kind:
                self.wrong("F03", number, c, f"found {text[c.where]!r}, expected {c.kind!r}")
        self._check_destination(number, text)
        origin = text[13:23].strip()
        if not origin.strip("0"):
            self.wrong("F04", number, column(t, "immediate_origin"), "the origin is blank or zeros")
        elif "require_aba_origin" in self.profile.names and not _is_routing(origin):
            self.wrong("F04", number, column(t, "immediate_origin"), "the origin is not a routing number", "RC01")
        if day(text[23:29]) is None:
            self.wrong("F05", number, column(t, "creation_date"), f"{text[23:29]!r} is not a date YYMMDD", "DT01")
        time = text[29:33]
        if time.strip() and not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", time, re.ASCII):
            self.wrong("F05", number, column(t, "creation_time"), f"{time!r} is not a time HHMM", "DT01")
        if not re.fullmatch(r"[A-Z0-9]", text[33]):
            self.wrong("F05", number, column(t, "file_id_modifier"), f"{text[33]!r} is not A-Z or 0-9")
        self._printable(number, text, t, ("creation_date", "creation_time", "file_id_modifier"))

    def _check_destination(self, number: int, text: str) -> None:
        c = column(tables.FILE_HEADER, "immediate_destination")
        destination = text[3:13].strip()
        if not destination.isdecimal() or len(destination) not in (9, 10):
            self.wrong("F04", number, c, "the destination is not a routing number of nine digits", "RC01")
        elif len(destination) == 9 and routing_check_digit(destination[:8]) != destination[8]:
            expected = routing_check_digit(destination[:8])
            self.wrong("F04", number, c, f"check digit {destination[8]}, expected {expected}", "RC01")

    def check_batch_header(self, number: int, text: str, batch: Batch, t: Layout, *, parted: bool) -> None:
        """All that a batch header says. `parted`: it stands where an addenda should, its number says nothing."""
        if number == self.cut:
            batch.doubts.update(IDENTITY)
            batch.sound = False
        if batch.service not in ("200", "220", "225", "280"):
            self.wrong("B01", number, column(t, "service_class"), f"{batch.service!r} is not 200, 220, 225 or 280")
            batch.doubts.add("service_class")
        if batch.sec not in SECS:
            self.wrong("B03", number, column(t, "sec_code"), f"{batch.sec!r} is not an entry class")
            batch.sound = False
            batch.doubts.update(AMOUNTS)  # of which layout its entries are
        self._check_company(number, text, batch)
        self._check_status(number, text, batch, t)
        self._check_numbers(number, batch, t, parted=parted)
        if not (text.isascii() and text.isprintable()):
            batch.doubts.add("company_identification")
        told = ("service_class", "sec_code", "originator_status", "odfi", "batch_number")
        self._printable(number, text, t, told)
        if number != self.cut:
            for rule, at, c, what in header_faults(number, text):
                self.wrong(rule, at, c, what)
        self._check_mixed(number, batch, t)

    def _check_status(self, number: int, text: str, batch: Batch, t: Layout) -> None:
        """Originator status and effective date."""
        status = {"ADV": "0", "DNE": "2"}.get(batch.sec)
        if (
            (status is not None and text[78] != status)
            or text[78] not in "012"
            or (text[78] == "0" and batch.sec not in ("ADV", "IAT"))
        ):
            self.wrong(
                "B03", number, column(t, "originator_status"), f"found {text[78]!r}, expected {status or '1 or 2'}"
            )
        effective = text[69:75]
        if effective.isdecimal() and effective.strip("0") and day(effective) is None:
            self.wrong("B04", number, column(t, "effective_date"), f"{effective!r} is not a date YYMMDD", "DT01")

    def _check_numbers(self, number: int, batch: Batch, t: Layout, *, parted: bool) -> None:
        """ODFI and batch number."""
        if not (batch.odfi.isdecimal() and batch.odfi.isascii()):
            self.wrong("B05", number, column(t, "odfi"), "not eight digits", "RC01")
            batch.sound = False
            batch.doubts.add("odfi")
        if not (batch.number.isdecimal() and batch.number.isascii()):
            self.wrong("B05", number, column(t, "batch_number"), "not seven digits")
            batch.doubts.add("batch_number")
            batch.number = self.last_batch_number
        elif self.last_batch_number and batch.number <= self.last_batch_number and not parted:
            self.wrong(
                "F07", number, column(t, "batch_number"), f"{batch.number} does not follow {self.last_batch_number}"
            )
        self.last_batch_number = batch.number

    def _check_mixed(self, number: int, batch: Batch, t: Layout) -> None:
        """Advices stand in files of their own."""
        if batch.sec not in SECS:
            return
        adv = batch.sec == "ADV"
        if (adv and self.others) or (not adv and self.adv):
            self.wrong("F08", number, column(t, "sec_code"), "batches of ADV and of other classes in one file")
        self.adv, self.others = self.adv or adv, self.others or not adv

    def _check_company(self, number: int, text: str, batch: Batch) -> None:
        if number == self.cut:
            return  # nor can its class be known
        names = (
            ("entry_description",)
            if international(text)
            else ("company_name", "company_identification", "entry_description")
        )
        for name in names:
            c = column(tables.BATCH_HEADER, name)
            if not text[c.where].strip(" 0"):
                self.wrong("B02", number, c, "blank or all zeros")


def _is_routing(nine: str) -> bool:
    return len(nine) == 9 and nine.isdecimal() and nine.isascii() and routing_check_digit(nine[:8]) == nine[8]
