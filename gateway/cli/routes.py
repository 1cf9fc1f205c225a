"""financial-os check, test, graph, explain, schema: routes.yaml before it is taken into force."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from gateway.compile import compile_snapshot
from gateway.config.load import ConfigErrors, load
from gateway.config.records import Configuration
from gateway.model import Operation, Refusal
from gateway.pipeline import Prepared, Snapshot, prepare
from gateway.ports import Inbound
from gateway.rehearsal import REHEARSAL_NS, rehearse


def _load(path: str) -> Configuration | None:
    """The configuration, or None with every problem printed."""
    try:
        return load(Path(path), os.environ)
    except ConfigErrors as errors:
        for error in errors.errors:
            print(error, file=sys.stderr)
        return None


def check(options: argparse.Namespace) -> int:
    """Every problem with line and column; exit 0 when there is none."""
    config = _load(options.routes)
    if config is None:
        return 1
    snapshot = compile_snapshot(config, 1)
    print(
        f"{options.routes}: no problems; {len(config.endpoints)} endpoints, {len(snapshot.ways)} routes, "
        f"{len(config.policies)} policies, {len(config.accounts.open)} accounts, {len(config.tests)} tests"
    )
    return 0


def test(options: argparse.Namespace) -> int:
    """Play the file's own tests; exit 1 when one fails."""
    config = _load(options.routes)
    if config is None:
        return 1
    results = rehearse(config, compile_snapshot(config, 1))
    for result in results:
        print(result)
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def graph(options: argparse.Namespace) -> int:
    """A picture of the configuration as text for Mermaid or Graphviz."""
    from gateway.routing.graph import graph as draw

    config = _load(options.routes)
    if config is None:
        return 1
    print(draw(config, dot=options.dot))
    return 0


def schema(options: argparse.Namespace) -> int:
    """The JSON Schema of routes.yaml."""
    from gateway.config.schema import text

    print(text())
    return 0


def explain(options: argparse.Namespace) -> int:
    """For each record of a message: every route up to the one that takes it, and what then happens."""
    config = _load(options.routes)
    if config is None:
        return 1
    snapshot = compile_snapshot(config, 1)
    data = Path(options.file).read_bytes()
    endpoint = options.endpoint or _endpoint(data, snapshot)
    if endpoint not in snapshot.endpoints:
        print(f"no endpoint {endpoint!r} takes this; known are {', '.join(config.endpoints)}", file=sys.stderr)
        return 2
    [one] = prepare([Inbound(endpoint, REHEARSAL_NS, data, options.file)], snapshot)
    print(f"{options.file}: {one.decoded.type or 'unknown'} through endpoint {endpoint}")
    for refusal in one.decoded.refusals:
        print(f"  refused whole: {refusal.code} at {refusal.place}: {refusal.text}")
    for index in range(len(one.decoded.records)):
        _explain_record(one, index, snapshot)
    return 1 if one.decoded.refusals else 0


def _endpoint(data: bytes, snapshot: Snapshot) -> str:
    from gateway.rehearsal import endpoint_for

    return endpoint_for(data, "", snapshot) or ""


def _explain_record(one: Prepared, index: int, snapshot: Snapshot) -> None:
    record, plan = one.decoded.records[index], one.plans[index]
    if isinstance(record, Refusal):
        print(f"{record.place}: refused: {record.code} ({record.reason}): {record.text}")
        return
    if isinstance(record, Operation) or plan is None:
        print(f"{record.place}: an instruction to the gateway itself: {record.kind}")
        return
    print(f"{record.place}:")
    for verdict in snapshot.table.explain(record, one.inbound.endpoint, one.decoded.type, one.inbound.session):
        print(f"  {verdict}")
    if plan.refusal is not None:
        print(f"  refused: {plan.refusal.code} ({plan.refusal.reason}): {plan.refusal.text}")
        return
    for leg in plan.legs:
        print(f"  settles: {leg.currency} {leg.minor} minor units, debit {leg.debit}, credit {leg.credit}")
    for finding in plan.findings:
        print(f"  check {finding.check}: {finding.outcome}: {finding.code} ({finding.reason}) {finding.detail}")
    for loss in plan.losses:
        print(f"  translation: {loss.element} {loss.severity}: {loss.why}")
    if plan.way.route.send is not None:
        print(f"  sends: {plan.way.route.send.as_} to {plan.way.route.send.to}")
