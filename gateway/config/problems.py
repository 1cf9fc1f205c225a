"""What is wrong with the operator's file: file, line, column, key, and a sentence. All of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec
from msgspec import Struct

PROBLEMS_MAX = 200  # of one file; whoever has more mends these first
KNOWN_SHOWN_MAX = 24  # names listed after "known are"

Path = tuple[str | int, ...]  # of a value in the file: ("routes", 3, "send", "to")


class ConfigError(Struct, frozen=True):
    """One problem. `line` and `column` count from 1; line 0: it comes from the environment, `file` says which."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.text}" if self.path else f"{place}: {self.text}"


class ConfigErrors(Exception):
    """The configuration is not taken; `errors` says everything that is wrong with it, in file order."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        found = sorted(errors, key=lambda error: (error.line, error.column, str(error)))
        if len(found) > PROBLEMS_MAX:
            more = f"and {len(found) - PROBLEMS_MAX} problems more"
            found = [*found[:PROBLEMS_MAX], msgspec.structs.replace(found[PROBLEMS_MAX], path="", text=more)]
        self.errors = tuple(found)
        super().__init__("\n".join(map(str, self.errors)))


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """`unknown key 'batchmax', did you mean batch_max? known are batch_max, path`: a sentence for a name not known."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1) or [known for known in names if known.lower() == name.lower()]
    hint = f"; did you mean {near[0]}?" if near else ""
    shown = ", ".join(names[:KNOWN_SHOWN_MAX]) + (", ..." if len(names) > KNOWN_SHOWN_MAX else "")
    return f"unknown {what} {shorten(name)!r}{hint or ';'} known are {shown or 'none'}"


def shorten(text: str, length: int = 60) -> str:
    """A text as it may stand in a message."""
    return text if len(text) <= length else text[: length - 3] + "..."
