"""A slice of what `make fuzz` does to frames and sessions."""

from __future__ import annotations

import pytest

from tests.formats.fix.peer import framed
from tests.fuzz.fix_frames import Fuzzer, fuzz, whole_frames


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_streams_of_damaged_frames(seed: int) -> None:
    done = fuzz(8_000, seed)
    assert done.numbers_used > 1_000, "good frames between bad ones arrive"
    assert done.compared > 20


def test_the_plain_reading_finds_what_is_whole() -> None:
    good = framed("35=0|34=2|")
    assert whole_frames(b"noise" + good + good[:-3] + good) == [good, good]
    assert whole_frames(good.replace(b"34=2", b"34=3")) == []


def test_a_frame_that_does_not_arrive_is_noticed() -> None:
    fuzzer = Fuzzer(1)
    with pytest.raises(AssertionError, match="0 of 1 whole frames arrived"):
        fuzzer._check(b"nothing", 1)
