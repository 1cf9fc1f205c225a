"""Fields as text: the ones that every writer makes.

Strategy: a field is its tag and its value, lines apart by CRLF; each function here makes the fields of one number, and
none where there is nothing to say.
"""

from __future__ import annotations

from typing import Any

from gateway.formats.mt import parties, text
from gateway.model import Account, Agent, Money

Lines = list[tuple[str, str]]


def field(tag: str, lines: list[str]) -> Lines:
    return [(tag, "\r\n".join(lines))] if lines else []


def amount_text(money: Money) -> str:
    written = money.text(",")
    return money.currency + (written if "," in written else written + ",")


def rate_text(rate: str) -> str:
    return (rate if "." in rate else rate + ".").replace(".", ",")[:12]


def _lines(lines: list[str]) -> list[str]:
    """Lines of a party: the first may be an account, the one after it may not look like one."""
    out = [lines[0]] if lines[0][:1] == "/" and len(lines) > 1 else []
    for line in lines[len(out) :]:
        flat = text.line(line)
        if flat:
            out.append("." + flat[1:] if flat[0] == "/" else flat)
    return out


def party_lines(number: str, party: Any, own: Account | None, free: str, numbered: bool = True) -> Lines:
    option, lines = parties.party_lines(party, own, free, numbered)
    first = lines[0] if option == "F" and number == "50" and own is None else ""
    done = _lines(lines) if not first else [text.line(first), *_lines(["", *lines[1:]])]
    return field(number + option, done[:5] if lines[0][:1] == "/" or option == "F" else done[:4])


def agent_lines(number: str, agent: Agent | None, own: Account | None, options: str, indicator: str = "") -> Lines:
    found = parties.agent_lines(agent, own, options, indicator)
    if found is None:
        return []
    option, lines = found
    return field(number + option, lines if len(lines) == 1 else _lines(lines))
