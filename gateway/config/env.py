"""The environment overrides what it names: well-known variables, and any value by its path.

Strategy: overrides change the tree of nodes before it is typed, so that an override is read, typed and checked like the
file itself, and a problem with it names the variable. A variable that is set but empty counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from gateway.config.convert import label, render
from gateway.config.problems import ConfigError, unknown
from gateway.config.yaml import Items, Node, Scalar, read
from gateway.config.yaml import Mapping as Keys
from gateway.model import EXPONENTS

PREFIX = "FINOS__"
NAMED_BY_OPERATOR = ("endpoints", "policies")  # below these, a name that is not in the file is a slip, not a new key
_AML = re.compile(r"[A-Z]{3}=[0-9_.]+(,[A-Z]{3}=[0-9_.]+)*\Z")


class Refused(Exception):
    """An override that cannot be applied; the text says why."""


def override(root: Keys, environ: Mapping[str, str]) -> list[ConfigError]:
    """Apply all overrides to the tree, the general ones last; the problems found."""
    found: list[ConfigError] = []
    general = sorted(name for name in environ if name.startswith(PREFIX) and environ[name])
    for name in [*(name for name in VARIABLES if environ.get(name)), *general]:
        origin = f"environment variable {name}"
        try:
            VARIABLES.get(name, _by_path)(root, origin, environ[name])
        except Refused as refused:
            found.append(ConfigError(origin, 0, 0, "", str(refused)))
    return found


# --- by path: FINOS__ENDPOINTS__BANK_X__BATCH_MAX=128 --------------------------------------------------


def _by_path(root: Keys, origin: str, value: str) -> None:
    steps = origin.rpartition(" ")[2].removeprefix(PREFIX).split("__")
    node: Node = root
    path: tuple[str | int, ...] = ()
    for step in steps[:-1]:
        place = _find(node, step, path)
        path = (*path, place if isinstance(place, str) else place + 1)
        node = _child(node, place, origin)
    _set(node, _find(node, steps[-1], path), _value(value, origin), origin)


def _find(node: Node, step: str, path: tuple[str | int, ...]) -> str | int:
    """The key or index that a step of the path means; a new key when there is none."""
    if isinstance(node, Keys):
        same = [key for key in node.entries if _as_variable(key) == step.upper()]
        if same or path not in {(name,) for name in NAMED_BY_OPERATOR}:
            return same[0] if same else step if step in EXPONENTS else step.lower()
        raise Refused(f"{path[0]}: {unknown('name', step, map(_as_variable, node.entries))}")
    if isinstance(node, Items):
        names = [_as_variable(str(label(item, place)).strip("[]")) for place, item in enumerate(node.items)]
        wanted = [place for place, name in enumerate(names) if step.upper() in (name, str(place + 1))]
        if len(wanted) == 1:
            return wanted[0]
        raise Refused(f"{render(path)}: {'several items are called' if wanted else 'no item is called'} {step!r}")
    raise Refused(f"{render(path)} is a single value and has no {step!r}")


def _as_variable(key: str) -> str:
    """A key as a variable can spell it."""
    return re.sub(r"[^A-Z0-9]", "_", key.upper())


def _child(node: Node, place: str | int, origin: str) -> Node:
    if isinstance(node, Items) and isinstance(place, int):
        return node.items[place]
    assert isinstance(node, Keys), "_find has refused everything else"
    assert isinstance(place, str), "keys are texts"
    if place not in node.entries:
        _set(node, place, Keys({}, {}, origin, 0, 0), origin)
    return node.entries[place]


def _set(node: Node, place: str | int, value: Node, origin: str) -> None:
    if isinstance(node, Items) and isinstance(place, int):
        node.items[place] = value
    elif isinstance(node, Keys) and isinstance(place, str):
        node.put(_text(place, origin), value)


def _text(text: str, origin: str) -> Scalar:
    return Scalar(text, True, origin, 0, 0)


def _value(text: str, origin: str) -> Node:
    """A list or keys when it is written as such in one line of YAML, else the text as it stands."""
    if text.startswith(("[", "{")):
        node, problems = read(text, origin)
        if node is not None and not problems:
            return _unplaced(node, origin)
    return _text(text, origin)


def _unplaced(node: Node, origin: str) -> Node:
    """A node without line and column, which would mean a place in a file."""
    if isinstance(node, Items):
        return Items([_unplaced(item, origin) for item in node.items], origin, 0, 0)
    if isinstance(node, Keys):
        keys = {name: _text(name, origin) for name in node.keys}
        return Keys({name: _unplaced(value, origin) for name, value in node.entries.items()}, keys, origin, 0, 0)
    return Scalar(node.text, node.plain, origin, 0, 0)


# --- by name ------------------------------------------------------------------------------------------


def _store(root: Keys, origin: str, value: str) -> None:
    _set(root, "store", _text(value, origin), origin)


def _aml_threshold(root: Keys, origin: str, value: str) -> None:
    """`10000`: for the currencies that a policy lists, else USD; `USD=10000,EUR=9000`: for these."""
    pairs = dict(pair.split("=") for pair in value.split(",")) if _AML.match(value) else {}
    if "=" in value and not pairs:
        raise Refused(f"{value!r} is neither an amount nor CURRENCY=AMOUNT,CURRENCY=AMOUNT")
    if foreign := [currency for currency in pairs if currency not in EXPONENTS]:
        raise Refused(unknown("currency", foreign[0], EXPONENTS))
    for policy in _policies(root):
        bounds = _child(policy, "report_above", origin)
        if not isinstance(bounds, Keys):
            raise Refused("report_above is not a mapping of currencies in every policy")
        for currency, amount in (pairs or dict.fromkeys(bounds.entries or ("USD",), value)).items():
            _set(bounds, currency, _text(amount, origin), origin)


def _kyc_level(root: Keys, origin: str, value: str) -> None:
    for policy in _policies(root):
        _set(_child(policy, "kyc_level", origin), "minimum", _text(value, origin), origin)


def _sanctions_threshold(root: Keys, origin: str, value: str) -> None:
    screens = [policy.entries["screen"] for policy in _policies(root) if "screen" in policy.entries]
    if not screens:
        raise Refused("no policy screens names")
    for screen in screens:
        _set(screen, "threshold", _text(value, origin), origin)


def _policies(root: Keys) -> list[Keys]:
    policies = root.entries.get("policies")
    found = [one for one in policies.entries.values() if isinstance(one, Keys)] if isinstance(policies, Keys) else []
    if not found:
        raise Refused("there is no policy that it could apply to")
    return found


def _listen(adapter: str) -> Callable[[Keys, str, str], None]:
    def apply(root: Keys, origin: str, value: str) -> None:
        """Doors of one adapter may share an address when they differ in path; checked with everything else."""
        found = [entry for entry in _endpoints(root, adapter) if "url" not in entry.entries]
        if not found:
            raise Refused(f"there is no endpoint with adapter {adapter} that listens")
        for entry in found:
            _set(entry, "listen", _text(value, origin), origin)

    return apply


def _endpoints(root: Keys, adapter: str) -> Iterator[Keys]:
    endpoints = root.entries.get("endpoints")
    for entry in endpoints.entries.values() if isinstance(endpoints, Keys) else ():
        named = entry.entries.get("adapter") if isinstance(entry, Keys) else None
        if isinstance(entry, Keys) and isinstance(named, Scalar) and named.text == adapter:
            yield entry


VARIABLES: dict[str, Callable[[Keys, str, str], None]] = {
    "DATABASE_URL": _store,
    "AML_THRESHOLD": _aml_threshold,
    "KYC_LEVEL": _kyc_level,
    "SANCTIONS_THRESHOLD": _sanctions_threshold,
    "FIX_LISTEN": _listen("fix"),
    "HTTP_LISTEN": _listen("http"),
}
