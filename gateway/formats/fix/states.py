"""Where a session is on a connection."""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """From connecting to hanging up."""

    WAIT_LOGON = auto()
    LOGON_SENT = auto()
    ACTIVE = auto()
    LOGOUT_SENT = auto()


NOT_LOGGED_ON = (State.WAIT_LOGON, State.LOGON_SENT)
STANDINGS = {
    State.WAIT_LOGON: "logging on",
    State.LOGON_SENT: "logging on",
    State.ACTIVE: "logged on",
    State.LOGOUT_SENT: "logging out",
}
