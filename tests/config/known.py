"""A small world of adapters, formats and checks, and a good configuration in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.config.load import ConfigErrors, parse
from gateway.config.records import Configuration
from gateway.ports import Limits, SessionConfig


class Socket(Struct, frozen=True):
    """A door on an address."""

    listen: str
    sessions: tuple[SessionConfig, ...] = ()
    idle_s: float = 30.0  # hang up after so long
    password: str = ""
    tokens: dict[str, str] = {}


class Folder(Struct, frozen=True):
    """A door that is a folder."""

    path: Path
    batch_max: Annotated[int, Meta(ge=1, le=10_000)] = 256
    accept: Literal["rename", "marker"] = "rename"
    stable_s: float | None = None
    span: tuple[int, int] = (0, 1)
    recursive: bool = False

    def __post_init__(self) -> None:
        if self.accept == "marker" and self.stable_s is not None:
            raise ValueError("stable_s has no use with markers")


class Web(Struct, frozen=True):
    """A door on a path of an address, or a place to send to."""

    listen: str = ""
    path: str = ""
    url: str = ""
    api: bool = False

    @property
    def listens(self) -> bool:
        return not self.url


class Screen(Struct, frozen=True):
    """Options of the check `screen`."""

    lists: tuple[Path, ...]
    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.8


class KycLevel(Struct, frozen=True):
    """Options of the check `kyc_level`."""

    minimum: int = 1


class World:
    """A Known with no module behind it."""

    def adapters(self) -> tuple[str, ...]:
        return ("fix", "folder", "http")

    def adapter_config(self, name: str) -> Any:
        return {"fix": Socket, "folder": Folder, "http": Web}[name]

    def formats(self) -> tuple[str, ...]:
        return ("ach", "fix", "iso20022", "json", "mt")

    def checks(self) -> tuple[str, ...]:
        return ("kyc_level", "limits", "report_above", "screen")

    def check_options(self, name: str) -> Any:
        return {"kyc_level": KycLevel, "limits": Limits, "report_above": Limits, "screen": Screen}[name]

    def writes(self) -> tuple[str, ...]:
        return ("ACH", "MT103", "camt.053.001.08", "camt.054.001.08", "pacs.008.001.08", "pacs.009.001.08")

    def rule_sets(self) -> tuple[str, ...]:
        return ("cbpr-2026", "sepa-2026")


GOOD = (Path(__file__).resolve().parents[1] / "corpus" / "config" / "good.yaml").read_text()
MARK = "@@"


def good(text: str = GOOD, environ: dict[str, str] | None = None, base: Path | None = None) -> Configuration:
    return parse(text, "routes.yaml", environ or {}, base or Path("/srv/gateway"), World())


def problems(text: str, environ: dict[str, str] | None = None, base: Path | None = None) -> list[str]:
    """The problems of a text, as printed; none when it is taken."""
    try:
        good(text, environ, base)
    except ConfigErrors as errors:
        return [str(error) for error in errors.errors]
    return []


def place(text: str) -> tuple[str, str]:
    """The text without its mark, and `line:column` of where the mark was."""
    before, mark, after = text.partition(MARK)
    assert mark, "the text shows with a mark where the problem is"
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
