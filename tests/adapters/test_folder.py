"""The folder door: claims, outcomes, recovery, deliveries."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.folder import Config, Door
from adapters.folder.place import Place
from adapters.folder.stream import PARTS_UNDER_WAY
from gateway.ports import Delivery, Inbound
from tests.adapters.desk import FakeDesk, refused
from tests.adapters.waiting import until

Open = Callable[..., Awaitable[Door]]


def drop(root: Path, name: str, data: bytes) -> None:
    """Put a file into in/ as a bank does."""
    (root / "in").mkdir(parents=True, exist_ok=True)
    aside = root / "in" / f".{name[:50]}.part"
    aside.write_bytes(data)
    aside.rename(root / "in" / name)


def names(root: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (root / folder).iterdir())


def reason(root: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "quarantine" / f"{name}.reason.json").read_bytes())
    return found


@pytest.fixture
async def desk() -> FakeDesk:
    return FakeDesk("outbox")


@pytest.fixture
async def open_door(tmp_path: Path, desk: FakeDesk) -> AsyncIterator[Open]:
    doors: list[Door] = []

    async def opened(**settings: Any) -> Door:
        settings = {"path": tmp_path, "stable_s": 0.05, "rescan_s": 0.02, **settings}
        door = Door("bank", Config(**settings), desk)
        await door.start()
        doors.append(door)
        return door

    yield opened
    for door in doors:
        await door.stop()


# --- taking ---------------------------------------------------------------------------------------


async def test_a_file_is_offered_and_done(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door()
    drop(tmp_path, "a.xml", b"<a/>")
    await until(lambda: names(tmp_path, "done") == ["a.xml"])
    [inbound] = desk.committed
    assert (inbound.endpoint, inbound.source, inbound.data) == ("bank", "a.xml", b"<a/>")
    assert names(tmp_path, "in") == names(tmp_path, "work") == []


async def test_many_files_are_all_taken_once(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(batch_max=7)
    for number in range(100):
        drop(tmp_path, f"{number}.xml", b"%d" % number)
    await until(lambda: len(names(tmp_path, "done")) == 100)
    assert sorted(inbound.source for inbound in desk.committed) == names(tmp_path, "done")


async def test_a_refused_file_is_quarantined_with_its_reasons(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    desk.reply = refused
    await open_door()
    drop(tmp_path, "a.ach", b"101")
    await until(lambda: names(tmp_path, "quarantine") == ["a.ach", "a.ach.reason.json"])
    found = reason(tmp_path, "a.ach")
    assert (found["file"], found["message"], found["code"]) == ("a.ach", 1, "bad-total")
    assert found["refusals"] == [
        {"code": "bad-total", "reason": "AM10", "place": "trailer", "text": "the totals do not add up", "record": ""}
    ]


async def test_the_same_content_under_another_name_is_a_duplicate(
    tmp_path: Path, desk: FakeDesk, open_door: Open
) -> None:
    await open_door()
    drop(tmp_path, "a.xml", b"<a/>")
    await until(lambda: names(tmp_path, "done"))
    drop(tmp_path, "b.xml", b"<a/>")
    await until(lambda: "b.xml" in names(tmp_path, "quarantine"))
    found = reason(tmp_path, "b.xml")
    assert (found["code"], found["message"]) == ("duplicate-file", 1)
    assert "message 1" in found["text"]
    assert len(desk.committed) == 1


async def test_the_same_name_twice_keeps_both(tmp_path: Path, open_door: Open) -> None:
    await open_door()
    for data in (b"1", b"2", b"3"):
        drop(tmp_path, "daily.xml", data)
        await until(lambda: not names(tmp_path, "in") and not names(tmp_path, "work"))
    kept = {path.read_bytes() for path in (tmp_path / "done").iterdir()}
    assert kept == {b"1", b"2", b"3"}
    assert all(name.startswith("daily") and name.endswith(".xml") for name in names(tmp_path, "done"))


async def test_nothing_is_claimed_while_there_is_no_room(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    desk.fill()
    await open_door()
    drop(tmp_path, "a.xml", b"<a/>")
    await asyncio.sleep(0.1)
    assert names(tmp_path, "in") == ["a.xml"]
    desk.empty()
    await until(lambda: names(tmp_path, "done"))


async def test_files_that_are_not_complete_are_left(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(accept="stable")
    for name in (".hidden", "a.tmp", "b.PART", "c.filepart"):
        (tmp_path / "in" / name).write_bytes(b"x")
    drop(tmp_path, "last.xml", b"x")
    await until(lambda: names(tmp_path, "done") == ["last.xml"])
    assert len(names(tmp_path, "in")) == 4


# --- when a file is complete ----------------------------------------------------------------------


async def test_rename_waits_for_what_is_written_in_place(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(stable_s=0.2)
    with (tmp_path / "in" / "slow.xml").open("wb") as file:
        for _ in range(20):
            file.write(b"0123456789")
            file.flush()
            await asyncio.sleep(0.02)
        assert not desk.committed
    await until(lambda: names(tmp_path, "done"))
    assert len(desk.committed[0].data) == 200


async def test_close_write_takes_a_file_when_its_writer_is_done(
    tmp_path: Path, desk: FakeDesk, open_door: Open
) -> None:
    await open_door(accept="close-write", stable_s=1_000.0)
    with (tmp_path / "in" / "a.xml").open("wb") as file:
        file.write(b"half")
        file.flush()
        await asyncio.sleep(0.1)
        assert not desk.committed
        file.write(b"whole")
    await until(lambda: names(tmp_path, "done"))
    assert desk.committed[0].data == b"halfwhole"


async def test_marker_takes_a_file_when_its_marker_is_there(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(accept="marker")
    drop(tmp_path, "a.xml", b"<a/>")
    drop(tmp_path, "alone.done", b"")
    await asyncio.sleep(0.1)
    assert not desk.committed
    drop(tmp_path, "a.xml.ok", b"")
    await until(lambda: names(tmp_path, "done") == ["a.xml"])
    assert names(tmp_path, "in") == ["alone.done"]


async def test_what_came_while_nobody_listened_is_found(tmp_path: Path, open_door: Open) -> None:
    drop(tmp_path, "early.xml", b"<a/>")
    await open_door()
    await until(lambda: names(tmp_path, "done") == ["early.xml"])


async def test_a_file_is_found_without_notifications(
    tmp_path: Path, open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(folder: str) -> None:
        raise OSError(errno.ENOSYS, "no inotify here")

    monkeypatch.setattr("adapters._inotify.Watch", none)
    await open_door()
    drop(tmp_path, "a.xml", b"<a/>")
    await until(lambda: names(tmp_path, "done") == ["a.xml"])


# --- large files ----------------------------------------------------------------------------------


async def test_a_large_file_flows_in_parts(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(stream_above_bytes=100, part_records=10)
    data = b"".join(b"line %d\n" % number for number in range(95))
    drop(tmp_path, "large", data)
    await until(lambda: names(tmp_path, "done") == ["large"])
    assert [(inbound.part, inbound.last) for inbound in desk.committed] == [(n, n == 9) for n in range(10)]
    assert {inbound.digest for inbound in desk.committed} == {hashlib.sha256(data).digest()}
    records = [r for inbound in desk.committed if inbound.decoded for r in inbound.decoded.records]
    assert len(records) == 95


async def test_a_large_file_that_is_wrong_is_quarantined(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(stream_above_bytes=100)
    drop(tmp_path, "large", b"BAD\n" + b"x" * 200)
    await until(lambda: "large.reason.json" in names(tmp_path, "quarantine"))
    assert reason(tmp_path, "large")["code"] == "bad-total"


async def test_a_large_file_twice_is_a_duplicate(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door(stream_above_bytes=100, part_records=10)
    drop(tmp_path, "one", b"line\n" * 50)
    await until(lambda: names(tmp_path, "done") == ["one"])
    drop(tmp_path, "two", b"line\n" * 50)
    await until(lambda: "two" in names(tmp_path, "quarantine"))
    assert reason(tmp_path, "two")["code"] == "duplicate-file"
    assert len(desk.committed) == 5


async def test_few_parts_are_under_way(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    desk.pause()
    await open_door(stream_above_bytes=100, part_records=1)
    drop(tmp_path, "large", b"line\n" * 500)
    await until(lambda: len(desk.waiting) >= 2)
    await asyncio.sleep(0.1)
    assert len(desk.waiting) <= PARTS_UNDER_WAY + 1
    desk.resume()
    await until(lambda: names(tmp_path, "done") == ["large"])


async def test_a_large_file_of_no_format_is_quarantined(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    desk.unknown_format = True
    await open_door(stream_above_bytes=100)
    drop(tmp_path, "large", b"x" * 200)
    await until(lambda: "large.reason.json" in names(tmp_path, "quarantine"))
    assert reason(tmp_path, "large")["code"] == "unknown-format"


async def test_small_files_pass_a_large_one(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    desk.pause()
    await open_door(stream_above_bytes=100, part_records=1, large_max=1)
    drop(tmp_path, "large1", b"line\n" * 50)
    await until(lambda: desk.waiting)
    drop(tmp_path, "large2", b"other\n" * 50)
    drop(tmp_path, "small", b"x")
    await until(lambda: any(m[0][0].source == "small" for m in desk.waiting))
    assert names(tmp_path, "in") == ["large2"]
    desk.resume()
    await until(lambda: names(tmp_path, "done") == ["large1", "large2", "small"])


# --- recovery -------------------------------------------------------------------------------------


async def test_a_file_that_was_committed_before_the_crash_is_done(tmp_path: Path, desk: FakeDesk) -> None:
    """Claimed, committed, killed before the move: at the next start it is a repetition, and it was ours."""
    config = Config(path=tmp_path, rescan_s=0.02)
    drop(tmp_path, "a.xml", b"<a/>")
    (tmp_path / "work").mkdir()
    (tmp_path / "in" / "a.xml").rename(tmp_path / "work" / "a.xml")
    await desk.offer([Inbound("bank", 1, b"<a/>", "a.xml")])
    door = Door("bank", config, desk)
    await door.start()
    await until(lambda: names(tmp_path, "done") == ["a.xml"])
    await door.stop()
    assert len(desk.committed) == 1
    assert names(tmp_path, "quarantine") == []


async def test_a_file_that_was_refused_before_the_crash_is_quarantined(tmp_path: Path, desk: FakeDesk) -> None:
    desk.reply = refused
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.xml").write_bytes(b"<a/>")
    await desk.offer([Inbound("bank", 1, b"<a/>", "a.xml")])
    door = Door("bank", Config(path=tmp_path), desk)
    await door.start()
    await until(lambda: "a.xml" in names(tmp_path, "quarantine"))
    await door.stop()
    assert reason(tmp_path, "a.xml")["code"] == "bad-total"


async def test_a_file_that_was_not_committed_is_taken_now(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.xml").write_bytes(b"<a/>")
    (tmp_path / "work" / "empty").write_bytes(b"")
    await open_door()
    await until(lambda: names(tmp_path, "done") == ["a.xml"])
    assert len(desk.committed) == 1
    assert "empty" in names(tmp_path, "quarantine")


async def test_a_large_file_goes_on_where_it_was(tmp_path: Path, desk: FakeDesk) -> None:
    config = Config(path=tmp_path, stream_above_bytes=100, part_records=5, rescan_s=0.02)
    desk.pause()
    door = Door("bank", config, desk)
    await door.start()
    drop(tmp_path, "large", b"line\n" * 300)
    await until(lambda: desk.waiting)
    stopping = asyncio.create_task(door.stop())
    await asyncio.sleep(0.05)
    desk.resume()
    await stopping
    assert 0 < len(desk.committed) < 60
    assert names(tmp_path, "work") == ["large"]
    again = Door("bank", config, desk)
    await again.start()
    await until(lambda: names(tmp_path, "done") == ["large"])
    await again.stop()
    assert [inbound.part for inbound in desk.committed] == list(range(60))


async def test_a_store_that_fails_leaves_the_file_in_work(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    desk.failing = True
    await open_door(stream_above_bytes=100)
    drop(tmp_path, "a.xml", b"<a/>")
    await until(lambda: names(tmp_path, "work") == ["a.xml"])
    await asyncio.sleep(0.1)
    assert names(tmp_path, "work") == ["a.xml"]
    assert names(tmp_path, "done") == names(tmp_path, "quarantine") == []


async def test_a_move_that_fails_is_tried_again(
    tmp_path: Path, desk: FakeDesk, open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = Place.finish, [OSError(errno.ENOSPC, "full"), OSError(errno.ENOSPC, "full")]

    def finish(place: Place, name: str, verdict: Any) -> None:
        if failures:
            raise failures.pop()
        real(place, name, verdict)

    monkeypatch.setattr(Place, "finish", finish)
    await open_door()
    drop(tmp_path, "a.xml", b"<a/>")
    await until(lambda: names(tmp_path, "done") == ["a.xml"])
    assert len(desk.committed) == 1


# --- opening --------------------------------------------------------------------------------------


async def test_two_doors_cannot_share_a_folder(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    await open_door()
    with pytest.raises(OSError, match="in use"):
        await open_door()


async def test_another_filesystem_is_an_error_at_the_start(
    tmp_path: Path, open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename(*args: object, **options: object) -> None:
        raise OSError(errno.EXDEV, "cross-device link")

    monkeypatch.setattr("adapters.folder.place.os.rename", rename)
    with pytest.raises(OSError, match="different filesystems"):
        await open_door()
    monkeypatch.undo()
    assert names(tmp_path, "in") == []


async def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, open_door: Open) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        await open_door()


async def test_it_can_be_opened_again(tmp_path: Path, desk: FakeDesk, open_door: Open) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        door = Door("bank", Config(path=tmp_path), desk)
        await door.start()
        await door.stop()
    assert len(os.listdir("/proc/self/fd")) == before


# --- deliveries -----------------------------------------------------------------------------------


def delivery(id: int, name: str, data: bytes) -> Delivery:
    return Delivery(id, "bank", name, "pacs.002.001.10", "application/xml", data)


async def test_deliveries_appear_whole(tmp_path: Path, open_door: Open) -> None:
    door = await open_door()
    assert await door.deliver([delivery(1, "1.xml", b"<a/>"), delivery(2, "2.xml", b"<b/>")]) == [1, 2]
    assert names(tmp_path, "out") == ["1.xml", "2.xml"]
    assert (tmp_path / "out" / "2.xml").read_bytes() == b"<b/>"


async def test_a_delivery_again_changes_nothing(tmp_path: Path, open_door: Open) -> None:
    door = await open_door()
    (tmp_path / "out" / ".1.xml.tmp").write_bytes(b"left by a crash")
    for _ in range(2):
        assert await door.deliver([delivery(1, "1.xml", b"<a/>")]) == [1]
    assert names(tmp_path, "out") == ["1.xml"]


async def test_a_delivery_does_not_write_through_links(tmp_path: Path, open_door: Open) -> None:
    door = await open_door()
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    os.link(victim, tmp_path / "out" / ".1.xml.tmp")
    (tmp_path / "out" / "1.xml").symlink_to(victim)
    await door.deliver([delivery(1, "1.xml", b"<a/>")])
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "out" / "1.xml").read_bytes() == b"<a/>"


async def test_a_full_disk_is_told_to_the_outbox(
    tmp_path: Path, open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = await open_door()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("adapters.folder.place.os.fsync", full)
    with pytest.raises(OSError):
        await door.deliver([delivery(1, "1.xml", b"<a/>")])
    assert "1.xml" not in names(tmp_path, "out")
