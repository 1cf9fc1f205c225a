"""Many sessions behind one address: added, changed and switched off, each with the dictionary of its version."""

from __future__ import annotations

import pytest

from gateway.formats.fix.acceptor import FixAcceptor, Library
from gateway.ports import SessionConfig, SessionState
from tests.formats.fix.peer import NOW_NS, ORDER, Peer, Store, framed, shown, stamp
from tests.support import shared_corpus


def test_sessions_keep_their_own_numbers() -> None:
    store = Store()
    states = [SessionState("fix", "A", 5, 9), SessionState("fix", "B", 1, 1), SessionState("fix", "GONE", 3, 3)]
    acceptor = FixAcceptor("fix", [SessionConfig("A"), SessionConfig("B")], states, store.read)
    for name, number, answer in (("A", 5, "35=A|34=9|98=0|108=30"), ("B", 1, "35=A|34=1|98=0|108=30")):
        link = acceptor.connect(NOW_NS)
        assert link.session == ""
        link.receive(framed(f"35=A|34={number}|49={name}|52={stamp(NOW_NS)}|56=FINOS|98=0|108=30|"), NOW_NS)
        assert link.session == name
        assert shown(link.seal().wire) == answer


def test_an_unknown_session_takes_no_messages() -> None:
    assert Peer().acceptor.send("NOBODY", [b"35=8\x01"], NOW_NS) is None


def test_a_session_that_stays_as_it_is_notices_nothing() -> None:
    peer = Peer()
    peer.logon()
    peer.acceptor.reconfigure([peer.config, SessionConfig("NEW")])
    assert peer.pass_time(0) == []
    assert peer.send("1", 2, "112=STILL|") == ["35=0|34=2|112=STILL"]


def test_a_session_that_is_switched_off_logs_out_and_keeps_its_numbers() -> None:
    peer = Peer()
    peer.logon()
    peer.acceptor.reconfigure([])
    assert peer.pass_time(0) == ["35=5|34=2"]
    peer.send("5", 2)
    assert peer.closed
    peer.link.lost()
    peer.connect()
    assert peer.logon(3) == []
    assert peer.closed, "it takes no Logon now"
    peer.acceptor.reconfigure([peer.config])
    peer.connect()
    assert peer.logon(3) == ["35=A|34=3|98=0|108=30"]


def test_a_session_whose_names_change_is_hung_up_and_goes_on_under_the_new_ones() -> None:
    peer = Peer()
    peer.logon()
    peer.config = SessionConfig("CLIENT1", sender="HARBOR")
    peer.acceptor.reconfigure([peer.config])
    peer.sealed()
    assert peer.closed
    peer.connect()
    assert peer.logon(2) == ["35=A|34=2|98=0|108=30"]


def test_options_change_without_a_new_logon() -> None:
    peer = Peer()
    peer.logon()
    peer.acceptor.reconfigure([SessionConfig("CLIENT1", heartbeat_max_s=10)])
    assert peer.send("1", 2, "112=STILL|") == ["35=0|34=2|112=STILL"]
    peer.link.lost()
    peer.connect()
    assert peer.logon(3) == ["35=5|34=3|58=HeartBtInt (108) must be between 0 and 10"]


@pytest.mark.parametrize(
    ("sessions", "told"),
    [
        ([SessionConfig("A"), SessionConfig("A", sender="X")], "two sessions have the same target"),
        ([SessionConfig("A", begin_string="FIX.5.0")], "begin_string 'FIX.5.0' is none of FIX.4.0"),
    ],
)
def test_sessions_that_cannot_be_served_are_told(sessions: list[SessionConfig], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        FixAcceptor("fix", sessions, [], Store().read)


# --- versions


def peer_of(begin_string: str) -> Peer:
    peer = Peer(SessionConfig("CLIENT1", begin_string=begin_string, validate=False))
    peer.config = SessionConfig("CLIENT1", begin_string=begin_string)
    library = Library(shared_corpus("fix", "dictionaries"))
    peer.acceptor = FixAcceptor("fix", [peer.config], [], peer.store.read, library)
    peer.connect()
    return peer


@pytest.mark.parametrize(
    ("version", "answer", "milliseconds"),
    [
        ("FIX.4.0", "35=3|34=2|45=2|58=Required tag missing (112)", False),
        ("FIX.4.1", "35=3|34=2|45=2|58=Required tag missing (112)", False),
        ("FIX.4.2", "35=3|34=2|45=2|58=Required tag missing|371=112|372=1|373=1", True),
        ("FIX.4.3", "35=3|34=2|45=2|58=Required tag missing|371=112|372=1|373=1", True),
    ],
)
def test_each_version_rejects_in_its_own_way(version: str, answer: str, milliseconds: bool) -> None:
    peer = peer_of(version)
    assert peer.logon() == ["35=A|34=1|98=0|108=30"]
    assert peer.send("1", 2) == [answer]
    assert (b".000\x01" in peer.wire) == milliseconds
    gap = "999999" if version in ("FIX.4.0", "FIX.4.1") else "0"
    assert peer.send("0", 9) == [f"35=2|34=3|7=3|16={gap}"]
    assert peer.send("2", 3, f"7=2|16={gap}|") == ["35=4|34=2|43=Y|36=4|123=Y"]


@pytest.mark.parametrize(("application", "taken"), [("7", True), ("8", True), ("9", True), ("1", False), ("", False)])
def test_fixt_takes_the_application_version_from_the_logon(application: str, taken: bool) -> None:
    peer = peer_of("FIXT.1.1")
    asked = f"98=0|108=30|1137={application}|" if application else "98=0|108=30|"
    assert peer.logon(1, asked) == ([f"35=A|34=1|98=0|108=30|1137={application}"] if taken else [])
    assert peer.closed != taken
    if taken:
        peer.send("D", 2, ORDER.format("A"))
        assert len(peer.taken) == 1
        peer.send("D", 3, ORDER.format("B"), extra="1128=4|")
        assert len(peer.taken) == 2, "a message may name another version"
