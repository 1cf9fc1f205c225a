"""Which files in in/ are complete, by the way that the bank and we have agreed on."""

from __future__ import annotations

from collections.abc import Iterable

from adapters import _inotify
from adapters.folder.config import Config
from adapters.folder.place import Place, is_hidden

MARKERS = (".done", ".ok")
SCAN_MAX = 10_000  # names looked at together; the rest has its turn when these are gone


class Ready:
    """Finds complete files. Called from one thread at a time."""

    def __init__(self, config: Config, place: Place) -> None:
        self._place = place
        self._accept = config.accept
        self._stable_s = config.stable_s
        # Name -> what it looked like, and since when (monotonic seconds) it has looked so.
        self._seen: dict[str, tuple[tuple[int, ...], float]] = {}

    @property
    def waiting(self) -> bool:
        """Whether there are files that may become complete by resting."""
        return bool(self._seen)

    def told(self, events: Iterable[tuple[int, str]]) -> list[str]:
        """Files that a notification shows to be complete."""
        wanted = {"rename": _inotify.MOVED_TO, "close-write": _inotify.MOVED_TO | _inotify.CLOSE_WRITE}
        mask = wanted.get(self._accept, 0)
        names = dict.fromkeys(name for event, name in events if event & mask and not is_hidden(name))
        for name in names:
            self._seen.pop(name, None)
        return list(names)

    def found(self, now_s: float) -> list[str]:
        """Complete files among all that lie there."""
        names = [name for name in self._place.names("in", SCAN_MAX) if not is_hidden(name)]
        if self._accept == "marker":
            return self._marked(names)
        self._seen = {name: seen for name, seen in self._seen.items() if name in set(names)}
        return [name for name in names if self._rests(name, now_s)]

    def taken(self, name: str) -> None:
        """The file was claimed: forget it, and remove its marker."""
        self._seen.pop(name, None)
        if self._accept == "marker":
            for suffix in MARKERS:
                self._place.forget(name + suffix)

    def _marked(self, names: list[str]) -> list[str]:
        there = set(names)
        return [name for name in names if not name.endswith(MARKERS) and any(name + m in there for m in MARKERS)]

    def _rests(self, name: str, now_s: float) -> bool:
        """Unchanged for long enough, by our own clock: a file's times may say anything."""
        look = self._place.look(name)
        if look is None:
            self._seen.pop(name, None)
            return False
        before = self._seen.get(name)
        if before is None or before[0] != look:
            self._seen[name] = (look, now_s)
            return False
        return now_s - before[1] >= self._stable_s
