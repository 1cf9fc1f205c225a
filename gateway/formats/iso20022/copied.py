"""A payment as later messages about it repeat it (OrgnlTxRef).

Strategy: the payment is written as a transfer, and the parts that a reference has are taken from there by their paths;
so the copy says what the transfer said, element by element.
"""

from __future__ import annotations

from lxml import etree

from gateway.formats.iso20022.leaves import walk
from gateway.formats.iso20022.write import message, refusal
from gateway.model import Extra, Payment
from gateway.ports import Writing

TRANSFER = "pacs.008.001.08"
PARTS = frozenset(
    "SttlmInf PmtTpInf RmtInf UltmtDbtr Dbtr DbtrAcct DbtrAgt CdtrAgt Cdtr CdtrAcct UltmtCdtr Purp".split()
)
PARTIES = frozenset({"UltmtDbtr", "Dbtr", "Cdtr", "UltmtCdtr"})  # a choice there: of a party or an agent


def copied(payment: Payment) -> Extra:
    """The parts of a customer transfer by their paths below OrgnlTxRef; () for what cannot be written as one."""
    if payment.kind != "credit_transfer" or refusal(payment, TRANSFER) is not None:
        return ()
    root = etree.fromstring(message([payment], TRANSFER, Writing("COPY", 0)))
    space = len(etree.QName(root).namespace or "") + 2
    header, transfer = root[0]
    found = {**walk(header, space), **walk(transfer, space)}
    return tuple((_path(path), text) for path, text in found.items() if path.partition("/")[0] in PARTS)


def _path(path: str) -> str:
    first, slash, rest = path.partition("/")
    return f"{first}/Pty/{rest}" if first in PARTIES else first + slash + rest
