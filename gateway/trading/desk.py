"""The desk: every trading record to the module that knows what to do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.entries import Entries
from gateway.model import Record, Status
from gateway.model.trading import Execution, OrderAction
from gateway.planning import Source
from gateway.settling import Settling
from gateway.trading.actions import Actions
from gateway.trading.executions import Executions

Take = Callable[[int, Any, Source], Status]


class Desk:
    """The trading of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        actions = Actions(entries, settling)
        self.executions = Executions(entries)
        self._takes: dict[type, Take] = {OrderAction: actions.take, Execution: self.executions.take}

    def take(self, id: int, record: Record, source: Source) -> Status | None:
        """Do what a record asks and write it down; None for one that is only kept."""
        take = self._takes.get(type(record))
        return take(id, record, source) if take is not None else None
