"""The folders of one endpoint, and everything that is done to files in them.

Strategy: the five folders are opened once; every file is reached by its name below one of these handles, never by
a path, so that nothing outside can be meant. A file is claimed by renaming it into work/, opened once without
following links, and checked and read through that one handle. All of this blocks: it runs in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from io import BufferedReader
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.model import Refusal
from gateway.ports import Delivery

FOLDERS = ("in", "work", "done", "quarantine", "out")
NAME_BYTES_MAX = 200  # of 255: room for a suffix of ours
REASON_SUFFIX = ".reason.json"
REFUSALS_KEPT = 1_000  # in a reason file: enough to mend a file by
UNFINISHED = (".tmp", ".part", ".filepart")  # how SFTP clients name what they are still writing
FOLDER_MODE, FILE_MODE = 0o770, 0o640

_UNSAFE = re.compile(r"[^A-Za-z0-9._+=@,()-]")


class Claimed(Struct):
    """A file of ours: in work/, open."""

    name: str  # as the sender called it
    file: BufferedReader
    size: int
    modified_ns: int
    data: bytes | None  # of a small file
    recovered: bool = False  # found in work/ at the start: claimed before a crash or a stop

    def changed(self) -> bool:
        """Whether somebody has written to it since it was claimed."""
        now = os.fstat(self.file.fileno())
        return (now.st_size, now.st_mtime_ns) != (self.size, self.modified_ns)


class Verdict(Struct, frozen=True):
    """Where a claimed file goes: done/ without reasons, quarantine/ with them."""

    message: int = 0  # the gateway's number for it, 0 when it never became a message
    refusals: Sequence[Refusal] = ()


class Spoiled(Exception):
    """A file that cannot be taken; `folder` is where it is."""

    def __init__(self, code: str, text: str, folder: str = "work") -> None:
        super().__init__(text)
        self.folder = folder
        self.verdict = Verdict(0, [Refusal(code, "FF01", "file", text)])


class Place:
    """in/, work/, done/, quarantine/ and out/ below one path."""

    def __init__(self, path: Path, size_bytes_max: int, stream_above_bytes: int, clock_ns: Callable[[], int]) -> None:
        self.path = path
        self._size_bytes_max = size_bytes_max
        self._stream_above_bytes = stream_above_bytes
        self._clock_ns = clock_ns
        self._root = -1
        self._at: dict[str, int] = {}

    # -- opening

    def open(self) -> None:
        """Make and open the folders. Raises OSError with a sentence when the place cannot be used."""
        try:
            for name in FOLDERS:
                (self.path / name).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            self._root = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            self._lock()
            for name in FOLDERS:
                self._at[name] = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
            self._probe()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        for handle in [*self._at.values(), *([self._root] if self._root >= 0 else [])]:
            os.close(handle)
        self._at, self._root = {}, -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._root, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"{self.path} is in use by another endpoint or process") from None

    def _probe(self) -> None:
        """Rename a file through all folders: it works now, or it is an error at the start."""
        name = f".probe-{os.getpid()}"
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, FILE_MODE, dir_fd=self._at["in"]))
        here = "in"
        try:
            for there in ("work", "quarantine", "out", "done"):
                os.rename(name, name, src_dir_fd=self._at[here], dst_dir_fd=self._at[there])
                here = there
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise OSError(f"{self.path}: in/ and {there}/ are on different filesystems; a rename must do") from None
            raise
        finally:
            os.unlink(name, dir_fd=self._at[here])

    # -- taking

    def names(self, folder: str, limit: int) -> list[str]:
        """Names in a folder, at most `limit`, in alphabetical order."""
        with os.scandir(self._at[folder]) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(limit), strict=False))

    def look(self, name: str) -> tuple[int, ...] | None:
        """What changes when somebody writes to a file in in/; None when it is gone."""
        try:
            found = os.stat(name, dir_fd=self._at["in"], follow_symlinks=False)
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def is_large(self, name: str) -> bool:
        seen = self.look(name)
        return seen is not None and seen[1] > self._stream_above_bytes

    def forget(self, name: str) -> None:
        """Remove a marker file."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._at["in"])

    def claim(self, name: str) -> Claimed | None:
        """Rename a file into work/ and open it; None when it is gone, or one of its name is still under way.

        Raises Spoiled.
        """
        try:
            found = os.stat(name, dir_fd=self._at["in"], follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise Spoiled("not-a-file", "only plain files are taken: no links, folders, pipes or devices", "in")
        if is_hostile(name):
            raise Spoiled("bad-name", "a file name is printable text of at most 200 bytes without backslashes", "in")
        if self._exists("work", name):
            return None
        os.rename(name, name, src_dir_fd=self._at["in"], dst_dir_fd=self._at["work"])
        return self.open_claimed(name, recovered=False)

    def open_claimed(self, name: str, *, recovered: bool) -> Claimed:
        """Open a file in work/, check it through its handle, and read it when it is small. Raises Spoiled."""
        try:
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=self._at["work"])
        except OSError as error:
            raise Spoiled("unreadable", f"the file cannot be opened: {os.strerror(error.errno or 0)}") from None
        file = os.fdopen(handle, "rb")
        try:
            return self._checked(name, file, recovered)
        except Spoiled:
            file.close()
            raise

    def _checked(self, name: str, file: BufferedReader, recovered: bool) -> Claimed:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Spoiled("not-a-file", "only plain files are taken: no links, folders, pipes or devices")
        if found.st_nlink > 1:
            raise Spoiled("hard-link", "the file has another name elsewhere, under which it could still change")
        if not found.st_size:
            raise Spoiled("empty-file", "the file is empty")
        if found.st_size > self._size_bytes_max:
            text = f"the file has {found.st_size} bytes; at most {self._size_bytes_max} are taken"
            raise Spoiled("file-too-large", text)
        claimed = Claimed(name, file, found.st_size, found.st_mtime_ns, None, recovered)
        if found.st_size <= self._stream_above_bytes:
            claimed.data = file.read(found.st_size + 1)
            if claimed.changed() or len(claimed.data) != found.st_size:
                raise Spoiled("changed-while-read", "the file was still being written to")
        return claimed

    def settle_claims(self) -> None:
        """Make claims durable before their files are offered: a file found in in/ again would be a duplicate."""
        os.fsync(self._at["work"])
        os.fsync(self._at["in"])

    # -- letting go

    def finish(self, name: str, verdict: Verdict) -> None:
        """Move a claimed file to where it belongs."""
        if verdict.refusals:
            self.quarantine("work", name, verdict)
        else:
            self._move("work", name, "done", self._free("done", name))

    def quarantine(self, folder: str, name: str, verdict: Verdict) -> str:
        """Move what is wrong aside, with a reason file beside it; the safe name it has there."""
        safe = self._free("quarantine", safe_name(name))
        self._write("quarantine", safe + REASON_SUFFIX, self._reason(name, verdict))
        self._move(folder, name, "quarantine", safe)
        return safe

    def sync(self) -> None:
        """Make moves durable."""
        for folder in ("done", "quarantine", "work"):
            os.fsync(self._at[folder])

    def _reason(self, name: str, verdict: Verdict) -> bytes:
        first = verdict.refusals[0]
        seconds, rest = divmod(self._clock_ns(), 1_000_000_000)
        document = {
            "file": name.encode("utf-8", "backslashreplace").decode(),
            "refused": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1_000_000:03d}Z",
            "message": verdict.message,
            "code": first.code,
            "text": first.text,
            "refusals": [
                {"code": r.code, "reason": r.reason, "place": r.place, "text": r.text, "record": r.record}
                for r in verdict.refusals[:REFUSALS_KEPT]
            ],
        }
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"

    # -- out

    def deliver(self, items: Iterable[Delivery]) -> list[int]:
        """Write items into out/, each under a temporary name first; the ids that are durable there."""
        ids = []
        for item in items:
            assert "/" not in item.name, "deliveries have safe names"
            self._write("out", item.name, item.data)
            ids.append(item.id)
        os.fsync(self._at["out"])
        return ids

    def _write(self, folder: str, name: str, data: bytes) -> None:
        """Temporary name, fsync, rename. A name that is there is replaced by the same content."""
        at, aside = self._at[folder], f".{name}.tmp"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=at)  # left by a crash, or put there by somebody: never written through
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(aside, flags, FILE_MODE, dir_fd=at), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, name, src_dir_fd=at, dst_dir_fd=at)

    def _move(self, folder: str, name: str, to: str, new: str) -> None:
        os.rename(name, new, src_dir_fd=self._at[folder], dst_dir_fd=self._at[to])

    def _exists(self, folder: str, name: str) -> bool:
        try:
            os.stat(name, dir_fd=self._at[folder], follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _free(self, folder: str, name: str) -> str:
        """The name, or one close to it that is not taken."""
        if not self._exists(folder, name):
            return name
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        number = self._clock_ns()
        while self._exists(folder, free := f"{stem}~{number}{dot}{suffix}"):
            number += 1
        return free


def is_hidden(name: str) -> bool:
    """Names that senders use for what is not complete yet: they are left alone."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def is_hostile(name: str) -> bool:
    """Names that could mislead a person, a shell or a log; a file so called is not taken."""
    return (
        not name.isprintable()
        or "\\" in name
        or name.startswith(("-", "."))
        or name.endswith(REASON_SUFFIX)
        or len(os.fsencode(name)) > NAME_BYTES_MAX
    )


def safe_name(name: str) -> str:
    """A name for quarantine/: the same when it is harmless, else made of plain characters."""
    if not is_hostile(name):
        return name
    return _UNSAFE.sub("_", name).lstrip("-.")[:100].replace(REASON_SUFFIX, "_reason_json") or "unnamed"
