"""Writing what moves no money: charges, recalls, queries and answers (n9x), notices (210), requests (920), rejections.

Strategy: each kind of record says its fields, the grammar puts them in order, copies of the original's fields stand
where the record has them. As for payments, a message is read again before it is sent, so every loss has a name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gateway.formats.mt import breakdown, copies, fields, losses, parties, printing, returns, tables, text, write
from gateway.formats.mt.fields import Lines
from gateway.formats.mt.printing import Page, kept, refusal
from gateway.formats.mt.said import CASES, INQUIRIES, RECALLED_NOTICE
from gateway.model import Account, Agent, Case, Extra, Floor, Notice, Original, Reason, Record, Refusal, Report
from gateway.ports import Fit, Frame, Writing

_GROUPS = ("90", "91", "92", "95", "96", "98", "99")
REJECTING = ("MT103", "MT202", "MT202COV", "MT205", "MT205COV")  # a rejection repeats the payment that it rejects
TYPES = (*(f"MT{category}{group}" for category in "12" for group in _GROUPS), "MT210", "MT920")
CHARGES = ("charges_advice", "charges_request")
RECEIPTS_MAX = 10  # rule T10
REQUESTS_MAX = 100
NARRATIVE_LINES = 35
NARRATIVE_WIDTH = 50
QUERY_LINES, QUERY_WIDTH = 6, 35


def fit(record: Record, type: str) -> Fit:
    """What the message would lose, or why there can be none."""
    renamed = breakdown.renamed(record) if isinstance(record, Case) else ()
    record = _told(record)
    wrong = _unfit(record, type)
    if wrong is not None:
        return Fit(wrong)
    found = losses.compared(record, _messages([record], type, losses.BETWEEN_ITS_OWN)[0])
    return Fit(found.refusal, (*found.losses, *renamed))


def encode(records: Sequence[Record], type: str, writing: Writing) -> Frame:
    """Messages one after the other; notices of one account and day share one."""
    return printing.frame(_messages(records, type, writing), type, writing)


def _told(record: Record) -> Record:
    """Charges with a line for each of their records."""
    return breakdown.told(record) if isinstance(record, Case) and record.kind in CHARGES else record


def _unfit(record: Record, type: str) -> Refusal | None:
    if _kind(record) not in _carried(type):
        return refusal("wrong-kind", "kind", f"{type} carries no {record.kind.replace('_', ' ')}")
    if isinstance(record, Report) and type in REJECTING and not kept(record.payment):
        return refusal("missing-original", "payment", f"{type} repeats the rejected payment; MT199 and MT299 need not")
    if isinstance(record, Notice):
        return _unfit_notice(record, type)
    if isinstance(record, Case) and type[3:] in ("90", "91") and record.amount is None:
        return refusal("missing-amount", "amount", f"{type} names the amount of the charges")
    if isinstance(record, Case) and type[3:] == "90" and record.account is None:
        return refusal("missing-account", "account", "MTn90 names the account that is debited or credited")
    return None


def _unfit_notice(record: Notice, type: str) -> Refusal | None:
    if type == "MT210" and (record.amount is None or not record.date):
        return refusal("missing-amount", "amount", "a notice to receive names an amount and a day")
    if type == "MT920" and record.account is None:
        return refusal("missing-account", "account", "a request names the account")
    if type == "MT920" and not _statement_name(record.requested):
        return refusal("unknown-statement", "requested", "a request asks for MT900, 910, 940, 941, 942 or 950")
    return None


def _kind(record: Record) -> str:
    if isinstance(record, Report):
        return "rejection" if record.status == "RJCT" and record.kind != "acknowledgement" else "report"
    return record.kind


def _carried(type: str) -> tuple[str, ...]:
    if type in REJECTING:
        return ("rejection",)
    if type in ("MT210", "MT920"):
        return ("receipt_expected",) if type == "MT210" else ("statement_request",)
    group = type[3:]
    if group == "95":
        return ("query", *INQUIRIES)
    more = {"99": ("rejection",), "92": ("receipt_cancelled",)}.get(group, ())
    return (CASES[group], *more)


# --- messages ---------------------------------------------------------------------------------------


def _messages(records: Sequence[Record], type: str, writing: Writing) -> list[str]:
    pages = [_page(_told(record), type, writing) for record in records]
    most = {"MT210": RECEIPTS_MAX, "MT920": REQUESTS_MAX}.get(type, 1)
    return [_message(group, type, writing, index) for index, group in enumerate(printing.together(pages, most))]


def _message(pages: Sequence[Page], type: str, writing: Writing, index: int) -> str:
    first = pages[0]
    whole = [("20", text.reference(first.apart) or write.numbered(writing.message_id, index)), *first.whole]
    digits, flag = type[2:5], "COV" if type.endswith("COV") else ""
    if type in REJECTING:
        said = _in_its_place(whole, tables.TABLES[type])
    else:
        said = printing.text_of(digits, whole, [page.own for page in pages])
    return printing.message(digits, said, first.sender, first.receiver, first.uetr, flag)


def _page(record: Any, type: str, writing: Writing) -> Page:
    sender, receiver = printing.ends(writing, *_between(record))
    whole, own, reference = _says(record, type)
    original = record.original or Original()
    return Page(whole, own, original.uetr, sender, receiver, reference)


def _between(record: Record) -> tuple[Agent | None, Agent | None]:
    """Who says it to whom, where the record knows."""
    if isinstance(record, Case):
        return record.assigner, record.assignee
    if isinstance(record, Report):
        return record.instructing_agent, record.instructed_agent
    if not isinstance(record, Notice):
        return None, None
    keeper = record.agent if record.kind == "statement_request" else record.servicer
    return Agent(record.owner.bic) if record.owner is not None else None, keeper


def _says(record: Any, type: str) -> tuple[Lines, Lines, str]:
    """Fields of the whole, of the repetition, and field 20."""
    if isinstance(record, Report):
        return (*_rejection(record, type), record.id)
    if isinstance(record, Notice) and record.kind == "receipt_cancelled":
        return _recalled_notice(record), [], record.group_id
    if isinstance(record, Notice) and type == "MT210":
        return (*_receipt(record), record.group_id)
    if isinstance(record, Notice):
        return (*_request(record), record.id)
    group = type[3:]
    return [*_CASES[group](record), *kept(record.payment), *kept(record.extra)], [], _case_name(record, group)


def _case_name(case: Case, group: str) -> str:
    """Field 20: of a resolution its own name, of every other case the case's."""
    return case.cancellation_id or case.assignment_id if group == "96" else case.id


# --- cases ------------------------------------------------------------------------------------------


def _related(case: Case) -> Lines:
    original = case.original
    return [("21", text.reference(original.instruction_id or original.message_id) or "NOTPROVIDED")]


def _about(original: Original, option: str) -> Lines:
    """11S or 11R: type and date of the original, session and number where they are known."""
    name = original.message_type
    digits = name[2:5] if name[:2] == "MT" else tables.ISO_NAMES.get(name[:8], "")
    if not digits and option == "R":
        return []
    day = original.created[2:10].replace("-", "") or original.settlement_date[2:].replace("-", "") or "991231"
    more = original.clearing_reference if len(original.clearing_reference) == 10 else ""
    return [("11" + option, f"{digits or '202'}\r\n{day}{more if more.isdigit() else ''}")]


def _reasoned(reasons: Sequence[Reason], width: int) -> list[str]:
    """Code and text of each reason, a line for each text; long texts go on behind two slashes."""
    out: list[str] = []
    for reason in reasons:
        code = text.plain(reason.code or reason.proprietary)
        texts = [one for one in reason.text if text.plain(one).strip() not in ("", "NOTPROVIDED")]
        if code:
            out += text.coded_at(f"/{code}/", texts.pop(0) if texts else "", width)
        for one in texts:
            out += text.coded_at("", text.line(one, 20 * width), width)
    return out


def _recall(case: Case) -> Lines:
    narrative = [*_reasoned(case.reasons, NARRATIVE_WIDTH), *_lines(case.text, NARRATIVE_WIDTH)]
    narrative += [f"/UETR/{case.original.uetr}"] if case.original.uetr else []
    out = [*_related(case), *_about(case.original, "S"), *fields.field("79", narrative[:NARRATIVE_LINES])]
    return [*out, *_copied(case.original, case.payment)]


def _copied(original: Original, payment: Extra) -> Lines:
    """The original's amount and end-to-end id as copies of its fields."""
    out: Lines = []
    present = {name for name, _ in payment}
    if original.amount is not None and not present & {"mt:32A", "mt:32B"}:
        day = original.settlement_date[2:].replace("-", "")
        amount = fields.amount_text(original.amount)
        out.append(("32A", day + amount) if day else ("32B", amount))
    if original.end_to_end_id not in ("", "NOTPROVIDED") and "mt:70" not in present:
        out += fields.field("70", text.filled(f"/ROC/{text.plain(original.end_to_end_id)}", 4))
    return [*out, *copies.fields_of(payment)]


def _query(case: Case) -> Lines:
    lead = [INQUIRIES[case.kind]] if case.kind in INQUIRIES else []
    said = [*lead, *_lines(case.text, QUERY_WIDTH), *_reasoned(case.reasons, QUERY_WIDTH)]
    out = fields.field("75", said[:QUERY_LINES] or ["QUERY"])
    return [*_related(case), *out, *_about(case.original, "R"), *_copied(case.original, case.payment)]


_UETR_ROOM = QUERY_WIDTH - len("/UETR/")


def _resolution(case: Case) -> Lines:
    """76: the status, behind it the first reason; 21 names the case."""
    reasons = _reasoned(case.reasons, QUERY_WIDTH)
    status = case.status or case.transaction_status
    if status and reasons[:1] and case.reasons[0].code and len(reasons[0]) <= QUERY_WIDTH - 5:
        reasons[0] = f"/{status}{reasons[0]}"
    elif status:
        reasons = [f"/{status}/", *reasons]
    said = fields.field("76", [*reasons, *_lines(case.text, QUERY_WIDTH)][:QUERY_LINES] or ["ANSWER"])
    uetr = [f"/UETR/{case.original.uetr[:_UETR_ROOM]}", f"//{case.original.uetr[_UETR_ROOM:]}"]
    return [
        ("21", text.reference(case.id) or "NOTPROVIDED"),
        *said,
        *(fields.field("77A", uetr) if case.original.uetr else []),
        *_about(case.original, "R"),
        *_copied(case.original, case.payment),
    ]


def _charges(case: Case) -> Lines:
    """n90 and n91 but for the amount."""
    out = [*_related(case), *fields.field("71B", _lines(case.text, QUERY_WIDTH)[:6] or ["/CHARGES/"])]
    creator = case.creator
    if creator is not None and (creator.bic or creator.name):
        out += fields.field("72", text.coded("CHRQ", creator.bic or creator.name)[:6])
    return out


def _charged(case: Case) -> Lines:
    assert case.amount is not None, "asked for by _unfit"
    assert case.account is not None, "asked for by _unfit"
    side = "C" if ("mt:32/side", "C") in case.extra else "D"
    day = (case.date or case.created[:10])[2:].replace("-", "") or "991231"
    return [*_charges(case), (f"32{side}", day + fields.amount_text(case.amount)), ("25", text.line(case.account.id))]


def _claimed(case: Case) -> Lines:
    assert case.amount is not None, "asked for by _unfit"
    return [*_charges(case), ("32B", fields.amount_text(case.amount))]


def _free(case: Case) -> Lines:
    related = text.reference(case.original.message_id)
    return [
        *([("21", related)] if related else []),
        *fields.field("79", _lines(case.text, NARRATIVE_WIDTH)[:NARRATIVE_LINES]),
    ]


def _proprietary(case: Case) -> Lines:
    return []


def _lines(texts: Sequence[str], width: int) -> list[str]:
    """Texts as lines of a field: each begins one; what is longer goes on in the next."""
    found: list[str] = []
    for one in "\n".join(texts).split("\n"):
        flat = text.line(one, 20 * width)
        found += [flat] if 0 < len(flat) <= width else text.filled(flat, 20, width)
    return found


_CASES: dict[str, Callable[[Case], Lines]] = {
    "90": _charged,
    "91": _claimed,
    "92": _recall,
    "95": _query,
    "96": _resolution,
    "98": _proprietary,
    "99": _free,
}

# --- notices ----------------------------------------------------------------------------------------


def _receipt(notice: Notice) -> tuple[Lines, Lines]:
    """210: account and day are of the message, amount and payer of each repetition."""
    assert notice.amount is not None, "asked for by _unfit"
    whole: Lines = [*_held(notice), ("30", notice.date[2:].replace("-", ""))]
    original = notice.original or Original()
    named = text.reference(original.end_to_end_id or notice.id) or "NOTPROVIDED"
    own: Lines = [("21", named), ("32B", fields.amount_text(notice.amount)), *_payer(notice), *kept(notice.extra)]
    return [*whole, ("currency", notice.amount.currency)], own


def _held(notice: Notice) -> Lines:
    return [("25", text.line(notice.account.id))] if notice.account is not None else []


def _payer(notice: Notice) -> Lines:
    """50a or 52a, one of them, and 56a."""
    if notice.payer is not None:
        lines = fields.party_lines("50", notice.payer, _number(notice, "50"), "K")
        out = [("50" + tag[2:].replace("K", ""), value) for tag, value in lines]
    else:
        out = fields.agent_lines("52", notice.agent, _number(notice, "52"), "AD")
    return out + fields.agent_lines("56", notice.intermediary, _number(notice, "56"), "AD")


def _number(notice: Notice, field: str) -> Account | None:
    """The account that stood in the first line of a field."""
    number = dict(notice.extra).get(f"mt:{field}/1", "")
    return parties.account(number) if number else None


def _request(notice: Notice) -> tuple[Lines, Lines]:
    """920: which statement of which account."""
    assert notice.account is not None, "asked for by _unfit"
    name = _statement_name(notice.requested)
    floors = [("34F", _floor(one)) for one in notice.floors]
    if name == "942" and not floors and notice.account.currency:
        floors = [("34F", f"{notice.account.currency}0,")]
    owner = dict(notice.extra).get("mt:25P/2", "")
    account = text.line(notice.account.id)
    return [], [("12", name), ("25P", f"{account}\r\n{owner}") if owner else ("25", account), *floors]


def _floor(floor: Floor) -> str:
    amount = fields.amount_text(floor.amount)
    return amount[:3] + {"DEBT": "D", "CRED": "C"}.get(floor.side, "") + amount[3:]


def _statement_name(requested: str) -> str:
    digits = requested.removeprefix("MT")[:3]
    known = ("900", "910", "940", "941", "942", "950")
    return digits if digits in known else tables.STATEMENT_NAMES.get(requested[:8], "")


def _recalled_notice(notice: Notice) -> Lines:
    """n92 of a 210."""
    original = notice.original or Original()
    day = original.created[2:10].replace("-", "") or notice.date[2:].replace("-", "") or "991231"
    out: Lines = [("21", text.reference(original.message_id or original.batch_id) or "NOTPROVIDED")]
    out.append(("11S", f"{RECALLED_NOTICE}\r\n{day}"))
    if reason := dict(notice.extra).get("iso:/CxlRsn/Rsn/Cd", ""):
        more = [value for name, value in notice.extra if name.startswith("iso:/CxlRsn/AddtlInf")]
        out += fields.field("79", text.coded_at(f"/{text.plain(reason)}/", " ".join(more), returns.LINE_79)[:35])
    out += _held(notice)
    if notice.date:
        out.append(("30", notice.date[2:].replace("-", "")))
    item = original.end_to_end_id or notice.id
    out += [("21", text.reference(item))] if item else []
    if notice.amount is not None:
        out.append(("32B", fields.amount_text(notice.amount)))
    return [*out, *_payer(notice), *kept(notice.extra)]


# --- rejections -------------------------------------------------------------------------------------


def _rejection(report: Report, type: str) -> tuple[Lines, Lines]:
    extra = dict(report.extra)
    field, charges = extra.get("mt:REJT", ""), extra.get("mt:CHGS", "")
    width = returns.LINE_72 if type in REJECTING else returns.LINE_79
    said = returns.lines("REJT", report.original, report.reasons, field, charges, width)
    if type in REJECTING:
        return [*kept(report.payment), ("72", "\r\n".join(said))], []
    related = extra.get("mt:21", "") or report.original.message_id or report.original.instruction_id
    return [("21", text.reference(related) or "NOTPROVIDED"), ("79", "\r\n".join(said))], []


def _in_its_place(repeated: Lines, table: tables.Table) -> Lines:
    """The repeated fields as they stood, 72 put where the type has it."""
    told = [line for line in repeated if line[0] == "72"]
    rest = [line for line in repeated if line[0] != "72"]
    turn = next(index for index, one in enumerate(table.fields) if one.number == "72")
    at, out = -1, Lines()
    for tag, value in rest:
        rows = [row for row in table.places.get(tag, ()) if row[0] > at or (row[4] and row[0] == at)]
        at = rows[0][0] if rows else at
        if at > turn and told:
            out.append(told.pop())
        out.append((tag, value))
    return out + told
