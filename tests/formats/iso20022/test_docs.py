"""The pages say what the code does: every message, every rule."""

from __future__ import annotations

from gateway.formats.iso20022 import FORMAT, rules_cbpr, rules_hvps
from gateway.formats.iso20022.kinds import FAMILIES, types
from gateway.formats.sepa.rules import RULES
from tests.support import ROOT

MESSAGES = (ROOT / "docs" / "formats" / "iso20022.md").read_text(encoding="utf-8")
REFUSALS = (ROOT / "docs" / "refusals" / "iso20022.md").read_text(encoding="utf-8")
SEPA = (ROOT / "docs" / "formats" / "sepa.md").read_text(encoding="utf-8")


def test_every_message_and_its_editions_are_on_the_page() -> None:
    for name, family in FAMILIES.items():
        editions = " ".join(type[9:] for type in types() if type.startswith(name))
        assert f"| {name} | {editions} | {family.record.__name__} `{family.kind}` | yes |" in MESSAGES
        assert all(type in FORMAT.writes for type in types() if type.startswith(name))
    assert all(type[:8] in MESSAGES for type in types())


def test_every_rule_is_on_its_page() -> None:
    market = [rule.id for module in (rules_cbpr, rules_hvps) for one in module.SETS for rule in one.rules]
    headers = [rule.id for rule in rules_cbpr.MESSAGE_RULES]
    assert [id for id in (*market, *headers) if f"`{id}`" not in REFUSALS] == []
    assert [line[0] for line in RULES if line[0] not in SEPA] == []
