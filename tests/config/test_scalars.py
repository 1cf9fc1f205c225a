"""What texts mean as numbers and truth values: YAML 1.2's core and nothing beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.config.scalars import READERS, Bad
from gateway.config.yaml import Scalar

BAD = "bad"


def _read(wanted: type, text: str, plain: bool = True) -> Any:
    value = READERS[wanted](Scalar(text, plain, "f.yaml", 1, 1))
    return BAD if isinstance(value, Bad) else value


PLAIN: dict[type, dict[str, Any]] = {
    str: {
        "NO": "NO",
        "on": "on",
        "16:30": "16:30",
        "010": "010",
        "1_000": "1_000",
        "true": "true",
        "Null": "Null",
        "null": BAD,
        "~": BAD,
        "": BAD,
    },
    bool: {
        "true": True,
        "false": False,
        "True": BAD,
        "yes": BAD,
        "NO": BAD,
        "on": BAD,
        "1": BAD,
        "": BAD,
    },
    int: {
        "0": 0,
        "-5": -5,
        "+5": 5,
        "1_000": 1000,
        "1__0": BAD,
        "_1": BAD,
        "1_": BAD,
        "010": BAD,
        "0x1f": BAD,
        "0o17": BAD,
        "0b1": BAD,
        "1.0": BAD,
        "1e3": BAD,
        "16:30": BAD,
        "9" * 25: BAD,
        "\u0661": BAD,
        "true": BAD,
        "1\n": BAD,
    },
    float: {
        "0.85": 0.85,
        "1": 1.0,
        "-1_000.5": -1000.5,
        "1e3": 1000.0,
        "1e400": BAD,
        ".5": BAD,
        "5.": BAD,
        ".inf": BAD,
        ".nan": BAD,
        "nan": BAD,
        "010.5": BAD,
        "0." + "1" * 30: BAD,
    },
    Decimal: {
        "12.50": Decimal("12.50"),
        "1_000_000": Decimal(1_000_000),
        "-0.01": Decimal("-0.01"),
        "1e3": BAD,
        "NaN": BAD,
        "Infinity": BAD,
        "01": BAD,
        "9" * 25: BAD,
        "1,5": BAD,
    },
}
CASES = [(wanted, text, value) for wanted, texts in PLAIN.items() for text, value in texts.items()]


@pytest.mark.parametrize(("wanted", "text", "value"), CASES)
def test_plain(wanted: type, text: str, value: Any) -> None:
    assert _read(wanted, text) == value


@pytest.mark.parametrize(
    ("wanted", "text", "value"),
    [
        (str, "null", "null"),
        (str, "", ""),
        (str, "a\0b", BAD),
        (bool, "true", BAD),
        (int, "5", BAD),
        (float, "0.5", BAD),
        (Decimal, "12.50", Decimal("12.50")),
    ],
)
def test_in_quotes(wanted: type, text: str, value: Any) -> None:
    assert _read(wanted, text, plain=False) == value
