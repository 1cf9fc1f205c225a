"""What a text of the file means as a number, a truth value or an amount; YAML 1.2's core, and stricter.

Strategy: one reader per type, each answers a value or the sentence that says what is wrong. Nothing is guessed:
`yes` is no truth value, `010` no number, `1e400` no float.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from gateway.config.problems import shorten
from gateway.config.yaml import Scalar

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)\Z", re.ASCII)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+\Z", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+)?\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*(?:_[0-9]+)*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?\Z", re.ASCII)
DIGITS_MAX = 24  # of any number: more than the largest amount, 18 digits and 5 decimals


class Bad(Struct, frozen=True):
    """Why a text is not what was wanted."""

    text: str


def boolean(node: Scalar) -> bool | Bad:
    if node.plain and node.text in ("true", "false"):
        return node.text == "true"
    return Bad(f"{_shown(node)} is not a truth value; write true or false")


def integer(node: Scalar) -> int | Bad:
    if node.plain and _LEADING_ZERO.match(node.text):
        return Bad(f"{_shown(node)} begins with a zero; write {node.text.lstrip('+-0_') or '0'}, or a text in quotes")
    if not node.plain or not _INTEGER.match(node.text):
        return Bad(f"{_shown(node)} is not a whole number")
    return Bad(_too_long(node)) if len(node.text) > DIGITS_MAX else int(node.text)


def real(node: Scalar) -> float | Bad:
    if not node.plain or not _FLOAT.match(node.text):
        return Bad(f"{_shown(node)} is not a number")
    if len(node.text) > DIGITS_MAX:
        return Bad(_too_long(node))
    value = float(node.text)
    return value if math.isfinite(value) else Bad(f"{_shown(node)} is too large a number")


def decimal(node: Scalar) -> Decimal | Bad:
    """A decimal number without exponent; in quotes or not."""
    if not _DECIMAL.match(node.text):
        return Bad(f"{_shown(node)} is not a decimal number")
    return Bad(_too_long(node)) if len(node.text) > DIGITS_MAX else Decimal(node.text)


def text(node: Scalar) -> str | Bad:
    """Any scalar as it stands: `NO`, `010` and `16:30` are texts where a text is wanted."""
    if node.null:
        return Bad("a value is missing")
    if "\0" in node.text:
        return Bad("holds a zero byte")
    return node.text


READERS: Mapping[Any, Callable[[Scalar], Any]] = {bool: boolean, int: integer, float: real, Decimal: decimal, str: text}
NAMES: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a decimal number",
    str: "a text",
}


def _shown(node: Scalar) -> str:
    if node.null:
        return "nothing"
    return repr(shorten(node.text)) if node.plain else f"{shorten(node.text)!r} in quotes"


def _too_long(node: Scalar) -> str:
    return f"{_shown(node)} is longer than {DIGITS_MAX} digits"
