"""A slice of what `make fuzz` does to every decoder."""

from __future__ import annotations

import pytest

from tests.fuzz.run import fuzz, targets


@pytest.mark.parametrize("name", targets([]))
def test_nothing_but_records_and_refusals_with_a_place_comes_out(name: str) -> None:
    outcome = fuzz((name, f"suite {name}", 200))
    assert not outcome.failures, outcome.failures[0]
    assert outcome.counts.total() >= 200
