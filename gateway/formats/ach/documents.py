"""The tables of this format as pages: rules, settings, layouts, classes and codes. The documents are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.formats.ach.codes import CHANGES, REFUSED_CHANGES, RETURNS, SECS
from gateway.formats.ach.rules import RULES, SWITCHES
from gateway.formats.ach.tables import LAYOUTS


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def rules() -> str:
    """Every rule: what it expects, an example of what breaks it, the return code that goes with it."""
    rows = [(id, rule.expects, rule.example, rule.return_code or "the file") for id, rule in RULES.items()]
    return _table(("rule", "expects", "broken by", "returned as"), rows)


def settings() -> str:
    """Every setting of a profile."""
    rows = [
        (f"`{name}`", switch.allows, ", ".join(f"{rule} {field}".strip() for rule, field in switch.silences) or "-")
        for name, switch in SWITCHES.items()
        if name not in ("unchecked", "unchecked_batches")
    ]
    rows += [(f"`{name}`", SWITCHES[name].allows, "many") for name in ("unchecked_batches", "unchecked")]
    return _table(("setting", "allows", "silences"), rows)


def classes() -> str:
    """Every entry class: direction, addenda, record layout."""
    rows = []
    for code, sec in SECS.items():
        direction = "both" if sec.debits and sec.credits else "debits" if sec.debits else "credits"
        addenda = " ".join(sec.addenda[:1] + sec.addenda[-1:] if len(sec.addenda) > 1 else sec.addenda)
        number = f"{addenda.replace(' ', '-')} x {sec.addenda_min}-{sec.addenda_max}" if sec.addenda else "none"
        ceiling = f"{sec.ceiling_cents // 100:,}.00" if sec.ceiling_cents else "0" if sec.always_zero else ""
        rows.append((code, sec.title, direction, number, ceiling, f"`{sec.layout}`"))
    return _table(("class", "title", "direction", "addenda", "at most", "entry layout"), rows)


def layouts() -> str:
    """Every record: field, positions, kind."""
    return "\n\n".join(
        f"`{name}`\n\n"
        + _table(
            ("field", "positions", "kind"),
            [(c.name, f"{c.first}-{c.last}" if c.last > c.first else str(c.first), c.kind) for c in layout],
        )
        for name, layout in LAYOUTS.items()
    )


def codes() -> str:
    """Return and change codes with the ISO 20022 reason."""
    rows = [
        (
            code,
            known.title.capitalize(),
            known.reason,
            f"{known.days} {'calendar' if known.calendar else 'banking'} days",
        )
        for code, known in RETURNS.items()
    ]
    changes = [(code, known.title, ", ".join(part for part, _, _ in known.parts)) for code, known in CHANGES.items()]
    changes += [(code, title, "") for code, title in REFUSED_CHANGES.items()]
    return (
        _table(("return", "title", "ISO 20022", "within"), rows)
        + "\n\n"
        + _table(("change", "title", "corrected data"), changes)
    )
