"""Writing confirmations: MT 900 of a debit, MT 910 of a credit, one message for each booked entry."""

from __future__ import annotations

from gateway.formats.mt import fields, text
from gateway.formats.mt.write_narrative import wrapped
from gateway.model import Entry, Statement

_NOBODY = ("52D", "NOTPROVIDED")  # a 910 names who ordered it

Lines = list[tuple[str, str]]


def chosen(record: Statement, type: str) -> list[Entry]:
    """The booked entries that a type tells of."""
    return [one for one in record.entries if one.status == "BOOK" and one.credit == (type == "MT910")]


def user(entry: Entry) -> str:
    """Block 3: the end-to-end reference of the payment that it confirms."""
    uetr = entry.details[0].uetr if len(entry.details) == 1 else ""
    return f"{{3:{{121:{uetr}}}}}" if uetr else ""


def body(record: Statement, entry: Entry, type: str, today: str) -> Lines:
    """The fields of one confirmation."""
    detail = entry.details[0] if len(entry.details) == 1 else None
    reference = entry.servicer_reference or entry.reference or record.id
    related = entry.owner_reference
    if detail is not None:
        related = detail.end_to_end_id or detail.instruction_id or related
    found = [("20", text.reference(reference) or "NONREF"), ("21", text.reference(related) or "NONREF")]
    found.append(account_field(record))
    if len(record.created) >= 16:
        found.append(("13D", moment(record.created)))
    date = entry.value_date or entry.booking_date or record.created or today
    found.append(("32A", six(date) + fields.amount_text(entry.amount)))
    found += _ordering(entry, type)
    lines = [text.line(line) for line in entry.information]
    if len("".join(entry.information)) > 35 and any(len(line) > 35 for line in entry.information):
        lines = wrapped("".join(map(text.plain, entry.information)), 35)
    return found + fields.field("72", [line for line in lines if line][:6])


def account_field(record: Statement) -> tuple[str, str]:
    """25, or 25P with the owner's BIC."""
    own, owner = text.plain(record.account.id), record.owner
    return ("25P", f"{own}\r\n{owner.bic}") if owner is not None and owner.bic else ("25", own)


def moment(created: str) -> str:
    """13D; a time without an offset is UTC."""
    offset = created[-6:] if created[-6:-5] in ("+", "-") and created[-3:-2] == ":" else "+00:00"
    return f"{six(created)}{created[11:13] or '00'}{created[14:16] or '00'}{offset.replace(':', '')}"


def six(date: str) -> str:
    """YYMMDD of a day or a time."""
    return date[2:10].replace("-", "")


def _ordering(entry: Entry, type: str) -> Lines:
    """50a or 52a, of which a 910 has one, and 56a."""
    detail = entry.details[0] if len(entry.details) == 1 else None
    if detail is None:
        return [_NOBODY] if type == "MT910" else []
    if type == "MT910" and detail.debtor is not None:
        found = fields.party_lines("50", detail.debtor, detail.debtor_account, "K")
    else:
        agent, account = detail.debtor_institution or detail.debtor_agent, detail.debtor_agent_account
        found = fields.agent_lines("52", agent, account, "AD")
    if type == "MT900":
        return found
    if detail.intermediary_agents:
        return [*(found or [_NOBODY]), *fields.agent_lines("56", detail.intermediary_agents[0], None, "AD")]
    return found or [_NOBODY]
