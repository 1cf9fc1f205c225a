"""What differs between FIX versions, as a table; the engine itself knows none of them."""

from __future__ import annotations

from msgspec import Struct


class Version(Struct, frozen=True):
    """One session protocol version."""

    begin_string: bytes
    dictionary: str  # file of the session layer, and of the messages unless the application has its own version
    fraction_digits: int  # of SendingTime and OrigSendingTime
    open_end: bytes  # EndSeqNo that asks for everything from BeginSeqNo on
    also_open: bytes  # another spelling of it that is understood
    reject_reason_max: int  # highest SessionRejectReason (373); -1: Reject has neither 371, 372 nor 373
    business_reject: bool  # BusinessMessageReject (j) exists
    transport: bool = False  # FIXT: applications have versions of their own (1137, 1128)


VERSIONS = {
    version.begin_string: version
    for version in (
        #       BeginString   dictionary  decimals  open ends           373 up to   j      FIXT
        Version(b"FIX.4.0", "FIX40", 0, b"999999", b"0", -1, False),
        Version(b"FIX.4.1", "FIX41", 0, b"999999", b"0", -1, False),
        Version(b"FIX.4.2", "FIX42", 3, b"0", b"999999", 11, True),
        Version(b"FIX.4.3", "FIX43", 3, b"0", b"0", 17, True),
        Version(b"FIX.4.4", "FIX44", 3, b"0", b"0", 99, True),
        Version(b"FIXT.1.1", "FIXT11", 3, b"0", b"0", 99, True, True),
    )
}

# Versions whose ExecutionReport has ExecTransType (20).
OLD_EXECUTIONS = frozenset(("FIX.4.0", "FIX.4.1", "FIX.4.2"))

EARLY = frozenset(("FIX.4.0", "FIX.4.1"))  # quantities are whole numbers, a report always has LastShares and LastPx

# The highest reason that a version knows; what is beyond is said as `fallback`. Later versions know all that we say.
_REASONS_MAX = {
    "103": ({"FIX.4.0": 4, "FIX.4.1": 6, "FIX.4.2": 8, "FIX.4.3": 12}, "0"),  # broker option
    "102": ({"FIX.4.0": 1, "FIX.4.1": 1, "FIX.4.2": 3, "FIX.4.3": 6}, "0"),  # too late
    "88": ({"FIX.4.0": 7, "FIX.4.1": 7, "FIX.4.2": 7, "FIX.4.3": 7}, "7"),  # other
    "658": ({"FIX.4.3": 6}, "6"),  # not authorized
}


def reason(tag: str, code: str, version: str) -> str:
    """A reason code as far as a version knows it."""
    known, fallback = _REASONS_MAX[tag]
    highest = known.get(version)
    return code if highest is None or int(code) <= highest else fallback


# ApplVerID (1128) and DefaultApplVerID (1137): the dictionary of the application's messages.
APPLICATIONS = {
    b"2": "FIX40",
    b"3": "FIX41",
    b"4": "FIX42",
    b"5": "FIX43",
    b"6": "FIX44",
    b"7": "FIX50",
    b"8": "FIX50SP1",
    b"9": "FIX50SP2",
}
