"""The days on which payment systems and banks are closed, as tables.

Strategy: a calendar is a list of holidays, each a rule in a few characters, read once per year:

    "12-25"          a fixed day
    "easter+39"      counted from Western Easter Sunday; "orthodox-2" from the Orthodox one
    "01-mon>=15"     the first Monday on or after 15 January, which is the third one
    "05-last-mon"    the last Monday of May

What happens when a holiday falls on a weekend is the calendar's own rule, in `moves`:

    ""        it is lost
    "sunday"  one on a Sunday is kept on the Monday after; one on a Saturday is lost (the Federal Reserve)
    "free"    it is kept on the next weekday that is not a holiday itself (the United Kingdom, Ireland)

Only days on which banks nowhere in the country settle are listed: what a region or a town keeps is not in them, and a
half day is a business day. What a government moves by decree from year to year stands on its plain day. The tables say
what holds since 2024.
"""

from __future__ import annotations

from msgspec import Struct


class Holiday(Struct, frozen=True):
    """One holiday of a calendar: its rule, the years it is kept in, what becomes of it on a weekend."""

    rule: str
    since: int = 0
    until: int = 9999
    moves: str = ""


def _kept(moves: str, *rules: str) -> tuple[Holiday, ...]:
    return tuple(Holiday(rule, moves=moves) for rule in rules)


def _plain(*rules: str) -> tuple[Holiday, ...]:
    return _kept("", *rules)


# The United States' federal holidays as the Federal Reserve Banks keep them.
_FED = _kept(
    "sunday",
    "01-01",
    "01-mon>=15",  # Martin Luther King, Jr.
    "02-mon>=15",  # Washington's birthday
    "05-last-mon",  # Memorial Day
    "06-19",  # Juneteenth
    "07-04",
    "09-mon>=1",  # Labor Day
    "10-mon>=8",  # Columbus Day
    "11-11",  # Veterans Day
    "11-thu>=22",  # Thanksgiving
    "12-25",
)

CALENDARS: dict[str, tuple[Holiday, ...]] = {
    "T2": _plain("01-01", "easter-2", "easter+1", "05-01", "12-25", "12-26"),  # TARGET closing days
    "FED": _FED,
    "US": _FED,
    "GB": _kept("free", "01-01", "easter-2", "easter+1", "05-mon>=1", "05-last-mon", "08-last-mon", "12-25", "12-26"),
    "IE": (
        *_kept("free", "01-01", "03-17", "easter-2", "easter+1", "05-mon>=1", "06-mon>=1", "08-mon>=1"),
        *_kept("free", "10-last-mon", "12-25", "12-26", "02-st-brigid"),
    ),
    "DE": _plain("01-01", "easter-2", "easter+1", "05-01", "easter+39", "easter+50", "10-03", "12-25", "12-26"),
    "FR": _plain(
        "01-01", "easter+1", "05-01", "05-08", "easter+39", "easter+50", "07-14", "08-15", "11-01", "11-11", "12-25"
    ),
    "IT": (
        *_plain("01-01", "01-06", "easter+1", "04-25", "05-01", "06-02", "08-15"),
        Holiday("10-04", since=2026),  # Saint Francis, a holiday again since then
        *_plain("11-01", "12-08", "12-25", "12-26"),
    ),
    "ES": _plain("01-01", "01-06", "easter-2", "05-01", "08-15", "10-12", "11-01", "12-06", "12-08", "12-25"),
    "NL": _plain("01-01", "easter-2", "easter+1", "04-27", "easter+39", "easter+50", "12-25", "12-26"),
    "BE": (
        *_plain("01-01", "easter-2", "easter+1", "05-01", "easter+39", "easter+40", "easter+50", "07-21"),
        *_plain("08-15", "11-01", "11-11", "12-25", "12-26"),
    ),
    "LU": (
        *_plain("01-01", "easter-2", "easter+1", "05-01", "05-09", "easter+39", "easter+50", "06-23"),
        *_plain("08-15", "11-01", "12-25", "12-26"),
    ),
    "AT": (
        *_plain("01-01", "01-06", "easter-2", "easter+1", "05-01", "easter+39", "easter+50", "easter+60"),
        *_plain("08-15", "10-26", "11-01", "12-08", "12-24", "12-25", "12-26", "12-31"),
    ),
    "PT": (
        *_plain("01-01", "easter-2", "04-25", "05-01", "easter+60", "06-10", "08-15", "10-05"),
        *_plain("11-01", "12-01", "12-08", "12-25"),
    ),
    "FI": (
        *_plain("01-01", "01-06", "easter-2", "easter+1", "05-01", "easter+39", "06-fri>=19"),
        *_plain("12-06", "12-24", "12-25", "12-26"),
    ),
    "SE": (
        *_plain("01-01", "01-06", "easter-2", "easter+1", "05-01", "easter+39", "06-06", "06-fri>=19"),
        *_plain("12-24", "12-25", "12-26", "12-31"),
    ),
    "DK": (
        *_plain("01-01", "easter-3", "easter-2", "easter+1", "easter+39", "easter+40", "easter+50"),
        *_plain("06-05", "12-24", "12-25", "12-26", "12-31"),
    ),
    "NO": (
        *_plain("01-01", "easter-3", "easter-2", "easter+1", "05-01", "05-17", "easter+39", "easter+50"),
        *_plain("12-25", "12-26"),
    ),
    "PL": (
        *_plain("01-01", "01-06", "easter+1", "05-01", "05-03", "easter+60", "08-15", "11-01", "11-11"),
        Holiday("12-24", since=2025),
        *_plain("12-25", "12-26"),
    ),
    "CZ": (
        *_plain("01-01", "easter-2", "easter+1", "05-01", "05-08", "07-05", "07-06", "09-28", "10-28", "11-17"),
        *_plain("12-24", "12-25", "12-26"),
    ),
    "GR": (
        *_plain("01-01", "01-06", "orthodox-48", "03-25", "orthodox-2", "orthodox+1", "05-01", "orthodox+50"),
        *_plain("08-15", "10-28", "12-25", "12-26"),
    ),
    # The cantons differ; these are Zurich's, where the interbank clearing is.
    "CH": (
        *_plain("01-01", "01-02", "easter-2", "easter+1", "05-01", "easter+39", "easter+50", "08-01"),
        *_plain("12-25", "12-26"),
    ),
}
