"""Text as FIN carries it: the x set, lines of 35, references of 16, and `+` where something was cut."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from gateway.formats.mt.tables import X

_PLAIN = re.compile(rf"{X}*\Z", re.ASCII)
_OTHER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]", re.ASCII)
_NO_BASE = str.maketrans(
    {
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Ø": "O",
        "ø": "o",
        "Œ": "OE",
        "œ": "oe",
        "Đ": "D",
        "đ": "d",
        "Ł": "L",
        "ł": "l",
        "Þ": "Th",
        "þ": "th",
        "ı": "i",
        "&": "+",
        "_": "-",
        "–": "-",
        "—": "-",
        "’": "'",
        "‘": "'",
        "\n": " ",
        "\r": " ",
        "\t": " ",
    }
)  # Latin letters without a base letter of their own, and the signs that have an obvious neighbour


def plain(text: str) -> str:
    """The text in the x set: letters without their marks, a full stop for what is not in it."""
    if _PLAIN.match(text):
        return text
    folded = unicodedata.normalize("NFKD", text.translate(_NO_BASE))
    return _OTHER.sub(".", "".join(c for c in folded if not unicodedata.combining(c)))


def cut(text: str, width: int) -> str:
    """At most `width` characters; a `+` at the end says that there were more."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "+"


def line(text: str, width: int = 35) -> str:
    """One line of a field: it begins neither with a colon nor with a hyphen, which would end the field."""
    text = plain(text).strip()
    return cut("." + text[1:] if text[:1] in (":", "-") else text, width)


def reference(text: str) -> str:
    """Field 20 or 21: 16 characters, no slash at either end and no two together; "" when there is none."""
    text = plain(text).strip()
    if not text or text[0] == "/" or text[-1] == "/" or "//" in text:
        return "NOTPROVIDED" if text else ""
    return cut("." + text[1:] if text[0] in ":-" else text, 16)


def filled(text: str, lines: int, width: int = 35) -> list[str]:
    """A stream of text in full lines, words cut where they must be; read again by putting the lines together."""
    found: list[str] = []
    while text and len(found) < lines:
        end = width
        while end > 1 and text[end : end + 1] in (":", "-"):
            end -= 1
        found.append(text[:end])
        text = text[end:]
    if text:
        found[-1] = found[-1][: width - 1] + "+"
    return found


def coded(code: str, text: str) -> list[str]:
    """One code word of field 72 with its continuation lines, broken between words."""
    return coded_at(f"/{code}/", text, 35)


def coded_at(lead: str, text: str, width: int) -> list[str]:
    """The same for lines of any width."""
    whole = lead + plain(text).strip()
    if len(whole) <= width and "  " not in whole:
        return [whole]
    return textwrap.wrap(whole, width, initial_indent="", subsequent_indent="//", break_on_hyphens=False) or [lead]
