"""Questions about the status of a payment (pacs.028), answered with a status report of the present state."""

from __future__ import annotations

from gateway.conversations.finding import Finder
from gateway.conversations.saying import Saying
from gateway.entries import Entries, rejected
from gateway.model import Case, Reason, Refusal, Report, Status
from gateway.planning import Source


class Requests:
    """The questions of one batch."""

    def __init__(self, entries: Entries, finder: Finder, saying: Saying) -> None:
        self.entries = entries
        self.finder = finder
        self.saying = saying

    def take(self, id: int, case: Case, source: Source) -> Status:
        found = self.finder.one(case, case.original, source, "origin")
        if isinstance(found, Refusal):
            status = rejected(id, case, found)
            answer = Report("RJCT", case.original, id=str(id), reasons=(Reason(found.reason, text=(found.text,)),))
        else:
            status = Status("ACTC", case, id, place=case.place)
            answer = self.saying.status(found, case)
            self.entries.link(found.row.id, id, case.kind, answer.status)
        self.saying.answer(source, answer, "payment_status")
        self.entries.keep(id, source.message, case, None, status)
        return status
