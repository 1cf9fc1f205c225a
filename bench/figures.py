"""One figure, one line: name, value, unit, goal, whether it is met, a baseline measured beside it, the ratio."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Figure:
    """`goal` is a lower bound, or with `at_most` an upper one. `ratio` is value / baseline."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False
    baseline: float | None = None
    baseline_is: str = ""

    def line(self) -> dict[str, object]:
        row: dict[str, object] = {key: value for key, value in asdict(self).items() if key != "at_most"}
        met = None
        if self.goal is not None:
            met = self.value <= self.goal if self.at_most else self.value >= self.goal
        ratio = self.value / self.baseline if self.baseline else None
        row |= {
            "value": round(self.value, 3),
            "met": met,
            "baseline": None if self.baseline is None else round(self.baseline, 3),
            "ratio": None if ratio is None else round(ratio, 2),
        }
        return row


def options(description: str) -> argparse.Namespace:
    """--json, --only NAME ..."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="measures whose name holds a word")
    parser.add_argument("--quick", action="store_true", help="a tenth of the load: to see that it runs, not to quote")
    return parser.parse_args()


def show(figure: Figure, as_json: bool) -> None:
    row = figure.line()
    if as_json:
        print(json.dumps(row), flush=True)
        return
    goal = "" if row["goal"] is None else f"goal {'<=' if figure.at_most else '>='} {row['goal']:g}"
    verdict = {True: "met", False: "MISSED", None: ""}[row["met"]]  # type: ignore[index]
    beside = "" if row["baseline"] is None else f"{figure.baseline_is} {row['baseline']:g}, ratio {row['ratio']:g}"
    print(f"{figure.name:34} {row['value']:>12,.6g} {figure.unit:12} {goal:16} {verdict:7} {beside}", flush=True)


def machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}"
