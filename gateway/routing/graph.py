"""A picture of a configuration: endpoints, the routes they feed, policies, accounts, and where it all goes.

Strategy: collect nodes and edges once, then print them in Mermaid (Markdown renders it) or Graphviz. Identifiers are
numbers and labels are escaped, so that no name in the file can break the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct, structs

from gateway.routing.route import Amount, Route, Settle

Shape = Literal["endpoint", "route", "policy", "account", "refuse"]

ANY = "any endpoint"  # drawn once, for all routes that ask for none

_MERMAID = {
    "endpoint": '(["{}"])',
    "route": '["{}"]',
    "policy": '{{{{"{}"}}}}',
    "account": '[("{}")]',
    "refuse": '>"{}"]',
}
_DOT = {"endpoint": "oval", "route": "box", "policy": "hexagon", "account": "cylinder", "refuse": "cds"}


class Door(Protocol):
    """What the picture shows of an endpoint."""

    @property
    def adapter(self) -> str: ...
    @property
    def format(self) -> str: ...


class Pictured(Protocol):
    """What the picture shows of a configuration."""

    @property
    def endpoints(self) -> Mapping[str, Door]: ...
    @property
    def policies(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def routes(self) -> Sequence[Route]: ...


class Picture(Struct):
    """Nodes by key, in the order in which they were met, and edges between keys."""

    nodes: dict[str, tuple[Shape, tuple[str, ...]]] = {}
    edges: list[tuple[str, str, str]] = []

    def node(self, shape: Shape, name: str, *lines: str) -> str:
        """The key of a node; drawn once however often it is named."""
        key = f"{shape} {name}"
        self.nodes.setdefault(key, (shape, (name, *lines)))
        return key

    def edge(self, start: str, end: str, label: str = "") -> None:
        self.edges.append((start, end, label))


def graph(config: Pictured, dot: bool = False) -> str:
    """The way of every record through a configuration, as Mermaid text, or for Graphviz."""
    picture = Picture()
    for name, entry in config.endpoints.items():
        picture.node("endpoint", name, f"{entry.adapter}, {entry.format}")
    if any(not route.when.endpoint for route in config.routes):
        for name in config.endpoints:
            picture.edge(picture.node("endpoint", name), picture.node("endpoint", ANY))
    for number, route in enumerate(config.routes, 1):
        _draw(picture, number, route, config)
    return _dot(picture) if dot else _mermaid(picture)


def _draw(picture: Picture, number: int, route: Route, config: Pictured) -> None:
    box = picture.node("route", f"{number}. {route.name}", *_conditions(route))
    for name in route.when.endpoint or (ANY,):
        picture.edge(picture.node("endpoint", name), box)
    if route.check:
        checks = ", ".join(config.policies.get(route.check, {}))
        picture.edge(box, picture.node("policy", route.check, checks), "check")
    if route.settle is not None:
        for role, account in _accounts(route.settle):
            picture.edge(box, picture.node("account", account), role)
    if route.send is not None:
        picture.edge(box, picture.node("endpoint", route.send.to), f"send {route.send.as_}")
    if route.refuse is not None:
        picture.edge(box, picture.node("refuse", f"{route.refuse.reason}: {route.refuse.because}"), "refuse")


def _accounts(settle: Settle) -> Iterable[tuple[str, str]]:
    return ((role, account) for role, account in structs.asdict(settle).items() if account)


def _conditions(route: Route) -> list[str]:
    """The conditions but for the endpoint, which is drawn as an edge."""
    given = structs.asdict(route.when)
    lines = [f"{name}: {', '.join(texts)}" for name, texts in given.items() if isinstance(texts, tuple) and texts]
    lines = [line for line in lines if not line.startswith("endpoint: ")]
    amount = given["amount"]
    if isinstance(amount, Amount):
        bounds = ((name, bound) for name, bound in structs.asdict(amount).items() if bound is not None)
        lines.append("amount " + ", ".join(f"{name} {bound:f}" for name, bound in bounds))
    return lines


def _mermaid(picture: Picture) -> str:
    number = {key: f"n{place}" for place, key in enumerate(picture.nodes)}
    lines = ["flowchart LR"]
    for key, (shape, texts) in picture.nodes.items():
        label = "<br/>".join(_mermaid_text(text) for text in texts if text)
        lines.append(f"    {number[key]}{_MERMAID[shape].format(label)}")
    for start, end, label in picture.edges:
        arrow = f'-->|"{_mermaid_text(label)}"|' if label else "-->"
        lines.append(f"    {number[start]} {arrow} {number[end]}")
    return "\n".join(lines) + "\n"


def _mermaid_text(text: str) -> str:
    """Everything but letters, digits and a few harmless signs as a numeric entity."""
    return "".join(c if c.isalnum() or c in " .,:/_-()" else f"#{ord(c)};" for c in text)


def _dot(picture: Picture) -> str:
    number = {key: f"n{place}" for place, key in enumerate(picture.nodes)}
    lines = ["digraph routes {", "    rankdir=LR;"]
    for key, (shape, texts) in picture.nodes.items():
        label = "\\n".join(_dot_text(text) for text in texts if text)
        lines.append(f'    {number[key]} [shape={_DOT[shape]}, label="{label}"];')
    for start, end, label in picture.edges:
        tail = f' [label="{_dot_text(label)}"]' if label else ""
        lines.append(f"    {number[start]} -> {number[end]}{tail};")
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
