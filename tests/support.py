"""What tests share: where the conformance corpus is, and when it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def shared_corpus(*parts: str) -> Path:
    """A folder of the conformance corpus; skips the test when it is not beside the checkout."""
    path = SHARED.joinpath("corpus", *parts)
    if not path.exists():
        pytest.skip(f"conformance corpus not present: shared/corpus/{'/'.join(parts)}", allow_module_level=True)
    return path
