"""Names as comparable words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.compliance._words import (
    NAME_CHARACTERS_MAX,
    SAME,
    WORDS_MAX,
    WORTH,
    joined,
    lettered,
    skeleton,
    words,
    worth,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VARGA, Mirko Teodor", "varga mirko teodor"),
        ("O'Neil & Sons (Cork)", "oneil sons cork"),
        ("Obsidian Kestrel S.A. de C.V.", "obsidian kestrel sa de cv"),
        ("J. Smith", "j smith"),
        ("J.Smith", "j smith"),
        ("Al-Rashid/Karim", "al rashid karim"),
        ("Jürgen Groß, Łódź", "jurgen gross lodz"),
        ("Søren Ægir", "soren aegir"),
        ("Аркадий Листопадов", "arkadii listopadov"),
        ("Νικόλαος", "nikolaos"),
        ("محمد", "mhmd"),
        ("ﬁnance ＡＢＣ", "finance abc"),
        ("Sa‘id “Otter”", "said otter"),
        ("Jabir\u200bKhalid\tX\x00Y", "jabirkhalid x y"),
        ("...", ""),
        ("", ""),
    ],
)
def test_words(name: str, expected: str) -> None:
    assert words(name) == expected.split()


def test_no_more_is_looked_at_than_names_have() -> None:
    assert words("x" * 1_000) == ["x" * NAME_CHARACTERS_MAX]
    assert len(words("ab " * 100)) == WORDS_MAX


@given(st.text(max_size=400))
def test_any_text_has_words_without_blanks(text: str) -> None:
    assert all(word and not word.isspace() and word == word.strip() for word in words(text))
    assert all(0 < worth(word, 1.0) <= 1 for word in words(text))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=40))
def test_skeletons_begin_as_their_words_sound(word: str) -> None:
    assert skeleton(word)
    assert len(lettered(word)) == len(word)


@pytest.mark.parametrize(
    ("one", "other"),
    [("mohammed", "muhamad"), ("shukri", "choukri"), ("zawahiri", "zawahri"), ("philip", "filip"), ("tariq", "tarek")],
)
def test_what_sounds_alike_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


def test_neighbours_are_joined_round_the_end() -> None:
    assert joined(("rashid", "al", "x")) == [("rashidal", 0, 1), ("xrashid", 2, 0)]
    assert joined(("alone",)) == []


def test_the_tables_agree_with_themselves() -> None:
    assert all(word in SAME[other] for word, others in SAME.items() for other in others)
    assert all(words(word) == [word] for word in (*WORTH, *SAME))
