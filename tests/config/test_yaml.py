"""The YAML subset: what nodes say, what is not taken, and that no text does harm."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import yaml as subject
from gateway.config.yaml import DEPTH_MAX, Items, Mapping, Scalar, read

LOADERS = [pytest.param(yaml.SafeLoader, id="python")]
if hasattr(yaml, "CSafeLoader"):
    LOADERS.append(pytest.param(yaml.CSafeLoader, id="c"))


def test_nodes_know_where_they_stand() -> None:
    node, problems = read("a: 1\nb:\n  - x\n  - {c: 'y'}\n", "f.yaml")
    assert problems == []
    assert isinstance(node, Mapping)
    assert node.entries["a"] == Scalar("1", True, "f.yaml", 1, 4)
    listing = node.entries["b"]
    assert isinstance(listing, Items)
    assert (listing.line, listing.column) == (3, 3)
    inner = listing.items[1]
    assert isinstance(inner, Mapping)
    assert inner.keys["c"] == Scalar("c", True, "f.yaml", 4, 6)
    assert inner.entries["c"] == Scalar("y", False, "f.yaml", 4, 9)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ("a: &x 1\n", (1, 4), "the anchor &x is not taken"),
        ("a: &x 1\nb: *x\n", (2, 4), "the alias *x is not taken; write the value out"),
        ("a: !!python/object/apply:os.system [x]\n", (1, 4), "the tag tag:yaml.org,2002:python/object"),
        ("a: !own x\n", (1, 4), "the tag !own is not taken"),
        ("a: ! x\n", (1, 4), "the tag ! is not taken"),
        ("<<: {a: 1}\n", (1, 1), "the merge key << is not taken; write the values out"),
        ("a: 1\nb: 2\na: 3\n", (3, 1), "key 'a' stands here again, after line 1"),
        ("a: 1\n'a': 3\n", (2, 1), "key 'a' stands here again, after line 1"),
        ("? [a, b]\n: c\n", (1, 3), "a key must be a text"),
        ("~: c\n", (1, 1), "a key is missing before the colon"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document begins; only one is taken"),
        ("%YAML 1.1\n---\na: 1\n", (1, 1), "directives (%YAML, %TAG) are not taken"),
        ("%TAG ! tag:x,2000:\n---\na: 1\n", (1, 1), "directives (%YAML, %TAG) are not taken"),
        ("a: [1, 2\n", (2, 1), "not YAML: "),
        ("a: 'x\n", (2, 1), "not YAML: "),
        ("a: 1\n\tb: 2\n", (2, 1), "not YAML: "),
        ("a: \x07\n", (1, 1), "not YAML: "),
        ("a: \ud800\n", (1, 1), "not YAML: "),
    ],
)
def test_what_is_not_taken(loader: Any, text: str, place: tuple[int, int], sentence: str) -> None:
    _, problems = read(text, "f.yaml", loader)
    found = [(problem.line, problem.column) for problem in problems if problem.text.startswith(sentence)]
    assert place in found or (sentence == "not YAML: " and found)


def test_several_problems_are_told_together() -> None:
    _, problems = read("a: &x 1\nb: *x\nb: !t 3\n", "f.yaml")
    assert [problem.line for problem in problems] == [1, 2, 3, 3]


HOSTILE = {
    "billion laughs": "a: &a [x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)),
    "anchor of itself": "&a [*a]\n",
    "deep lists": "[" * 100_000,
    "deep mappings": "{a: " * 50_000,
    "deep blocks": "\n".join("  " * n + "a:" for n in range(1000)),
    "many values": "[" + "1, " * 500_000 + "1]",
    "many problems": "\n".join(f"k{n}: &a 1" for n in range(50_000)),
    "long key": "? " + "k" * 2_000_000 + "\n: 1\n",
    "long text": "a" * (subject.TEXT_CHARACTERS_MAX + 1),
    "many documents": "---\n" * 100_000,
    "huge number": "version: 1" + "0" * 1_000_000,
    "zero": "\0",
    "directive": "%YAML 99999999999999999999.1\n---\na: 1\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_or_bounded(text: str) -> None:
    node, problems = read(text, "f.yaml")
    assert problems or isinstance(node, Mapping)
    assert len(problems) <= 202
    assert all(len(problem.text) < 300 for problem in problems)


def test_depth() -> None:
    node, problems = read("[" * DEPTH_MAX + "]" * DEPTH_MAX, "f.yaml")
    assert problems == []
    assert node is not None
    _, problems = read("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), "f.yaml")
    assert "too much" in problems[0].text


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"%@`#,? \n\t\r\u2028\x85\0\ufeff~<=0")))
def test_any_text_is_read_or_refused(text: str) -> None:
    node, problems = read(text, "f.yaml")
    assert node is not None or problems


@given(st.text(max_size=200))
def test_any_unicode_is_read_or_refused(text: str) -> None:
    node, problems = read(text, "f.yaml")
    assert node is not None or problems


def _around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


VALUES = st.recursive(st.text(max_size=12), _around, max_leaves=12)


@given(st.dictionaries(st.text(max_size=8), VALUES, min_size=1, max_size=4))
def test_what_pyyaml_writes_in_quotes_is_read_back(value: dict[str, Any]) -> None:
    written = yaml.safe_dump(value, default_style='"', allow_unicode=True)
    node, problems = read(written.replace("!!str ", ""), "f.yaml")
    assert problems == []
    assert node is not None
    assert plain(node) == value


def plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return node.text
