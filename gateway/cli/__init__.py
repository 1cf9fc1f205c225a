"""The command `financial-os`.

Each subcommand is a function in a module of this folder, imported only when it is asked for. Exit codes are the
same everywhere: 0 yes, 1 no (refused, failed, problems found), 2 the question could not be read.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence

from gateway.ports import StoreDamaged, StoreFailed

DEFAULT_ROUTES = "routes.yaml"
DECISIONS = ("release", "reject", "cancel", "repair", "recall", "return", "ask")  # what people do to payments
Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = build_parser().parse_args(argv)
    module, _, function = options.command.partition(":")
    command: Command = getattr(importlib.import_module(f"gateway.cli.{module}"), function)
    try:
        return command(options)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, ValueError, StoreDamaged, StoreFailed) as error:
        print(f"financial-os: {error}", file=sys.stderr)
        return 2


def build_parser() -> argparse.ArgumentParser:
    """All subcommands and their options."""
    parser = argparse.ArgumentParser(prog="financial-os", description="A payment gateway in one daemon.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _running(commands)
    _routes(commands)
    _messages(commands)
    _ach(commands)
    _operating(commands)
    return parser


def _offset(text: str) -> int:
    """+01:00 in minutes."""
    found = re.fullmatch(r"([+-])(0\d|1[0-4]):([0-5]\d)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no offset like +01:00")
    return int(found[1] + "1") * (int(found[2]) * 60 + int(found[3]))


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: str, help: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(command=command)
    return parser


def _running(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = _add(commands, "run", "serve:run", "serve until SIGTERM; SIGHUP or a changed file reloads")
    run.add_argument("routes", nargs="?", default=DEFAULT_ROUTES)
    demo = _add(commands, "demo", "demo:demo", "an embedded store, every door open, sample traffic, a table of results")
    demo.add_argument("--once", action="store_true", help="end after the sample traffic (also with ONCE=1 or CI=true)")
    demo.add_argument("--folder", help="where the demo keeps its files; a temporary folder otherwise")


def _routes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, help in (("check", "find every problem of a routes.yaml"), ("test", "play the tests of a routes.yaml")):
        _add(commands, name, f"routes:{name}", help).add_argument("routes", nargs="?", default=DEFAULT_ROUTES)
    graph = _add(commands, "graph", "routes:graph", "draw endpoints, routes, checks and accounts")
    graph.add_argument("routes", nargs="?", default=DEFAULT_ROUTES)
    graph.add_argument("--dot", action="store_true", help="Graphviz instead of Mermaid")
    explain = _add(commands, "explain", "routes:explain", "say which route takes a message, and why")
    explain.add_argument("file")
    explain.add_argument("--routes", default=DEFAULT_ROUTES)
    explain.add_argument("--endpoint", default="", help="as if it came through this endpoint")
    _add(commands, "schema", "routes:schema", "print the JSON Schema of routes.yaml, for editors")


def _messages(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    decode = _add(commands, "decode", "messages:decode", "read messages into canonical JSON, or refusals")
    decode.add_argument("files", nargs="+", metavar="FILE")
    decode.add_argument("--format", default="", help="do not detect the format")
    decode.add_argument("--jsonl", action="store_true", help="one line a file: verdict, counts, refusals")
    decode.add_argument("--roundtrip", action="store_true", help="print what was parsed and compare the bytes")
    translate = _add(commands, "translate", "messages:translate", "write a message in another format; losses on stderr")
    translate.add_argument("file")
    translate.add_argument(
        "--to", required=True, metavar="TYPE", help="pacs.008, pacs.008.001.08, MT103, 103, fedwire:pacs.008, PPD, ..."
    )
    translate.add_argument("--format", default="")
    translate.add_argument("--header", action="store_true", help="ISO 20022: with the business application header")
    translate.add_argument("--into", default="", metavar="FOLDER", help="each message into a file of its own")
    translate.add_argument(
        "--addresses",
        choices=["as_is", "hybrid", "structured"],
        default="as_is",
        help="what addresses in lines are made; what they were made from is in the report, as derived",
    )
    translate.add_argument("--sender", default="", help="our BIC or routing number in what is written")
    translate.add_argument("--receiver", default="", help="the other side's")
    translate.add_argument(
        "--offset",
        type=_offset,
        default=0,
        metavar="+HH:MM",
        help="of the local times in FIN headers (+00:00); --offset=-05:00 for one behind Greenwich",
    )
    screen = _add(commands, "screen", "names:screen", "screen names against sanctions lists")
    screen.add_argument("names", nargs="*", metavar="NAME")
    screen.add_argument("--file", help="one name a line")
    screen.add_argument("--lists", action="append", help="file or folder; default lists/")
    screen.add_argument("--threshold", type=float, default=0.8)


def _ach(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    ach = commands.add_parser("ach", help="NACHA files: checked, as JSON, merged, returned, corrected")
    acts = ach.add_subparsers(required=True, metavar="ACT")
    validate = _add(acts, "validate", "ach:validate", "say what is wrong with files")
    validate.add_argument("--json", action="store_true", help="a JSON object a file")
    json = _add(acts, "json", "ach:json_", "a file as JSON, every field by its name; and back")
    json.add_argument("files", nargs="+", metavar="FILE", help="several: one document after the other")
    json.add_argument("--to-ach", action="store_true", help="FILE is JSON: write the ACH file")
    json.add_argument("--dialect", choices=["own", "moov"], default="own", help="moov: read the JSON of moov-io/ach")
    json.add_argument("--output", default="", help="a file instead of stdout")
    merge = _add(acts, "merge", "ach:merge", "files of the same banks as few as possible")
    merge.add_argument("--lines-max", type=int, default=10_000, help="lines of one file")
    merge.add_argument(
        "--amount-max", type=int, default=999_999_999_999, help="debits or credits of one file, in cents"
    )
    flatten = _add(acts, "flatten", "ach:flatten", "batches with the same header as one")
    segment = _add(acts, "segment", "ach:segment", "a file of credits and a file of debits")
    back = _add(acts, "return", "ach:return_", "a return file for chosen entries")
    back.add_argument("--code", default="R03", help="R01 ...; R03, no account, when not given")
    back.add_argument("--trace", action="append", default=[], help="trace number of an entry; none: all entries")
    back.add_argument("--information", default="", help="addenda information; default: the code's title")
    for act in (validate, merge, flatten, segment, back):
        act.add_argument("files", nargs="+", metavar="FILE")
        act.add_argument(
            "--allow", action="append", default=[], metavar="NAME,...", help="settings of a bank's profile"
        )
    for act in (merge, flatten, segment, back):
        act.add_argument("--folder", default="", help="where the files go; stdout otherwise")
    changes = _add(acts, "corrections", "corrections:corrections_", "what other banks say is wrong with our entries")
    changes.add_argument("--after", type=int, default=0, help="notices with higher numbers only")
    changes.add_argument("--json", action="store_true", help="a JSON object a line")
    refuse = _add(acts, "refuse-change", "corrections:refuse_change", "the file that refuses a notification of change")
    refuse.add_argument("id", type=int, help="number of the notice")
    refuse.add_argument("--code", required=True, help="C61 ... C69")
    refuse.add_argument("--output", default="", help="a file instead of stdout")
    for act in (changes, refuse):
        act.add_argument("--routes", default=DEFAULT_ROUTES)
    rules = _add(acts, "rules", "ach:rules", "the rules by id, the settings of profiles, or the layouts of records")
    rules.add_argument("of", nargs="?", choices=["rules", "settings", "layouts"], default="rules")


def _operating(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    payments = _add(commands, "payments", "operate:payments", "list, show, decide about, recall, return payments")
    payments.add_argument("--routes", default=DEFAULT_ROUTES)
    acts = payments.add_subparsers(dest="act", required=True, metavar="list|show|" + "|".join(DECISIONS))
    listing = acts.add_parser("list")
    listing.add_argument("--status", default="", help="PDNG, RJCT, ACSC ...")
    listing.add_argument("--after", type=int, default=0)
    listing.add_argument("--limit", type=int, default=100)
    acts.add_parser("show").add_argument("id", type=int)
    for act in DECISIONS:
        decide = acts.add_parser(act)
        decide.add_argument("id", type=int)
        if act == "repair":
            _address(decide)
        if act in ("recall", "return"):
            decide.add_argument(
                "--reason", required=True, metavar="CODE", help="told to the other side: DUPL, AC04 ..."
            )
            decide.add_argument("--text", default="", help="words to it, at most 105 characters")
        decide.add_argument("--by", required=True, help="who decides")
        decide.add_argument("--because", required=True, help="why")
    ledger = _add(commands, "ledger", "operate:ledger", "balances, transfers, and the proof that the books are right")
    ledger.add_argument(
        "act",
        choices=["accounts", "balances", "transfers", "verify", "accept"],
        help="accept: declare a restored database to be the truth (docs/store.md)",
    )
    ledger.add_argument("account", nargs="?", default="")
    ledger.add_argument("--routes", default=DEFAULT_ROUTES)
    ledger.add_argument("--after", type=int, default=0)
    ledger.add_argument("--limit", type=int, default=100)
    _statements(commands)
    _sessions(commands)
    schemas = commands.add_parser("schemas", help="ISO 20022 schemas of your own: import")
    official = _add(
        schemas.add_subparsers(required=True, metavar="ACT"), "import", "schemas:import_", "check and install"
    )
    official.add_argument("source", help="a folder, a ZIP archive or a wheel with XSD files")
    official.add_argument("--to", default="", help="folder; default FINOS_SCHEMAS")
    status = _add(commands, "status", "operate:status", "what the running daemon says of itself")
    status.add_argument("--routes", default=DEFAULT_ROUTES)
    verify = _add(
        commands, "verify", "operate:verify", "read the whole store again: hash chain, conservation, balances"
    )
    verify.add_argument("--routes", default=DEFAULT_ROUTES)


def _statements(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    statement = _add(commands, "statement", "statements:statement", "print an account's statement from the ledger")
    statement.add_argument("account")
    statement.add_argument("--date", default="", metavar="YYYY-MM-DD", help="that day; without it, what is new today")
    statement.add_argument("--as", dest="type", default="", metavar="TYPE", help="camt.053.001.08, MT940, ...")
    statement.add_argument("--currency", default="", help="only this one")
    statement.add_argument("--routes", default=DEFAULT_ROUTES)
    reconcile = _add(commands, "reconcile", "statements:reconcile", "received statements compared with the ledger")
    reconcile.add_argument("--routes", default=DEFAULT_ROUTES)
    acts = reconcile.add_subparsers(dest="act", required=True, metavar="list|show")
    listing = acts.add_parser("list")
    listing.add_argument("--after", type=int, default=0)
    listing.add_argument("--limit", type=int, default=100)
    acts.add_parser("show").add_argument("id", type=int)


def _address(repair: argparse.ArgumentParser) -> None:
    repair.add_argument("--party", default="creditor", help="whose address: creditor (default), debtor, ...")
    repair.add_argument("--town", required=True)
    repair.add_argument("--country", required=True, help="code of two letters")
    for name in ("street", "building-number", "postcode", "post-box", "subdivision"):
        repair.add_argument(f"--{name}", default="")
    repair.add_argument(
        "--line", action="append", dest="lines", default=[], help="at most twice, for what has no field"
    )


def _sessions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    fix = commands.add_parser("fix", help="FIX sessions: sessions, doctor, reset, logout, net")
    acts = fix.add_subparsers(required=True, metavar="ACT")
    listing = _add(acts, "sessions", "fix:sessions", "state, numbers and last sign of life of each")
    listing.add_argument("--json", action="store_true", help="a JSON object a line")
    doctor = _add(acts, "doctor", "fix:doctor", "which side is wrong about numbers, what happened, what to do")
    doctor.add_argument("--events", type=int, default=20, help="how many of the last events to show")
    reset = _add(acts, "reset", "fix:reset", "numbers back to 1 on our side")
    logout = _add(acts, "logout", "fix:logout", "log out of a session; the counterparty may come back")
    net = _add(acts, "net", "fix:net", "send the counterparty its obligations from open deals, netted")
    for act in (doctor, reset, logout, net):
        act.add_argument("session", help="the counterparty's CompID")
        act.add_argument("--endpoint", default="", help="where several endpoints have a session of that name")
    for act in (reset, logout, net):
        act.add_argument("--by", required=True, help="who decided")
        act.add_argument("--because", required=True, help="why")
    for act in (listing, doctor, reset, logout, net):
        act.add_argument("--routes", default=DEFAULT_ROUTES)
