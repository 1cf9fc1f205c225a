"""What routes.yaml may say of a folder endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

STREAM_ABOVE = 1024 * 1024  # a file up to this is read and offered whole, a larger one flows in parts


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """A folder with in/, work/, done/, quarantine/ and out/, all on one filesystem; made when missing."""

    path: Path
    # How a file is known to be complete: renamed into in/ (what is written there directly waits until it rests);
    # closed by its writer; followed by an empty file of the same name and .done or .ok; unchanged for stable_s.
    accept: Literal["rename", "close-write", "marker", "stable"] = "rename"
    stable_s: float = 2.0  # unchanged for so long is complete, where nothing better is known
    rescan_s: float = 1.0  # looking again, for what notifications miss: network mounts, overflows
    batch_max: int = 64  # files offered at once
    size_bytes_max: int = 4 * 1024**3  # twice the largest file banks send
    stream_above_bytes: int = STREAM_ABOVE
    part_records: int = 64  # of a large file, handed over at a time: as long as other messages may have to wait
    large_max: int = 2  # large files under way at a time

    def __post_init__(self) -> None:
        for name in ("stable_s", "rescan_s", "batch_max", "size_bytes_max", "part_records", "large_max"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is more than 0")
