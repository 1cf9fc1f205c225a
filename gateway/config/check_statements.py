"""What must hold of statements and mirrored accounts, beyond their types."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gateway.config.draft import Draft, Where
from gateway.config.problems import unknown
from gateway.config.records import StatementConfig
from gateway.settlement import calendars
from gateway.settlement.holidays import CALENDARS
from gateway.statements.rules import KINDS, kind_of


def check_statements(draft: Draft) -> None:
    """Every rule over both sections."""
    seen: set[str] = set()
    for index, statement in draft.statements:
        where = ("statements", index)
        if statement.name in seen:
            draft.complain((*where, "name"), f"another one above is called {statement.name!r}")
        seen.add(statement.name)
        _names(draft, where, statement)
        _type(draft, where, statement)
        _zone(draft, (*where, "zone"), statement.zone)
    mirrored: set[tuple[str, str]] = set()
    for index, mirror in draft.mirrors:
        here: Where = ("reconcile", index)
        if mirror.ledger not in draft.account_currencies:
            draft.complain((*here, "ledger"), unknown("account", mirror.ledger, draft.account_currencies))
        if (mirror.account, mirror.currency) in mirrored:
            draft.complain((*here, "account"), "this account stands above already")
        mirrored.add((mirror.account, mirror.currency))
        _zone(draft, (*here, "zone"), mirror.zone)


def _names(draft: Draft, where: Where, statement: StatementConfig) -> None:
    for key, names in (("to", (statement.to,)), ("requesters", statement.requesters)):
        for name in names:
            if name not in draft.names("endpoints"):
                draft.complain((*where, key), unknown("endpoint", name, draft.names("endpoints")))
    for text in statement.accounts:
        if "*" in text.removesuffix("*"):
            draft.complain((*where, "accounts"), f"{text!r}: a * is only understood at the end")
    if not calendars.is_calendar(statement.calendar):
        draft.complain((*where, "calendar"), unknown("calendar", statement.calendar, CALENDARS))


def _type(draft: Draft, where: Where, statement: StatementConfig) -> None:
    """A type that says something of an account, and when such a thing is said."""
    types = sorted(type for type in draft.writes if kind_of(type) is not None)
    if statement.as_ not in types:
        draft.complain((*where, "as"), unknown("statement type", statement.as_, types))
        return
    if (kind_of(statement.as_) == "notification") != (statement.when == "each_entry"):
        notified = ", ".join(type for type, kind in KINDS.items() if kind == "notification")
        draft.complain((*where, "when"), f"each_entry is told as one of {notified}, and only so")


def _zone(draft: Draft, where: Where, name: str) -> None:
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):  # no such zone, or a name that no zone can have
        draft.complain(where, f"{name!r} is not a time zone; write an IANA name, such as Europe/Berlin")
