"""Nodes into types: the shapes that no key of routes.yaml itself uses, but a door's or a check's Config may."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

from gateway.config.convert import BAD, Converter, render
from gateway.config.yaml import read


class Inner(Struct, frozen=True):
    as_: str = field(name="as")
    number: int = 1


def convert(text: str, wanted: Any) -> tuple[Any, list[str]]:
    node, problems = read(text, "f.yaml")
    assert node is not None
    assert not problems
    converter = Converter(Path("/base"), {})
    value = converter.convert(node, wanted, ())
    return value, [f"{problem.path}: {problem.text}" for problem in converter.problems]


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("{as: x}", Inner, Inner("x")),
        ("[{as: x}, {as: y, number: 2}]", tuple[Inner, ...], (Inner("x"), Inner("y", 2))),
        ("[a, b]", list[str], ["a", "b"]),
        ("a", tuple[str, ...], ("a",)),
        ("a", frozenset[str], frozenset({"a"})),
        ("[]", tuple[int, ...], ()),
        ("[1, x]", tuple[int, str], (1, "x")),
        ("{a: 1, b: 2}", dict[str, int], {"a": 1, "b": 2}),
        ("{a: {as: x}}", dict[str, Inner], {"a": Inner("x")}),
        ("{a: [1, 2.5, true, null, x, {b: '1'}]}", Any, {"a": [1, 2.5, True, None, "x", {"b": "1"}]}),
        ("~", int | None, None),
        ("5", int | None, 5),
        ("none", Decimal | Literal["none"], "none"),
        ("5.5", Decimal | Literal["none"], Decimal("5.5")),
        ("off", Literal["off"] | int, "off"),
        ("3", Literal["off"] | int, 3),
        ("true", Literal[True], True),
        ("2", Literal[1, 2], 2),
        ("x", str | tuple[int, ...], "x"),
        ("[1]", str | tuple[int, ...], (1,)),
        ("{as: x}", str | Inner, Inner("x")),
        ("sub/file", Path, Path("/base/sub/file")),
        ("/abs/file", Path, Path("/abs/file")),
        ("abc", Annotated[str, Meta(pattern="^[a-c]+$", max_length=3)], "abc"),
        ("0.5", Annotated[Decimal, Meta(gt=0, lt=1)], Decimal("0.5")),
    ],
)
def test_taken(text: str, wanted: Any, value: Any) -> None:
    assert convert(text, wanted) == (value, [])


@pytest.mark.parametrize(
    ("text", "wanted", "problem"),
    [
        ("{}", Inner, ": the key 'as' is missing"),
        ("{as_: x}", Inner, ": unknown key 'as_'; did you mean as? known are as, number"),
        ("[1, x]", tuple[int, ...], "[2]: 'x' is not a whole number"),
        ("[{name: one, as: x, number: y}]", tuple[Inner, ...], "[one]: unknown key 'name'; did you mean number?"),
        ("{a: x}", dict[str, int], "a: 'x' is not a whole number"),
        ("{ab: 1}", dict[Annotated[str, Meta(max_length=1)], int], "ab: 'ab' is longer than 1"),
        ("a", dict[str, int], ": expected keys and values, found the text 'a'"),
        ("x", int | None, ": 'x' is not a whole number"),
        ("[1]", int | None, ": expected a whole number, found a list"),
        ("x", Decimal | Literal["none"], ": expected none or a decimal number, found the text 'x'"),
        ("[x]", str | tuple[int, ...], "[1]: 'x' is not a whole number"),
        ("[a]", Literal["a", "b"], ": expected a or b, found a list"),
        ("'1'", Literal[1], ": '1' is a text in quotes; write it without"),
        ("''", Path, ": a path is missing"),
        ("1", Annotated[float, Meta(gt=1)], ": 1.0 is not above 1"),
        ("1", Annotated[float, Meta(lt=1)], ": 1.0 is not below 1"),
        ("ab", Annotated[str, Meta(pattern="^a$")], ": 'ab' is not of the form ^a$"),
        ("[]", Annotated[tuple[str, ...], Meta(min_length=1)], ": is empty"),
        ("a", Annotated[str, Meta(min_length=2)], ": 'a' is shorter than 2"),
    ],
)
def test_not_taken(text: str, wanted: Any, problem: str) -> None:
    value, problems = convert(text, wanted)
    assert value is BAD
    assert [line for line in problems if line.startswith(problem)], problems


def test_a_pattern_does_not_overlook_a_line_end() -> None:
    assert convert('"abc\\n"', Annotated[str, Meta(pattern="^abc$")])[0] is BAD


def test_paths_as_they_are_printed() -> None:
    assert render(("routes", "[sepa-credit]", "send", "to")) == "routes[sepa-credit].send.to"
    assert render(("tests", 3)) == "tests[3]"
    assert render(()) == ""
