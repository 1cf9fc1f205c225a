"""Log lines: one event, one line, whatever somebody put into a field.

Strategy: plain `logging`. An event is a name and fields, written where it happens as
`log.info("folder.quarantined endpoint=%s code=%s", name, code)`. The formatter escapes every argument before it
goes into the line, so that no file name or header can start a line of its own, and from the same call it writes
JSON lines where the operator asks for them. Accounts and names never come here whole: `mask_account`, `mask_name`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Mapping
from typing import Literal, TextIO

FIELD_CHARACTERS_MAX = 500  # enough for any sentence of ours; a hostile file name or header ends here
TRACE_CHARACTERS_MAX = 8_000  # a deep stack, folded into its line

LogForm = Literal["text", "json"]

# syslog(3) priorities as journald reads them at the start of a line.
_PRIORITIES = ((logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"), (logging.NOTSET, "<7>"))
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@+,%()\[\]#*$-]+")
_FIELD = re.compile(r"(\w+)=(%[-#0 +\d.]*[a-zA-Z])")


def setup(
    form: LogForm = "text", level: str = "INFO", stream: TextIO | None = None, environ: Mapping[str, str] = os.environ
) -> None:
    """Send every event of the process to `stream` (standard error), replacing what was set up before."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if form == "json" else Lines(journal=under_journald(stream, environ)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def under_journald(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream is the journal's: systemd names its device and inode in JOURNAL_STREAM."""
    named = environ.get("JOURNAL_STREAM", "")
    if not named:
        return False
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # not a file of the operating system: a test's buffer
        return False
    return named == f"{found.st_dev}:{found.st_ino}"


def mask_account(account: str) -> str:
    """The last four characters, as an operator compares them: `*7890`; shorter ones vanish."""
    return f"*{account[-4:]}" if len(account) > 8 else "*"


def mask_name(name: str) -> str:
    """A name as its length and nothing else: `name(14)`."""
    return f"name({len(name)})"


class Lines(logging.Formatter):
    """`2026-01-01T00:00:00.000Z info folder.quarantined endpoint=bank_x code=empty-file`."""

    def __init__(self, *, journal: bool = False) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        line = _event(record)
        if record.exc_info:
            line += f" trace={_field(_trace(record))}"
        if self._journal:  # the journal knows the time
            return f"{next(prefix for level, prefix in _PRIORITIES if record.levelno >= level)}{line}"
        return f"{_time(record)} {record.levelname.lower()} {line}"


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event and the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        event = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name, **_fields(record)}
        if record.exc_info:
            event["trace"] = _trace(record)
        return json.dumps(event)


def _time(record: logging.LogRecord) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"


def _event(record: logging.LogRecord) -> str:
    """The line, its arguments made safe; text that came ready-made is escaped as a whole."""
    if not record.args:
        return _one_line(str(record.msg))
    args = record.args.values() if isinstance(record.args, Mapping) else record.args
    safe = tuple(arg if isinstance(arg, int | float) else _field(str(arg)) for arg in args)
    try:
        return _one_line(str(record.msg) % safe)
    except (TypeError, ValueError):  # a library's own message, with conversions that need the original object
        return _one_line(record.getMessage())


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """The event's name and fields apart, where the message is written as an event; else only its text."""
    names = [name for name, _ in _FIELD.findall(str(record.msg))]
    args = record.args if isinstance(record.args, tuple) else ()
    if not names or len(names) != len(args):
        return {"event": _event(record)}
    values = [arg if isinstance(arg, int | float) else str(arg)[:FIELD_CHARACTERS_MAX] for arg in args]
    return {"event": str(record.msg).split(" ", 1)[0], **dict(zip(names, values, strict=True))}


def _field(text: str) -> str:
    """A value as it stands when it is plain, else quoted with everything odd escaped."""
    if len(text) > FIELD_CHARACTERS_MAX and "\n" not in text:
        text = text[:FIELD_CHARACTERS_MAX] + "..."
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)


def _trace(record: logging.LogRecord) -> str:
    assert record.exc_info, "asked only of records that carry an exception"
    return "".join(traceback.format_exception(*record.exc_info))[-TRACE_CHARACTERS_MAX:]
