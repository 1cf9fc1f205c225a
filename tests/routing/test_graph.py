"""The picture: what is drawn, and that no name can break it."""

from __future__ import annotations

import re

import pytest

from gateway.routing.graph import graph
from tests.config.known import GOOD, good

HOSTILE = 'a"b]) --> n1; <script>|{}\\'


def test_mermaid() -> None:
    lines = graph(good()).splitlines()
    assert lines[0] == "flowchart LR"
    assert '    n0(["fix_clients<br/>fix, fix"])' in lines
    assert any("1. sepa<br/>scheme: sepa_ct, sepa_inst" in line and "amount lte 100000" in line for line in lines)
    assert any("AG01: no route takes it" in line for line in lines)
    assert sum('|"check"|' in line for line in lines) == 1
    assert sum('|"send pacs.008.001.08"|' in line for line in lines) == 1


def test_dot() -> None:
    text = graph(good(), dot=True)
    assert text.startswith("digraph routes {\n")
    assert text.endswith("}\n")
    assert 'label="send pacs.008.001.08"' in text


def test_routes_that_name_their_endpoints() -> None:
    text = graph(good(GOOD.replace("when: {kind: order", "when: {endpoint: fix_clients, kind: order")))
    assert re.search(r"^    n0 --> n\d+$", text, re.MULTILINE)


@pytest.mark.parametrize("dot", [False, True])
def test_every_edge_joins_nodes_that_are_drawn(dot: bool) -> None:
    text = graph(good(), dot)
    drawn = set(re.findall(r"^    (n\d+)(?: \[|\W)", text, re.MULTILINE))
    assert set(re.findall(r"\bn\d+\b", text)) == drawn


@pytest.mark.parametrize("dot", [False, True])
def test_hostile_names(dot: bool) -> None:
    quoted = HOSTILE.replace("\\", "\\\\").replace('"', '\\"')
    named = graph(good(GOOD.replace("name: sepa", f'name: "{quoted}"')), dot)
    assert len(named.splitlines()) == len(graph(good(), dot).splitlines())
    assert '"b]' not in named.replace('\\"', "")
