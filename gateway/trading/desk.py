"""The desk: every trading record to the module that knows what to do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.entries import Entries
from gateway.model import Record, Status
from gateway.model.trading import (
    Affirmation,
    Allocation,
    ConfirmationRequest,
    Execution,
    InstructionRequest,
    OrderAction,
    QuoteCancel,
    QuoteRequest,
    QuoteResponse,
    SettlementInstruction,
    TradeReport,
    TradeRequest,
)
from gateway.planning import Source
from gateway.settling import Settling
from gateway.trading.actions import Actions
from gateway.trading.blocks import Blocks
from gateway.trading.confirmations import Confirmations
from gateway.trading.executions import Executions
from gateway.trading.instructions import Instructions
from gateway.trading.quotes import Quotes
from gateway.trading.trades import Trades

Take = Callable[[int, Any, Source], Status]


class Desk:
    """The trading of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self._entries, self._settling = entries, settling
        self._takes: dict[type, Take] | None = None

    def take(self, id: int, record: Record, source: Source) -> Status | None:
        """Do what a record asks and write it down; None for one that is only kept."""
        if self._takes is None:
            self._takes = self._table()  # most batches hold none of these
        take = self._takes.get(type(record))
        return take(id, record, source) if take is not None else None

    @property
    def executions(self) -> Executions:
        return Executions(self._entries)

    def _table(self) -> dict[type, Take]:
        entries, settling = self._entries, self._settling
        quotes, trades, blocks = Quotes(entries, settling), Trades(entries, settling), Blocks(entries, settling)
        confirmations, instructions = Confirmations(entries, settling), Instructions(entries)

        def affirm(id: int, affirmation: Affirmation, source: Source) -> Status:
            about = blocks if affirmation.about == "allocation" else confirmations
            return about.affirm(id, affirmation, source)

        return {
            OrderAction: Actions(entries, settling).take,
            Execution: self.executions.take,
            QuoteRequest: quotes.request,
            QuoteResponse: quotes.respond,
            QuoteCancel: quotes.cancel,
            Allocation: blocks.take,
            Affirmation: affirm,
            ConfirmationRequest: confirmations.request,
            TradeReport: trades.report,
            TradeRequest: trades.request,
            SettlementInstruction: instructions.take,
            InstructionRequest: instructions.request,
        }
