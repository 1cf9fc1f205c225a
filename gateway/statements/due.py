"""Which statements are due: those of business days that ended and are not made yet.

Strategy: pure, over what is known of each account's last statement; the daemon asks now and then and offers the
instructions like any message, so that a statement is made by what is in the journal and not by a clock. What was
missed while nothing ran is made up for, day by day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gateway.model import Operation
from gateway.statements.rules import StatementRule

DAYS_MADE_UP_MAX = 31  # of an account that has statements; a longer pause is told in the first of these


class Due:
    """Remembers what was asked for, so that accounts are only looked through when a day has ended."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}  # rule -> end of the last day that was asked for

    def forget(self) -> None:
        """The configuration changed: look again."""
        self._done.clear()

    def operations(
        self,
        rules: Sequence[StatementRule],
        accounts: Callable[[], Iterable[tuple[str, str]]],
        last_cut: Callable[[str, str, str], int],
        now_ns: int,
    ) -> list[Operation]:
        """Instructions for every account and day, oldest day first for each account.

        `last_cut` says up to when the statements of a rule, account and currency go; 0 when there is none.
        """
        found: list[Operation] = []
        for rule in rules:
            if rule.when != "day_end":
                continue
            ends = rule.ends_until(0, now_ns, 1)
            if self._done.get(rule.name) == ends[0]:
                continue
            self._done[rule.name] = ends[0]
            for account, currency in accounts():
                if rule.covers(account):
                    found += _of_account(rule, account, currency, last_cut(rule.name, account, currency), now_ns)
        return found


def _of_account(rule: StatementRule, account: str, currency: str, last_ns: int, now_ns: int) -> list[Operation]:
    days = DAYS_MADE_UP_MAX if last_ns else 1
    return [
        Operation(
            "statement",
            account,
            currency,
            place=f"statements: {rule.name}",
            source="routes.yaml",
            rule=rule.name,
            moment_ns=end_ns,
        )
        for end_ns in rule.ends_until(last_ns, now_ns, days)
    ]
