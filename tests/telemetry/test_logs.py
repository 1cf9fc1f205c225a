"""Log lines: one event, one line, whatever is put into a field."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.telemetry.logs import JsonLines, Lines, mask_account, mask_name, setup, under_journald


def record(message: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    made = logging.LogRecord("financial_os.test", level, "x.py", 1, message, args, None)
    made.created, made.msecs = 1_767_225_600.0, 7
    return made


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    found = logging.getLogger()
    before = (list(found.handlers), found.level)
    yield found
    found.handlers[:] = before[0]
    found.setLevel(before[1])


def test_an_event_is_a_name_and_fields() -> None:
    made = record("folder.quarantined endpoint=%s message=%d", "bank_x", 12)
    assert Lines().format(made) == "2026-01-01T00:00:00.007Z info folder.quarantined endpoint=bank_x message=12"
    assert json.loads(JsonLines().format(made)) == {
        "time": "2026-01-01T00:00:00.007Z",
        "level": "info",
        "logger": "financial_os.test",
        "event": "folder.quarantined",
        "endpoint": "bank_x",
        "message": 12,
    }


def test_odd_values_are_quoted() -> None:
    assert Lines().format(record("e file=%s", "a b=c")).endswith('e file="a b=c"')
    assert Lines().format(record("e file=%s", "")).endswith('e file=""')
    assert Lines().format(record("e file=%s", "x\x1b[31m\ncode=ok")).endswith(r'e file="x\u001b[31m\ncode=ok"')


@given(st.text(), st.sampled_from(["e field=%s other=%s", "%s", "%r %s", "no conversions", "%d"]))
def test_one_event_is_one_line(text: str, message: str) -> None:
    made = record(message, *([text] * message.count("%")))
    if message != "%d":
        line = Lines().format(made)
        assert line.isprintable()
        assert len(line.splitlines()) == 1
        assert json.loads(JsonLines().format(made))


@given(st.text())
def test_ready_made_text_is_one_line_too(text: str) -> None:
    assert Lines().format(record(text)).isprintable()


def test_a_trace_is_folded_into_its_line() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        made = record("e.failed endpoint=%s", "x", level=logging.ERROR)
        made.exc_info = (type(error), error, error.__traceback__)
    line = Lines().format(made)
    assert len(line.splitlines()) == 1
    assert "ValueError" in line
    assert "ValueError" in json.loads(JsonLines().format(made))["trace"]


@pytest.mark.parametrize(
    ("level", "prefix"),
    [(logging.DEBUG, "<7>"), (logging.INFO, "<6>"), (logging.WARNING, "<4>"), (logging.CRITICAL, "<3>")],
)
def test_the_journal_reads_priorities(level: int, prefix: str) -> None:
    assert Lines(journal=True).format(record("e", level=level)) == f"{prefix}e"


def test_the_journal_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        found = os.fstat(stream.fileno())
        assert under_journald(stream, {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"})
        assert not under_journald(stream, {"JOURNAL_STREAM": "1:1"})
        assert not under_journald(stream, {})
    assert not under_journald(io.StringIO(), {"JOURNAL_STREAM": "1:1"})


def test_setup_replaces_what_was_there(root: logging.Logger) -> None:
    first, second = io.StringIO(), io.StringIO()
    setup("text", "INFO", first)
    setup("json", "WARNING", second)
    logging.getLogger("financial_os.x").warning("e.v n=%d", 1)
    logging.getLogger("financial_os.x").info("e.v n=%d", 2)
    assert first.getvalue() == ""
    assert json.loads(second.getvalue())["n"] == 1


def test_masks_show_no_more_than_is_needed() -> None:
    assert mask_account("DE23999900000000000101") == "*0101"
    assert mask_account("12345678") == "*"
    assert mask_name("Alice Example") == "name(13)"
