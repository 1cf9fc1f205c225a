"""The message types that are read by their grammar, as text. See `grammar` for how a line reads."""

from __future__ import annotations

from functools import lru_cache

from gateway.formats.mt.grammar import BALANCE, ENTRY, TIME, Sequence, sequence

_CASE = "20! 16x\n21! 16x\n"
_SAID = "79* 35*50x\n...\n"

TYPES: dict[str, str] = {
    "101": """
        20! 16x
        21R 16x
        28D! 5n/5n
        50CL
        50FGH
        52AC
        51A
        30! 6!n
        25 35x
        (
          21! 16x
          21F 16x
          23E* 4!c[/30x]
          32B! 3!a15d
          50CL
          50FGH
          52AC
          56ACD
          57ACD
          59_AF!
          70 4*35x
          77B 3*35x
          33B 3!a15d
          71A! 3!a
          25A /34x
          36 12d
        )!*
    """,
    "102": """
        20! 16x
        23! 16x
        51A
        50AFK
        52ABC
        26T 3!c
        77B 3*35x
        71A 3!a
        36 12d
        (
          21! 16x
          32B! 3!a15d
          50AFK
          52ABC
          57AC
          59_AF!
          70 4*35x
          26T 3!c
          77B 3*35x
          33B 3!a15d
          71A 3!a
          71F* 3!a15d
          71G 3!a15d
          36 12d
        )!*
        32A! 6!n3!a15d
        19 17d
        71G 3!a15d
        13C* /8c/4!n1!x4!n
        53AC
        54A
        72 6*35x
    """,
    "104": """
        20! 16x
        21R 16x
        23E 4!c[/30x]
        21E 35x
        30! 6!n
        51A
        50CL
        50AK
        52ACD
        26T 3!c
        77B 3*35x
        71A 3!a
        72 6*35x
        (
          21! 16x
          23E 4!c[/30x]
          21C 35x
          21D 35x
          21E 35x
          32B! 3!a15d
          50CL
          50AK
          52ACD
          57ACD
          59_A!
          70 4*35x
          26T 3!c
          77B 3*35x
          33B 3!a15d
          71A 3!a
          71F 3!a15d
          71G 3!a15d
          36 12d
        )!*
        (
          32B! 3!a15d
          19 17d
          71F 3!a15d
          71G 3!a15d
          53AB
        )
    """,
    "107": """
        20! 16x
        23E 4!c[/30x]
        21E 35x
        30! 6!n
        51A
        50CL
        50AK
        52ACD
        26T 3!c
        77B 3*35x
        71A 3!a
        72 6*35x
        (
          21! 16x
          23E 4!c[/30x]
          21C 35x
          21D 35x
          21E 35x
          32B! 3!a15d
          50CL
          50AK
          52ACD
          57ACD
          59_A!
          70 4*35x
          26T 3!c
          77B 3*35x
          33B 3!a15d
          71A 3!a
          71F 3!a15d
          71G 3!a15d
          36 12d
        )!*
        32B! 3!a15d
        19 17d
        71F 3!a15d
        71G 3!a15d
        53AB
    """,
    "201": """
        19! 17d
        30! 6!n
        53B
        72 6*35x
        (
          20! 16x
          32B! 3!a15d
          56AD
          57ABD!
          72 6*35x
        )!*
    """,
    "203": """
        19! 17d
        30! 6!n
        52AD
        53ABD
        54ABD
        72 6*35x
        (
          20! 16x
          21! 16x
          32B! 3!a15d
          56AD
          57ABD
          58AD!
          72 6*35x
        )!*
    """,
    "204": """
        20! 16x
        19! 17d
        30! 6!n
        57ABD
        58AD
        72 6*35x
        (
          20! 16x
          21 16x
          32B! 3!a15d
          53ABD!
          72 6*35x
        )!*
    """,
    "210": """
        20! 16x
        25 35x
        30! 6!n
        (
          21! 16x
          32B! 3!a15d
          50_CF
          52AD
          56AD
        )!*
    """,
    "900": "20! 16x\n21! 16x\n25_P! 35x[$4!a2!a2!c[3!c]]\n13D " + TIME + "\n32A! 6!n3!a15d\n52AD\n72 6*35x",
    "910": "20! 16x\n21! 16x\n25_P! 35x[$4!a2!a2!c[3!c]]\n13D "
    + TIME
    + "\n32A! 6!n3!a15d\n50AFK\n52AD\n56AD\n72 6*35x",
    "920": "20! 16x\n(\n12! 3!n\n25_P! 35x[$4!a2!a2!c[3!c]]\n34F* 3!a[1!a]15d\n)!*",
    "940": f"""
        20! 16x
        21 16x
        25_P! 35x[$4!a2!a2!c[3!c]]
        28C! 5n[/5n]
        60FM! {BALANCE}
        (
          61! {ENTRY}
          86 6*65x
        )*
        62FM! {BALANCE}
        64 {BALANCE}
        65* {BALANCE}
        86 6*65x
    """,
    "941": f"""
        20! 16x
        21 16x
        25_P! 35x[$4!a2!a2!c[3!c]]
        28! 5n[/2n]
        13D {TIME}
        60F {BALANCE}
        90D 5n3!a15d
        90C 5n3!a15d
        62F! {BALANCE}
        64 {BALANCE}
        65* {BALANCE}
        86 6*65x
    """,
    "942": f"""
        20! 16x
        21 16x
        25_P! 35x[$4!a2!a2!c[3!c]]
        28C! 5n[/5n]
        34F!* 3!a[1!a]15d
        13D! {TIME}
        (
          61! {ENTRY}
          86 6*65x
        )*
        90D 5n3!a15d
        90C 5n3!a15d
        86 6*65x
    """,
    "950": f"""
        20! 16x
        25_P! 35x[$4!a2!a2!c[3!c]]
        28C! 5n[/5n]
        60FM! {BALANCE}
        61* {ENTRY}
        62FM! {BALANCE}
        64 {BALANCE}
    """,
    "n90": _CASE + "25_P! 35x[$4!a2!a2!c[3!c]]\n32CD! 6!n3!a15d\n52AD\n71B! 6*35x\n72 6*35x",
    "n91": _CASE + "32B! 3!a15d\n52AD\n57ABD\n71B! 6*35x\n72 6*35x",
    "n92": _CASE + "11S! 3!n$6!n[[$]4!n6!n]\n" + _SAID,
    "n95": _CASE + "75! 6*35x\n77A 20*35x\n11RS 3!n$6!n[[$]4!n6!n]\n" + _SAID,
    "n96": _CASE + "76! 6*35x\n77A 20*35x\n11RS 3!n$6!n[[$]4!n6!n]\n" + _SAID,
    "n98": "20! 16x\n12! 3!n\n77E! 200*99z\n...",
    "n99": "20! 16x\n21 16x\n79!* 35*50x",
}


@lru_cache(maxsize=256)
def grammar(type: str) -> Sequence | None:
    """The grammar of a three-digit type, that of its group (n92 ...) where it has none of its own; None: unknown."""
    text = TYPES.get(type) or (TYPES.get("n" + type[1:]) if type[:1] not in ("0", "") else None)
    return sequence(text) if text is not None else None
