"""The REST interface: accounts, transfers and what became of them; health and metrics.

Strategy: what changes something goes through the engine as a JSON message, and the response is made from the
committed answer alone (its status, code and payment id), so that a repetition reads as the first time. What only
asks goes to the queries.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from aiohttp.web import BaseRequest, Response
from msgspec import Struct

from adapters.http import openapi
from adapters.http.problems import problem
from adapters.http.replies import REPLAYED
from adapters.http.requests import Callers
from adapters.http.server import Handler, Methods
from gateway.model import Refusal
from gateway.ports import Frame, Made, Outcome, Queries

PAGE_DEFAULT = 100
PAGE_MAX = 1_000  # rows of one answer: about 200 kB
ID_MAX = 2**63 - 1  # what the store numbers with

# Refusals that are not 422: what cannot be read, and what contradicts something that is there.
STATUS = {
    "json-syntax": 400,
    "json-type": 400,
    "json-field": 400,
    "json-duplicate-key": 400,
    "json-empty": 400,
    "json-too-large": 413,
    "idempotency-key-reused": 409,
    "account-exists": 409,
    "duplicate-payment": 409,
    "not-permitted": 403,
    "not-held": 409,
    "wrong-state": 409,
    "returned-before": 409,
}

Take = Callable[[BaseRequest, str], Awaitable[Outcome | Response]]
Read = Callable[[BaseRequest], Awaitable[bytes | Response]]
TOOLS_MAX = 8  # files that are held for tools at a time: one is worked on, the others wait
ERRORS_MAX = 100  # told of a file; the command tells all

_encode = msgspec.json.Encoder().encode


# Of what was asked for: the query cannot be read, or there is no such thing.
ASKED = {"bad-date": 400, "unknown-type": 400, "unknown-account": 404}


class _Reason(Struct, frozen=True):
    code: str = ""
    reason: str = ""
    place: str = ""
    text: str = ""


class _Answer(Struct, frozen=True):
    """What is needed of an answer document of the JSON format; see schemas/json/messages.json."""

    status: str = ""
    payment_id: int = 0
    reference: str = ""
    reason: str = ""
    code: str = ""
    text: str = ""
    place: str = ""
    results: list[dict[str, Any]] = []
    refusals: list[_Reason] = []


_read_answer = msgspec.json.Decoder(_Answer).decode


class Rest:
    """The resources below `prefix`."""

    def __init__(self, prefix: str, queries: Queries, callers: Callers, take: Take, read: Read) -> None:
        self._prefix = prefix
        self._queries = queries
        self._callers = callers
        self._take = take
        self._read = read
        self._using = 0  # requests to tools that are under way
        self._document = openapi.document(prefix)

    def _tools(self) -> dict[str, Methods]:
        """What formats can do with files: /tools/FORMAT/TOOL."""
        return {
            f"{self._prefix}/tools/{format}/{name}": {"POST": self._known(self._use(format, name))}
            for format, names in self._queries.tools().items()
            for name in names
        }

    def routes(self) -> dict[str, Methods]:
        """Path -> method -> handler; a path that ends with a slash takes one segment more."""
        resources: dict[str, Methods] = {
            "/account": {"POST": self._account},
            "/transfer": {"POST": self._transfer},
            "/decision": {"POST": self._decision},
            "/balance/": {"GET": self._known(self._balance)},
            "/transactions/": {"GET": self._known(self._transactions)},
            "/statement/": {"GET": self._known(self._statement)},
            "/payments/": {"GET": self._known(self._payment)},
            "/openapi.json": {"GET": self._openapi},
            "/metrics": {"GET": self._known(self._metrics)},
        }
        return {self._prefix + path: methods for path, methods in resources.items()} | self._tools()

    def _known(self, handler: Handler) -> Handler:
        """The handler, for callers that may ask."""

        async def asked(request: BaseRequest) -> Response:
            caller = self._callers.name(request)
            return caller if isinstance(caller, Response) else await handler(request)

        return asked

    # -- changes

    async def _account(self, request: BaseRequest) -> Response:
        outcome = await self._take(request, "account")
        return outcome if isinstance(outcome, Response) else self._reply(outcome, "/balance/{0}")

    async def _transfer(self, request: BaseRequest) -> Response:
        outcome = await self._take(request, "transfer")
        return outcome if isinstance(outcome, Response) else self._reply(outcome, "/payments/{1}")

    async def _decision(self, request: BaseRequest) -> Response:
        """A person's instruction about a payment; whether callers may is the endpoint's `decide`."""
        outcome = await self._take(request, "operation")
        return outcome if isinstance(outcome, Response) else self._reply(outcome, "/payments/{0}")

    def _reply(self, outcome: Outcome, location: str) -> Response:
        headers = dict(REPLAYED) if outcome.repeated else {}
        if not outcome.answers:
            reasons = [_Reason(r.code, r.reason, r.place, r.text) for r in outcome.refusals]
            return _rejected(_Answer("RJCT", refusals=reasons), headers)
        frame = outcome.answers[0]
        answer = _read_answer(frame.data)
        if answer.status == "RJCT":
            return _rejected(answer, headers)
        if answer.results:
            return Response(body=frame.data, headers=headers, content_type=frame.media)
        headers["Location"] = self._prefix + location.format(quote(answer.reference, safe=""), answer.payment_id)
        status = 202 if answer.status == "PDNG" else 201
        return Response(body=frame.data, status=status, headers=headers, content_type=frame.media)

    # -- files that nobody posts

    def _use(self, format: str, name: str) -> Handler:
        async def use(request: BaseRequest) -> Response:
            if self._using >= TOOLS_MAX:
                text = "as many files as may be worked on are waiting; try again later"
                return problem(503, "busy", text, close=True, headers={"Retry-After": "1"})
            self._using += 1
            try:
                data = await self._read(request)
                if isinstance(data, Response):
                    return data
                return _files(await self._queries.tool(format, name, data, dict(request.query)))
            except ValueError as error:
                return problem(422, "bad-option", str(error))
            finally:
                self._using -= 1

        return use

    # -- questions

    async def _balance(self, request: BaseRequest) -> Response:
        account = _last_segment(request)
        rows = await self._queries.balance(account)
        return _no_account() if rows is None else _json({"account": account, "balances": rows})

    async def _transactions(self, request: BaseRequest) -> Response:
        account = _last_segment(request)
        page = _page(request)
        if isinstance(page, Response):
            return page
        rows = await self._queries.transactions(account, *page)
        return _no_account() if rows is None else _json({"account": account, "transactions": rows})

    async def _statement(self, request: BaseRequest) -> Response:
        asked = (request.query.get(name, "") for name in ("date", "as", "currency"))
        found = await self._queries.statement(_last_segment(request), *asked)
        if isinstance(found, Refusal):
            return problem(ASKED.get(found.code, 422), found.code, found.text, place=found.place)
        if len(found) > 1:
            return problem(422, "which-currency", "the account holds several currencies: ask for one with ?currency=")
        return Response(body=found[0].data, content_type=found[0].media)

    async def _payment(self, request: BaseRequest) -> Response:
        text = _last_segment(request)
        story = await self._queries.payment(int(text)) if _is_id(text) else None
        return problem(404, "unknown-payment", "there is no such payment") if story is None else _json(story)

    async def _openapi(self, request: BaseRequest) -> Response:
        return Response(body=self._document, content_type="application/json")

    async def _metrics(self, request: BaseRequest) -> Response:
        return Response(body=self._queries.metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})


def health(queries: Queries) -> dict[str, Methods]:
    """Liveness and readiness, which a load balancer asks without a token."""

    async def live(request: BaseRequest) -> Response:
        return _json({"live": True}) if queries.live() else problem(503, "not-live", "the loop does not turn")

    async def ready(request: BaseRequest) -> Response:
        is_ready, why = queries.ready()
        return _json({"ready": True}) if is_ready else problem(503, "not-ready", why)

    return {"/health/live": {"GET": live}, "/health/ready": {"GET": ready}}


def _rejected(answer: _Answer, headers: dict[str, str]) -> Response:
    """A refused record, or a refused message with its reasons."""
    first = answer.refusals[0] if answer.refusals else answer
    more: dict[str, Any] = {"payment_status": "RJCT", "reason": first.reason, "place": first.place}
    if answer.payment_id:
        more["payment_id"] = answer.payment_id
    return problem(STATUS.get(first.code, 422), first.code, first.text, headers=headers, **more)


def _files(found: Made) -> Response:
    """One file as it is, several as texts by name, or everything that is wrong."""
    wrong = [one for one in found if isinstance(one, Refusal)]
    if wrong:
        errors = [{"code": r.code, "reason": r.reason, "place": r.place, "detail": r.text} for r in wrong[:ERRORS_MAX]]
        return problem(422, wrong[0].code, wrong[0].text, place=wrong[0].place, errors=errors)
    frames = [one for one in found if isinstance(one, Frame)]
    if len(frames) == 1:
        return Response(body=frames[0].data, content_type=frames[0].media)
    return _json({"files": [{"name": one.name + one.suffix, "data": one.data.decode("latin-1")} for one in frames]})


def _json(value: Any) -> Response:
    return Response(body=_encode(value), content_type="application/json")


def _no_account() -> Response:
    return problem(404, "unknown-account", "there is no such account")


def _last_segment(request: BaseRequest) -> str:
    return unquote(request.rel_url.raw_path.rpartition("/")[2])


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= ID_MAX


def _page(request: BaseRequest) -> tuple[int, int] | Response:
    """`after` (a transfer's id) and `limit` of the query."""
    after, limit = request.query.get("after", "0"), request.query.get("limit", str(PAGE_DEFAULT))
    if not (_is_id(after) or after == "0") or not _is_id(limit) or int(limit) > PAGE_MAX:
        return problem(400, "bad-page", f"after is the id of a transaction, limit a number from 1 to {PAGE_MAX}")
    return int(after), int(limit)
