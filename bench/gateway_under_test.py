"""The configuration that the benches load: every door, names screened against a list of real size where present."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.harness import ROOT, DaemonProcess, free_port
from tests.samples import FAMILY, GIVEN

IBAN = "DE23999900000000000101"
ACH_ACCOUNTS = 1_000


@dataclass(frozen=True)
class Ports:
    fix: int
    http: int


def make(folder: Path, environ: dict[str, str] | None = None) -> tuple[DaemonProcess, Ports]:
    """A daemon, not yet started, on free ports and a folder of its own."""
    ports = Ports(free_port(), free_port())
    return DaemonProcess(folder, routes(folder, ports), environ), ports


def lists(folder: Path) -> str:
    """The sanctions list of the conformance corpus, or one of 9,000 fictional names where that is absent."""
    corpus = ROOT.parent / "shared" / "corpus" / "sanctions" / "ofac" / "sdn-2021"
    if corpus.exists():
        return str(corpus)
    own = folder / "sdn.csv"
    own.write_text(
        "".join(
            f'{n},"{FAMILY[n % 26]}{n % 347}, {GIVEN[n // 26 % 26]}{n % 11}",individual,"[DEMO]",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
            for n in range(9_000)
        )
    )
    return str(own)


def routes(folder: Path, ports: Ports) -> str:
    ach = "\n".join(f'    - {{id: "{2_000_000 + n}", currency: USD}}' for n in range(ACH_ACCOUNTS))
    return f"""
version: 1
gateway: {{bic: FINODEHHXXX, name: Bench Bank, routing_number: "091000019"}}
store: sqlite:{folder}/financial-os.db
endpoints:
  fix: {{adapter: fix, format: fix, listen: "127.0.0.1:{ports.fix}", sessions: [{{target: CLIENT1}}, {{target: CLIENT2}}]}}
  bank: {{adapter: folder, format: auto, path: {folder}/bank}}
  csm: {{adapter: folder, format: sepa, path: {folder}/csm}}
  out: {{adapter: folder, format: iso20022, path: {folder}/correspondent}}
  iso: {{adapter: http, format: iso20022, listen: "127.0.0.1:{ports.http}", path: /iso20022}}
  api: {{adapter: http, format: json, listen: "127.0.0.1:{ports.http}", api: true}}
accounts:
  open:
    - {{id: NOSTRO, currency: USD, floor: none}}
    - {{id: EQUITY, currency: USD, floor: none}}
    - {{id: EQUITY, currency: EUR, floor: none}}
    - {{id: CSM-EUR, currency: EUR, floor: none}}
    - {{id: {IBAN}, currency: EUR, balance: 900_000_000, from: EQUITY}}
    - {{id: BREEZE-USD, currency: USD, balance: 900_000_000, from: EQUITY}}
    - {{id: SINK-USD, currency: USD}}
    - {{id: HOUSE-EUR, currency: EUR, floor: none}}
    - {{id: HOUSE-USD, currency: USD, floor: none}}
    - {{id: CLIENT1-EUR, currency: EUR, floor: none}}
    - {{id: CLIENT1-USD, currency: USD, floor: none}}
    - {{id: CLIENT2-EUR, currency: EUR, floor: none}}
    - {{id: CLIENT2-USD, currency: USD, floor: none}}
{ach}
policies:
  retail: {{screen: {{lists: [{lists(folder)}], threshold: 0.85}}, limits: {{EUR: 1_000_000, USD: 1_000_000}}, report_above: {{USD: 10_000}}}}
routes:
  - {{name: sepa, when: {{scheme: sepa_ct}}, check: retail, settle: {{debit: debtor, credit: CSM-EUR}}, send: {{to: csm, as: pacs.008.001.08, per_message: 1000}}}}
  - {{name: ach, when: {{scheme: ach, kind: credit_transfer}}, check: retail, settle: {{debit: NOSTRO, credit: creditor}}}}
  - {{name: fx, when: {{kind: order}}, settle: {{client: "{{session}}-{{currency}}", principal: "HOUSE-{{currency}}"}}}}
  - {{name: mt, when: {{endpoint: bank, kind: credit_transfer, scheme: swift}}, check: retail, settle: {{debit: NOSTRO, credit: creditor}}, send: {{to: out, as: pacs.008.001.08, per_message: 500}}}}
  - {{name: book, when: {{scheme: internal}}, check: retail, settle: {{debit: debtor, credit: creditor}}}}
  - {{name: transfer, when: {{kind: credit_transfer}}, check: retail, settle: {{debit: NOSTRO, credit: creditor}}}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""
