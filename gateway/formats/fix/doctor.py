"""Which side is wrong about sequence numbers, what happened, and what to do: a session's state in plain words.

Strategy: a session remembers the last thing that kept the two sides from being in step, as a code and the numbers
as they stood. Each code is a row of ADVICE; the sentences are filled with the numbers.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.ports import SessionView


class Advice(Struct, frozen=True):
    """One thing that goes wrong with sessions. `side` is us, them, both or neither."""

    side: str
    what: str
    do: str


ADVICE = {
    "their-number-too-low": Advice(
        "them",
        "The counterparty sent number {received}, and {expected} was expected: it counts from an earlier place, as"
        " after a restore from a backup or a reset that we were not told of.",
        "If it reset its numbers on purpose, agree on it and run `financial-os fix reset {session}`, or have it log on"
        " with ResetSeqNumFlag (141=Y). If not, it must go on from {expected}: it has lost its numbers, and what it"
        " sent under {received} to {before_expected} was received and acted upon here.",
    ),
    "their-number-too-high": Advice(
        "neither",
        "The counterparty sent number {received}, and {expected} was expected: {missing} messages did not arrive. They"
        " were asked for.",
        "Nothing, as long as the gap closes. If it stays, the counterparty does not answer the ResendRequest: have it"
        " resend from {expected}, or fill the gap with a SequenceReset if nothing of it matters.",
    ),
    "our-number-too-low": Advice(
        "us",
        "The counterparty expects number {expected} of us, and we are at {received}: our numbers went back, as after a"
        " restore of our store from a backup.",
        "Find out what was sent under {received} to {before_expected} (the counterparty's log has it), then agree on a"
        " reset: `financial-os fix reset {session}` here and the same at the other side.",
    ),
    "logon-refused": Advice(
        "them",
        "The counterparty does not take our Logon.",
        "Read its reason in the last event below; names, password and schedule are agreed between both sides.",
    ),
    "logon-invalid": Advice(
        "them",
        "The counterparty's Logon is not valid FIX of the agreed version.",
        "Read the reason in the last event below and have it corrected there, or switch the check off for the session.",
    ),
    "wrong-password": Advice(
        "them",
        "The counterparty's Username or Password is not the one agreed.",
        "Compare both sides' settings; the password that was sent is in no log.",
    ),
    "clocks-differ": Advice(
        "both",
        "SendingTime of the counterparty's message is further from our clock than latency_max_s allows.",
        "Compare both clocks with a time server; numbers are not the problem.",
    ),
    "no-answer": Advice(
        "them",
        "Something takes our connection and does not answer the Logon.",
        "Check the host and port, and whether a proxy stands between; then ask the counterparty what it sees.",
    ),
    "silent": Advice(
        "them",
        "The counterparty fell silent and did not answer a TestRequest.",
        "Nothing here: it is expected back with number {expected}. If it happens often, look at the line or at a"
        " firewall that forgets idle connections, or agree on a shorter heartbeat.",
    ),
    "store-damaged": Advice(
        "us",
        "Our record of this session's numbers was damaged; they were set so that everything is resent.",
        "Let the counterparty log on: what it resends is recognised and not acted upon twice. Then look at the disk.",
    ),
}
IN_STEP = Advice("neither", "Both sides agree about the numbers, as far as is known here.", "Nothing.")


def diagnose(view: SessionView) -> Advice:
    """What is to be said of a session now."""
    advice = ADVICE.get(view.problem, IN_STEP)
    numbers = {
        "session": view.session,
        "expected": view.expected,
        "received": view.received,
        "missing": max(view.received - view.expected, 0),
        "before_expected": max(view.expected - 1, view.received),
    }
    return Advice(advice.side, advice.what.format_map(numbers), advice.do.format_map(numbers))
