"""financial-os screen: names against sanctions lists, with score and why."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gateway import compliance


def screen(options: argparse.Namespace) -> int:
    """One JSON line a hit; exit 1 when there is any, 0 when there is none, 2 without names."""
    names = list(options.names)
    if options.file:
        names += [line.strip() for line in Path(options.file).read_text("utf-8").splitlines() if line.strip()]
    if not names:
        print("financial-os: no names; give some, or --file", file=sys.stderr)
        return 2
    hits = compliance.screen_names(names, options.lists or ["lists"], options.threshold)
    for hit in hits:
        print(json.dumps(hit, ensure_ascii=False))
    return 1 if hits else 0
