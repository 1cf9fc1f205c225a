"""What is wrong, as RFC 9457 says it: application/problem+json."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp.web import Response

MEDIA = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "The caller is not known",
    403: "The request is not allowed",
    404: "There is no such resource",
    405: "The resource does not take this method",
    408: "The request came too slowly",
    409: "The request contradicts an earlier one",
    413: "The message is too large",
    415: "The message comes in a form that is not taken",
    417: "The expectation cannot be met",
    422: "The message was refused",
    500: "The gateway failed",
    503: "The gateway cannot take it now",
}

_encode = msgspec.json.Encoder().encode


def problem(
    status: int, code: str, detail: str, *, close: bool = False, headers: dict[str, str] | None = None, **more: Any
) -> Response:
    """A problem document; `code` is explained in docs/refusals.md, `more` are members of our own."""
    document = {
        "type": f"urn:financial-os:refusal:{code}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    response = Response(body=_encode(document), status=status, content_type=MEDIA, headers=headers)
    if close:
        response.force_close()
    return response
