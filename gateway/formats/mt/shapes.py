"""Narratives of one shape: the same words in the same order, each with a text behind it.

Strategy: what banks write of their entries is made alike, so a shape that comes again becomes one expression that takes
all its texts out at once. Nothing is learned from a shape that came once, and no more than so many are kept. A text
that has a mark of its own in it, or blanks at its ends, is not taken out: whoever asks reads it word by word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from msgspec import Struct

KEYS_MAX, SHAPES_MAX = 4_096, 256
TRIES_MAX = 64  # of one key: where so many could not be read at once, the next will not be either

# What is taken out, "" for what is not there.
Usual = tuple[str, ...]
FIELDS = (
    "end_to_end_id",
    "batch_id",
    "mandate",
    "creditor_id",
    "remittance",
    "counter.bank",
    "counter.account",
    "counter.name",
    "instruction_id",
    "transaction_id",
)
Step = tuple[str, str]  # a word as it is written, and the field of the text behind it; "" where that is of no field


class Plan(Struct, frozen=True):
    """How narratives of one shape are read."""

    match: Callable[[str], re.Match[str] | None]
    long: tuple[tuple[int, tuple[str, ...]], ...]  # texts that go on, and the words in them that say so
    pick: Callable[[tuple[Any, ...]], Usual]


def plan(begin: str, steps: Sequence[Step], mark: str, end: str) -> Plan | None:
    """The plan of a shape; None where a field stands in two places. `mark`: what no text has in it."""
    expression, text = begin, f"[^{mark}]*"
    fields: list[str] = []
    long: list[tuple[int, tuple[str, ...]]] = []
    for field, group in groupby(steps, key=itemgetter(1)):
        first, *others = (word for word, _ in group)
        inner = text + "".join(re.escape(word) + text for word in others)
        if not field:
            expression += re.escape(first) + inner
            continue
        if field in fields:
            return None
        if others:
            long.append((len(fields), tuple(others)))
        expression += re.escape(first) + (f"({inner})" if others else rf"(?!\s)({inner})(?<!\s)")
        fields.append(field)
    # Behind the texts stands an empty one, then those that went on, as one.
    places = {field: place for place, field in enumerate(fields)}
    places |= {fields[place]: len(fields) + number for number, (place, _) in enumerate(long, 1)}
    pick = itemgetter(*(places.get(field, len(fields)) for field in FIELDS))
    return Plan(re.compile(f"{expression}(){end}").match, tuple(long), pick)


class Shapes:
    """The shapes of one dialect; `plan` makes the plan of the words that `words` finds."""

    def __init__(self, words: re.Pattern[str], mark: str, plan: Callable[[tuple[str, ...]], Plan | None]) -> None:
        self._words, self._mark, self._plan = words, mark, plan
        self._known: dict[int, list[Plan]] = {}  # by what tells most shapes apart at a glance
        self._tried: dict[int, int] = {}
        self._plans: dict[tuple[str, ...], Plan | None] = {}

    def read(self, text: str) -> Usual | None:
        """The texts of a narrative by FIELDS; None where it has to be read word by word."""
        key = text.count(self._mark) << 16 | text.count("+")
        for plan in self._known.get(key, ()):
            found = plan.match(text)
            if found is not None:
                texts = found.groups()
                for place, words in plan.long:
                    text = texts[place]
                    for word in words:
                        text = text.replace(word, "", 1)
                    texts += (text.strip(),)
                return plan.pick(texts)
        self._learn(key, text)
        return None

    def _learn(self, key: int, text: str) -> None:
        """Make a plan for the next of this shape, unless it is the first or there were too many."""
        tried = self._tried.get(key, 0)
        if tried >= TRIES_MAX or (not tried and len(self._tried) >= KEYS_MAX):
            return
        self._tried[key] = tried + 1
        shape = tuple(self._words.findall(text)) if tried else ()
        # No text has a plus in it, or the word before it would be missed.
        if not shape or "".join(shape).count("+") != text.count("+"):
            return
        if shape not in self._plans and len(self._plans) < SHAPES_MAX:
            self._plans[shape] = self._plan(shape)
        plan, plans = self._plans.get(shape), self._known.setdefault(key, [])
        if plan is not None and plan not in plans:
            plans.append(plan)
