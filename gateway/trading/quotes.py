"""Quotes: a rate locked for a session and a while; dealt on by an order that names it, or by a response to it.

Strategy: a quote is a row of its own, found by the number in its QuoteID, so nothing of it is kept in memory. ACTC:
it stands until it expires; ACSC: dealt on; CANC: cancelled. "All of mine" is one mark: quotes with lower numbers than
the cancellation are void.
"""

from __future__ import annotations

from gateway.entries import Entries, identity
from gateway.model import EXPONENTS, Refusal, Status
from gateway.model.trading import Quote, QuoteCancel, QuoteReject, QuoteRequest, QuoteResponse
from gateway.planning import Rate, Source, plan_whole
from gateway.settling import Settling, find_quote


class Quotes:
    """The quotes of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self.entries = entries
        self.settling = settling

    # -- requests

    def request(self, id: int, request: QuoteRequest, source: Source) -> Status:
        """Give a quote, or say why there is none."""
        rate = self.entries.snapshot.rates.get(request.symbol)
        problem = _problem(request, rate, source)
        if rate is None or problem is not None:
            reason, text = problem or ("unknown_symbol", "this symbol is not quoted")
            told = QuoteReject(request, reason, text)
            status = Status("RJCT", request, id, "NARR", text, "not-quoted", request.place, (told,))
            self.entries.keep(id, source.message, request, None, status)
            return status
        quote = Quote(
            f"Q{id}",
            request.id,
            request.symbol,
            rate.bid if request.side != "buy" else "",
            rate.ask if request.side != "sell" else "",
            request.quantity or rate.quantity,
            self.entries.batch.time_ns + rate.valid_ns,
            source.session,
            source.endpoint,
            place=request.place,
            source=request.source,
            scheme=request.scheme,
            extra=request.extra,
        )
        status = Status("ACTC", quote, id, place=request.place, told=(quote,))
        self.entries.keep(id, source.message, quote, None, status)
        return status

    # -- responses

    def respond(self, id: int, response: QuoteResponse, source: Source) -> Status:
        """A hit is an order at the quote's price; a pass gives the quote back."""
        if response.kind == "hit":
            assert response.order is not None, "a hit is read with its deal"
            plan = plan_whole(response.order, source, self.entries.snapshot)
            return self.settling.take(id, response.order, plan, source)
        refused: Refusal | None
        if response.kind == "counter":
            refused = Refusal("no-counter-offers", "AG02", "tag 694", "a quote is dealt on as it is or not at all")
        else:
            refused = self._give_back(response.quote_id, source)
        return self._done(id, response, source, refused)

    def cancel(self, id: int, cancel: QuoteCancel, source: Source) -> Status:
        """One quote, or all of the session's, are wanted no more."""
        if cancel.quote_id:
            return self._done(id, cancel, source, self._give_back(cancel.quote_id, source))
        hash = identity(source.endpoint, f"{source.session}/quotes void")
        status = Status("ACTC", cancel, id, place=cancel.place, told=())
        self.entries.keep(id, source.message, cancel, None, status, hash)
        self.entries.name(hash, id)
        return status

    def _give_back(self, quote_id: str, source: Source) -> Refusal | None:
        found = find_quote(self.entries, quote_id)
        mine = found is not None and (found[1].endpoint, found[1].session) == (source.endpoint, source.session)
        if found is None or not mine or found[0].status != "ACTC":
            text = "QuoteID is no quote of this session that still stands"
            return Refusal("unknown-quote", "NARR", "tag 117", text, quote_id)
        self.entries.change(found[0].id, "CANC", source.message)
        return None

    def _done(self, id: int, record: QuoteResponse | QuoteCancel, source: Source, refused: Refusal | None) -> Status:
        if refused is None:
            status = Status("ACTC", record, id, place=record.place, told=())
        else:
            status = Status("RJCT", record, id, refused.reason, refused.text, refused.code, refused.place)
        self.entries.keep(id, source.message, record, None, status)
        return status


def _problem(request: QuoteRequest, rate: Rate | None, source: Source) -> tuple[str, str] | None:
    """Why there is no quote: a word and a sentence."""
    base, _, quote = request.symbol.partition("/")
    if base not in EXPONENTS or quote not in EXPONENTS or rate is None:
        return "unknown_symbol", "this symbol is not quoted"
    if request.quantity is not None and request.quantity.minor > rate.quantity.minor:
        return "exceeds_limit", f"at most {rate.quantity.text()} {base} are quoted"
    price = {"buy": rate.ask, "sell": rate.bid}.get(request.side, rate.bid or rate.ask)
    return None if price else ("other", "this side is not quoted")
