"""What is wrong with a message, in which field, and that the quick way and the explainer agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix import dictionary, validate
from gateway.formats.fix.message import parse
from gateway.formats.fix.validate import Fault, Rules
from gateway.ports import Checks
from tests.formats.fix.peer import framed

DICTIONARY = dictionary.load("FIX44")
RULES = Rules(DICTIONARY)
HEAD = "34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|"
BODY = "11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|"
PARTIES = "453=2|448=A|447=D|452=1|802=1|523=X|803=2|448=B|447=D|452=3|"


def fault(text: str, rules: Rules = RULES) -> tuple[int, str] | None:
    message = parse(framed(text))
    assert message is not None
    found = rules.fault(message)
    assert rules.fault(message) == found, "asked again, it is the same"
    return (found.reason, found.tag.decode()) if found is not None else None


@pytest.mark.parametrize(
    "text",
    [
        "35=0|" + HEAD,
        "35=D|" + HEAD + BODY,
        "35=D|" + HEAD + BODY + PARTIES,
        "35=D|" + HEAD + BODY + "453=0|",
        "35=D|" + HEAD + BODY + "58=a=b|",
        "35=D|" + HEAD + "115=DESK|" + BODY,
        "35=V|" + HEAD + "262=X|9999=any|",
        "35=D|" + HEAD + BODY + "18=1 6 G|",
        "35=D|" + HEAD + BODY + "354=3|355=abc|",
        "35=0|" + HEAD + "627=1|628=HUB|629=20260921-14:13:20|",
    ],
)
def test_valid(text: str) -> None:
    assert fault(text) is None


@pytest.mark.parametrize(
    ("text", "reason", "tag"),
    [
        ("35=0|" + HEAD + "9999=HI|", 0, "9999"),
        ("35=0|" + HEAD + "-1=HI|", 0, "-1"),
        ("35=1|" + HEAD, 1, "112"),
        ("35=0|34=2|49=CLIENT1|56=FINOS|", 1, "52"),
        ("35=D|" + HEAD + BODY.replace("54=1|", ""), 1, "54"),
        ("35=0|" + HEAD + "55=X|", 2, "55"),
        ("35=D|" + HEAD + "628=HUB|" + BODY, 2, "628"),
        ("35=D|" + HEAD + BODY + "628=HUB|", 14, "628"),
        ("35=0|" + HEAD + "112=|", 4, "112"),
        ("35=0|" + HEAD.replace("FINOS", ""), 4, "56"),
        ("35=D|" + HEAD + BODY.replace("40=2", "40=w"), 5, "40"),
        ("35=D|" + HEAD + BODY.replace("38=1000", "38=+1000"), 6, "38"),
        ("35=D|" + HEAD + BODY.replace("40=2", "40=22"), 6, "40"),
        ("35=D|" + HEAD + BODY.replace("60=20260921-14:13:20", "60=20260921"), 6, "60"),
        ("35=D|" + HEAD + BODY + "432=20260231|", 6, "432"),
        ("35=D|" + HEAD + BODY + "114=y|", 6, "114"),
        ("35=D|" + HEAD + BODY + "354=4|355=abc|", 6, "354"),
        ("35=*|" + HEAD, 11, ""),
        ("35=D|" + HEAD + BODY + "54=1|", 13, "54"),
        ("35=0|" + HEAD + "34=2|", 13, "34"),
        ("35=D|55=EUR/USD|" + HEAD + BODY, 14, "34"),
        ("35=0|" + HEAD + "89=x|112=A|", 14, "112"),
        ("35=D|" + HEAD + BODY + "453=1|448=A|452=1|447=D|", 15, "447"),
        ("35=D|" + HEAD + BODY + "453=1|447=D|448=A|", 15, "447"),
        ("35=D|" + HEAD + BODY + "453=3|448=A|448=B|", 16, "453"),
        ("35=D|" + HEAD + BODY + "453=1|448=A|448=B|", 16, "453"),
        ("35=D|" + HEAD + BODY + "453=1|", 16, "453"),
        ("35=D|" + HEAD + BODY + PARTIES.replace("802=1", "802=2"), 16, "802"),
        ("35=D|" + HEAD + BODY + "453=1|448=A|448=|", 16, "453"),
        ("35=D|" + HEAD + BODY + "453=x|448=A|", 6, "453"),
        ("35=D|" + HEAD + BODY + "453=1|448=|", 4, "448"),
        ("35=D|" + HEAD + BODY + "453=1|448=A|452=99|", 5, "452"),
    ],
)
def test_faults(text: str, reason: int, tag: str) -> None:
    assert fault(text) == (reason, tag)


def test_every_fault_has_its_text() -> None:
    assert Fault(16, b"453").text == b"Incorrect NumInGroup count for repeating group"


fields = st.sampled_from(
    [
        "11=A",
        "21=1",
        "38=1000",
        "40=2",
        "40=w",
        "44=1.1",
        "54=1",
        "55=EUR/USD",
        "60=20260921-14:13:20",
        "453=1",
        "453=2",
        "448=A",
        "447=D",
        "452=1",
        "802=1",
        "523=X",
        "803=2",
        "58=",
        "115=DESK",
        "9999=x",
        "112=A",
        "34=2",
        "432=20260921",
    ]
)


@given(st.lists(fields, max_size=10), st.booleans())
def test_the_quick_way_agrees_with_the_explainer(extra: list[str], whole: bool) -> None:
    message = parse(framed("35=D|" + HEAD + (BODY if whole else "") + "".join(f"{field}|" for field in extra)))
    assert message is not None
    fresh = Rules(DICTIONARY).fault(message)
    assert RULES.fault(message) == fresh
    assert RULES.fault(message) == fresh


@given(st.binary(max_size=200))
def test_no_bytes_raise(data: bytes) -> None:
    message = parse(b"8=FIX.4.4\x019=5\x0135=D\x01" + data + b"\x0110=000\x01")
    if message is not None:
        RULES.fault(message)


# --- switches


@pytest.mark.parametrize(
    ("switch", "more", "reason"),
    [
        ("unknown_tags", "4999=X|", validate.INVALID_TAG),
        ("user_tags", "5001=X|", validate.INVALID_TAG),
        ("order", "56=AGAIN|", validate.OUT_OF_ORDER),
        ("empty", "58=|", validate.NO_VALUE),
        ("enums", "59=?|", validate.OUT_OF_RANGE),
        ("formats", "126=tomorrow|", validate.BAD_FORMAT),
        ("repeated", "58=A|58=B|", validate.REPEATED),
        ("groups", "386=2|336=PRE|", validate.GROUP_COUNT),
        ("required", "", validate.MISSING),
    ],
)
def test_each_check_can_be_switched_off(switch: str, more: str, reason: int) -> None:
    body = BODY if switch != "required" else BODY.replace("54=1|", "")
    message = parse(framed(f"35=D|{HEAD}{body}{more}"))
    assert message is not None
    found = RULES.fault(message)
    assert found is not None
    assert found.reason == reason
    relaxed = Checks(**{switch: False, "repeated": switch not in ("order", "repeated")})
    assert Rules(DICTIONARY, None, relaxed).fault(message) is None
