"""/openapi.json: OpenAPI 3.1 of the REST interface.

The schemas of requests and answers are those that the JSON format publishes (schemas/json/messages.json, printed
from its records); those of questions and problems are the records below.
"""

from __future__ import annotations

import importlib.resources
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

VERSION = "1"
MESSAGES = importlib.resources.files("schemas") / "json" / "messages.json"

Decimal = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="with all of the currency's decimals")]


class HttpProblem(Struct):
    """What is wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, Meta(description="the gateway's own word for it, explained in docs/refusals.md")]
    reason: Annotated[str, Meta(description="ISO 20022 external code")] = ""
    place: Annotated[str, Meta(description="JSON path of what was refused")] = ""
    payment_id: int = 0
    payment_status: str = ""


class Position(Struct):
    """An account in one currency."""

    account: str
    currency: str
    balance: Decimal
    floor: Decimal | None
    closed: bool


class Balance(Struct):
    """An account in all its currencies."""

    account: str
    balances: list[Position]


class Transactions(Struct):
    """Movements of an account, oldest first; ask on with `after` = the last one's id."""

    account: str
    transactions: list[dict[str, Any]]


class PaymentStory(Struct):
    """A payment with its decisions, movements and changes."""

    id: int
    status: str


SHAPES = (HttpProblem, Balance, Transactions, PaymentStory)

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "the same key and body again reads the first answer again; another body is a 409",
}


def document(prefix: str) -> bytes:
    """The whole document for an interface whose paths stand below `prefix`."""
    _, own = msgspec.json.schema_components(SHAPES, ref_template="#/components/schemas/{name}")
    schemas = {**msgspec.json.decode(MESSAGES.read_bytes()), **own}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Financial OS",
                "version": VERSION,
                "summary": "Accounts, transfers and what became of them",
            },
            "servers": [{"url": prefix or "/"}],
            "security": [{}, {"bearer": []}],
            "paths": _paths(),
            "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        }
    )


def _paths() -> dict[str, Any]:
    after = _query("after", {"type": "integer", "minimum": 0, "default": 0})
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
    account = _segment("account_id")
    return {
        "/account": {"post": _change("openAccount", "Open an account", "Account", held=False)},
        "/transfer": {"post": _change("transfer", "Move money between two accounts", "Transfer", held=True)},
        "/decision": {
            "post": _change(
                "decide", "Decide about a payment, recall it, return it, ask how it stands", "Operation", held=False
            )
        },
        "/balance/{account_id}": {"get": _question("balance", "An account's balances", "Balance", account)},
        "/transactions/{account_id}": {
            "get": _question("transactions", "An account's movements", "Transactions", account, after, limit)
        },
        "/statement/{account_id}": {"get": _statement(account)},
        "/tools/{format}/{tool}": {"post": _tool()},
        "/payments/{id}": {"get": _question("payment", "What became of a payment", "PaymentStory", _segment("id"))},
    }


def _change(id: str, summary: str, body: str, *, held: bool) -> dict[str, Any]:
    responses = {"201": _answers("done", "Result")}
    if held:
        responses["202"] = _answers("held for a person's decision", "Result")
    for status, why in (
        ("400", "cannot be read"),
        ("401", "unknown caller"),
        ("403", "not allowed"),
        ("408", "came too slowly"),
        ("409", "contradicts an earlier request"),
        ("413", "too large"),
        ("415", "compressed"),
        ("422", "refused"),
        ("503", "cannot be taken now"),
    ):
        responses[status] = _answers(why, "HttpProblem", "application/problem+json")
    content = {"application/json": {"schema": _ref(body)}}
    return {
        "operationId": id,
        "summary": summary,
        "parameters": [_KEY],
        "requestBody": {"required": True, "content": content},
        "responses": responses,
    }


def _question(id: str, summary: str, answer: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    responses = {"200": _answers("found", answer)}
    for status, why in (
        ("400", "cannot be read"),
        ("401", "unknown caller"),
        ("403", "not allowed"),
        ("404", "there is none"),
    ):
        responses[status] = _answers(why, "HttpProblem", "application/problem+json")
    return {"operationId": id, "summary": summary, "parameters": list(parameters), "responses": responses}


def _statement(account: dict[str, Any]) -> dict[str, Any]:
    """A question that is answered with a message of the type that is asked for."""
    shapes = {"date": {"type": "string", "format": "date"}, "as": {"type": "string"}, "currency": {"type": "string"}}
    queries = [_query(name, shape) for name, shape in shapes.items()]
    question = _question("statement", "An account's statement, as a message", "HttpProblem", account, *queries)
    media = {name: {"schema": {"type": "string"}} for name in ("application/xml", "text/plain")}
    responses = {
        **question["responses"],
        "200": {"description": "found", "content": media},
        "422": _answers("the type cannot carry it", "HttpProblem", "application/problem+json"),
    }
    return {**question, "responses": responses}


def _tool() -> dict[str, Any]:
    """A file in, the files that a tool makes of it out; nothing is kept."""
    text = {"schema": {"type": "string"}}
    files = {"description": "the file that was made; several as texts by name", "content": {"text/plain": text}}
    files["content"]["application/json"] = {"schema": {"type": "object"}}  # type: ignore[index]
    wrong = {
        status: _answers(why, "HttpProblem", "application/problem+json")
        for status, why in (("401", "unknown caller"), ("413", "too large"), ("422", "refused, with every error"))
    }
    return {
        "operationId": "useTool",
        "summary": "Check, convert, merge, split or return files that nobody posts",
        "parameters": [_segment("format"), _segment("tool")],
        "requestBody": {"required": True, "content": {"text/plain": text}},
        "responses": {"200": files, **wrong},
    }


def _segment(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _answers(description: str, schema: str, media: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": _ref(schema)}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
