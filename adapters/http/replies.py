"""From what became of a message to the response. The same outcome, asked for again, gives the same response."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp.web import Response

from adapters.http.problems import problem
from gateway.ports import Frame, Outcome

CONFLICTS = frozenset({"idempotency-key-reused", "message-id-reused"})
REFUSALS_SHOWN = 100  # of a message that has no answer in its own format
REPLAYED = {"Idempotent-Replayed": "true"}


def of_message(outcome: Outcome) -> Response:
    """The answer in the message's own format.

    200 decided (also when every payment in it was refused), 202 with Location when one is held, 422 refused as a
    whole but answered, 409 contradicts an earlier message, 400 unreadable.
    """
    headers = dict(REPLAYED) if outcome.repeated else {}
    codes = {refusal.code for refusal in outcome.refusals}
    if codes & CONFLICTS or (codes and not outcome.answers):
        return _refused(outcome, 409 if codes & CONFLICTS else 400, headers)
    status = 422 if codes else 200
    held = next((s.payment_id for s in outcome.statuses if s.code == "PDNG"), 0)
    if held:
        status, headers["Location"] = 202, f"/payments/{held}"
    if not outcome.answers:
        return Response(status=204 if status == 200 else status, headers=headers)
    return _answered(outcome.answers, status, headers)


def _answered(answers: Sequence[Frame], status: int, headers: dict[str, str]) -> Response:
    if len(answers) == 1:
        return Response(body=answers[0].data, status=status, headers=headers, content_type=answers[0].media)
    boundary = _boundary(answers)
    parts = [b"--%s\r\nContent-Type: %s\r\n\r\n%s\r\n" % (boundary, f.media.encode(), f.data) for f in answers]
    headers["Content-Type"] = f"multipart/mixed; boundary={boundary.decode()}"
    return Response(body=b"".join(parts) + b"--%s--\r\n" % boundary, status=status, headers=headers)


def _boundary(answers: Sequence[Frame]) -> bytes:
    """A line that no answer holds; the same for the same answers."""
    number = 0
    while any(b"--answer-%d" % number in frame.data for frame in answers):
        number += 1
    return b"answer-%d" % number


def _refused(outcome: Outcome, status: int, headers: dict[str, str]) -> Response:
    first = outcome.refusals[0]
    shown = outcome.refusals[:REFUSALS_SHOWN]
    listed = [{"code": r.code, "reason": r.reason, "place": r.place, "text": r.text} for r in shown]
    return problem(
        status,
        first.code,
        first.text,
        headers=headers,
        reason=first.reason,
        place=first.place,
        message=outcome.message,
        refusals=listed,
    )
