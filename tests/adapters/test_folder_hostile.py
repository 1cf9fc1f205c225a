"""The folder door against files that are not what they seem. Nothing outside is opened, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.folder import Config, Door
from adapters.folder.place import NAME_BYTES_MAX, Place, Spoiled, is_hostile, safe_name
from tests.adapters.desk import FakeDesk
from tests.adapters.waiting import until


@pytest.fixture
async def root(tmp_path: Path) -> AsyncIterator[Path]:
    """A running folder door; what it took is in `desk.committed`."""
    path = tmp_path / "bank"
    door = Door("bank", Config(path=path, stable_s=0.05, rescan_s=0.02, size_bytes_max=1_000), FakeDesk("outbox"))
    await door.start()
    yield path
    await door.stop()


async def code_of(root: Path) -> str:
    """The code in the one reason file that appears."""
    path = await until(lambda: next((root / "quarantine").glob("*.reason.json"), None))
    code: str = json.loads(path.read_bytes())["code"]
    await until(lambda: not list((root / "in").iterdir()))
    assert not list((root / "done").iterdir())
    return code


async def test_a_symlink_is_not_followed(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"<Document/>")
    (root / "in" / "a.xml").symlink_to(secret)
    assert await code_of(root) == "not-a-file"
    assert (root / "quarantine" / "a.xml").is_symlink()
    assert secret.read_bytes() == b"<Document/>"


async def test_a_link_renamed_into_place_is_not_followed(root: Path) -> None:
    (root / "in" / ".l").symlink_to("/etc/passwd")
    (root / "in" / ".l").rename(root / "in" / "a.xml")
    assert await code_of(root) == "not-a-file"


async def test_a_pipe_is_not_opened(root: Path) -> None:
    os.mkfifo(root / "in" / "a.xml")
    assert await code_of(root) == "not-a-file"


async def test_a_folder_is_not_taken(root: Path) -> None:
    (root / "in" / "a.xml").mkdir()
    assert await code_of(root) == "not-a-file"


async def test_a_socket_is_not_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "in")  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("a.xml")
        assert await code_of(root) == "not-a-file"


async def test_a_hard_link_is_not_taken(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"<Document/>")
    os.link(tmp_path / "other", root / "in" / ".l")
    (root / "in" / ".l").rename(root / "in" / "a.xml")
    assert await code_of(root) == "hard-link"


async def test_an_empty_file_is_quarantined(root: Path) -> None:
    (root / "in" / "a.xml").touch()
    assert await code_of(root) == "empty-file"


async def test_a_file_too_large_is_not_read(root: Path) -> None:
    with (root / "in" / "a.xml").open("wb") as file:
        file.truncate(10**12)  # sparse
    assert await code_of(root) == "file-too-large"


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
async def test_an_unreadable_file_is_quarantined(root: Path) -> None:
    (root / "in" / "a.xml").write_bytes(b"x")
    (root / "in" / "a.xml").chmod(0)
    assert await code_of(root) == "unreadable"


@pytest.mark.parametrize(
    "name",
    [
        "a\nb.xml",
        "a\rb.xml",
        "\x1b[31mred.xml",
        "a\x7f.xml",
        "x\\..\\..\\etc\\passwd",
        "-rf",
        "x.reason.json",
        "\u202egnp.exe",
        os.fsdecode(b"\xff\xfe.xml"),
        "n" * 250,
    ],
    ids=ascii,
)
async def test_a_hostile_name_is_made_safe(root: Path, name: str) -> None:
    (root / "in" / ".p").write_bytes(b"<Document/>")
    (root / "in" / ".p").rename(root / "in" / name)
    assert await code_of(root) == "bad-name"
    kept = [path.name for path in (root / "quarantine").iterdir()]
    assert len(kept) == 2
    assert all(n.isascii() and n.isprintable() and not n.startswith(("-", ".")) and "\\" not in n for n in kept)


@given(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=300))
def test_a_safe_name_is_safe(name: str) -> None:
    safe = safe_name(name)
    assert not is_hostile(safe)
    assert "/" not in safe
    assert safe not in ("", ".", "..")
    assert len(os.fsencode(safe)) <= NAME_BYTES_MAX
    assert safe == name or is_hostile(name)


async def test_a_file_written_to_while_it_is_read_is_quarantined(tmp_path: Path) -> None:
    place = Place(tmp_path, 1_000, 1_000, lambda: 1)
    place.open()
    try:
        (tmp_path / "in" / "a").write_bytes(b"first")
        claimed = place.claim("a")
        assert claimed is not None
        assert not claimed.changed()
        with (tmp_path / "work" / "a").open("ab") as writer:  # the writer still has it open
            writer.write(b"more")
        assert claimed.changed()
        claimed.file.close()
    finally:
        place.close()


async def test_a_large_file_that_changes_is_quarantined(tmp_path: Path) -> None:
    desk = FakeDesk("outbox")
    desk.pause()
    door = Door("bank", Config(path=tmp_path, stream_above_bytes=100, part_records=1, rescan_s=0.02), desk)
    await door.start()
    (tmp_path / "in" / ".p").write_bytes(b"line\n" * 100)
    (tmp_path / "in" / ".p").rename(tmp_path / "in" / "large")
    await until(lambda: desk.waiting)
    with (tmp_path / "work" / "large").open("ab") as writer:
        writer.write(b"one more\n")
    desk.resume()
    assert await code_of(tmp_path) == "changed-while-read"
    await door.stop()


def test_what_vanishes_before_it_is_claimed_is_no_error(tmp_path: Path) -> None:
    place = Place(tmp_path, 1_000, 1_000, lambda: 1)
    place.open()
    try:
        assert place.claim("gone") is None
        (tmp_path / "in" / "a").write_bytes(b"x")
        (tmp_path / "work" / "a").write_bytes(b"under way")
        assert place.claim("a") is None
        assert (tmp_path / "in" / "a").exists()
        (tmp_path / "work" / "link").symlink_to("/etc/passwd")
        with pytest.raises(Spoiled):
            place.open_claimed("link", recovered=True)
    finally:
        place.close()


async def test_ten_thousand_names_come_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.folder.ready.SCAN_MAX", 50)
    (tmp_path / "in").mkdir()
    for number in range(200):
        (tmp_path / "in" / f"{number}").write_bytes(b"%d" % number)
    desk = FakeDesk("outbox")
    door = Door("bank", Config(path=tmp_path, stable_s=0.02, rescan_s=0.01), desk)
    await door.start()
    await until(lambda: len(desk.committed) == 200)
    await door.stop()
    await asyncio.sleep(0)
    assert len(list((tmp_path / "done").iterdir())) == 200
