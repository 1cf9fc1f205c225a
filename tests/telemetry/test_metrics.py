"""Metrics are counted from batches and bounded in labels."""

from __future__ import annotations

from gateway.ports import Batch, Delivery, MessageRow, PaymentRow, SessionView, TransferRow
from gateway.telemetry import metrics
from gateway.telemetry.metrics import Metrics


def message(endpoint: str, outcome: str = "accepted") -> MessageRow:
    return MessageRow(1, endpoint, 0, "json", "transfer", "", b"", "", "", "", 0, outcome, b"", b"")


def payment(status: str, route: str) -> PaymentRow:
    return PaymentRow(1, 1, "", "credit_transfer", status, "", "", "", route, 1, "", "", "EUR", 1, "", 0, b"", b"")


def shown(found: Metrics, queued: int = 0, outbox: dict[str, int] | None = None) -> set[str]:
    return set(found.render(queued, outbox or {}).decode().splitlines())


def test_a_batch_is_counted_from_its_rows() -> None:
    found = Metrics()
    batch = Batch(
        1,
        0,
        [message("a"), message("a"), message("b", "refused")],
        [payment("ACSC", "r"), payment("ACSC", "r"), payment("RJCT", "")],
        [TransferRow(1, 1, "A", "B", "EUR", 1)],
        outbox=[Delivery(1, "a", "n", "t", "m", b"")],
    )
    found.committed(batch, 1_500_000)
    lines = shown(found)
    assert {
        'fos_messages_total{endpoint="a",outcome="accepted"} 2.0',
        'fos_messages_total{endpoint="b",outcome="refused"} 1.0',
        'fos_payments_total{route="r",status="ACSC"} 2.0',
        "fos_transfers_total 1.0",
        'fos_outbound_total{endpoint="a"} 1.0',
        "fos_commit_seconds_sum 0.0015",
        "fos_batch_payments_count 1.0",
    } <= lines


def test_what_waits_is_as_it_stands_now() -> None:
    found = Metrics()
    assert {"fos_queue_weight 3.0", 'fos_outbox_pending{endpoint="a"} 2.0'} <= shown(found, 3, {"a": 2})
    assert not any(line.startswith("fos_outbox_pending{") for line in shown(found, 0, {}))


def test_sessions_are_as_they_stand_now() -> None:
    found = Metrics()
    view = SessionView("fix", "C1", "FIX.4.4", "logged on", 7, 9, 1, 2, 3, None, 0, 0, 0, 0, 0, "silent", 0, 0, 0, ())
    lines = found.render(0, {}, [view]).decode().splitlines()
    labels = '{endpoint="fix",session="C1"}'
    assert {
        f"fos_session_logged_on{labels} 1.0",
        f"fos_session_next_in{labels} 7.0",
        f"fos_session_out_of_step{labels} 1.0",
    } <= set(lines)
    assert b"C1" not in found.render(0, {})


def test_labels_are_bounded() -> None:
    found = Metrics()
    many = metrics.LABEL_VALUES_MAX + 50
    found.committed(Batch(1, 0, [message(f"e{number}") for number in range(many)]), 1)
    lines = [line for line in shown(found) if line.startswith("fos_messages_total{")]
    assert len(lines) == metrics.LABEL_VALUES_MAX + 1
    assert 'fos_messages_total{endpoint="other",outcome="other"} 50.0' in lines
