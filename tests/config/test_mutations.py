"""A thousand damaged configurations: each is refused with a place in it, or means exactly what its YAML says."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import yaml

from gateway.config.load import ConfigErrors
from gateway.config.records import Configuration
from gateway.config.yaml import read
from tests.config.known import GOOD, good
from tests.config.test_yaml import plain

MUTANTS = 1_000
PIECES: list[str] = [
    *"{}[]:,-&*!|>'\"#%@`?~ \n\t\0",
    "NO",
    "on",
    "010",
    "16:30",
    "<<: ",
    "&a ",
    "*a",
    "!!int ",
    "---\n",
    "1e400",
    "9" * 40,
    "null",
    "\u2028",
    "\ufeff",
    "é",
    "${env:HOME}",
]
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # reads every scalar as a text


def _delete(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text))
    end = start + rng.choice((1, 1, 2, 8, 60))
    return text[:start] + text[end:]


def _insert(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text) + 1)
    return text[:start] + rng.choice(PIECES) + text[start:]


def _replace(rng: random.Random, text: str) -> str:
    start = rng.randrange(len(text))
    return text[:start] + rng.choice(PIECES) + text[start + 1 :]


def _lines(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    change = rng.choice(("swap", "double", "drop", "indent"))
    if change == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    elif change == "double":
        lines.insert(other, lines[one])
    elif change == "drop":
        del lines[one]
    else:
        lines[one] = " " * rng.randrange(8) + lines[one].lstrip(" ")
    return "".join(lines)


def _respelled(rng: random.Random, text: str) -> str:
    """Another spelling of the same thing."""
    old, new = rng.choice(
        (
            ("1_000\n", "1000\n"),
            ("kind: order", "kind: [order]"),
            ("path: var/drop/csm", "path: './var/drop/csm'"),
            ("AG01", "'AG01'"),
            ("100_000", "100000"),
            ("losses: refuse\n", "losses: refuse # as agreed\n"),
            ("\n", "\n\n"),
        )
    )
    return text.replace(old, new)


MUTATORS: tuple[Callable[[random.Random, str], str], ...] = (_delete, _insert, _replace, _lines, _respelled)


def _mutant(seed: int) -> str:
    rng = random.Random(seed)
    text = GOOD
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        text = rng.choice(MUTATORS)(rng, text)
    return text


def _taken(seed: int, text: str) -> Configuration | None:
    """The configuration; None when the text is refused, with places that are in it."""
    try:
        return good(text)
    except ConfigErrors as refused:
        errors = refused.errors
    last = text.count("\n") + text.count("\u2028") + 2
    assert errors, f"seed {seed}"
    assert all(1 <= error.line <= last and error.text for error in errors), f"seed {seed}"
    return None


@pytest.mark.parametrize("first", range(0, MUTANTS, 100))
def test_mutants_are_refused_or_understood(first: int) -> None:
    original = good()
    for seed in range(first, first + 100):
        text = _mutant(seed)
        config = _taken(seed, text)
        if config is None:
            continue
        as_written, as_was = yaml.load(text, LOADER), yaml.load(GOOD, LOADER)
        assert plain(read(text, "routes.yaml")[0]) == as_written, f"seed {seed}"
        if as_written == as_was:
            assert config.generation_hash == original.generation_hash, f"seed {seed}"


@pytest.mark.parametrize("seed", range(50))
def test_respelled_means_the_same(seed: int) -> None:
    assert good(_respelled(random.Random(seed), GOOD)).generation_hash == good().generation_hash


def test_mutants_are_of_both_kinds() -> None:
    """Otherwise the test above would say little."""
    refused = sum(_taken(seed, _mutant(seed)) is None for seed in range(200))
    assert 100 < refused < 190
