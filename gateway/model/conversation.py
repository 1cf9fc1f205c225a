"""What is said about payments rather than paid: reports, cases (recalls, inquiries, resolutions), notices, requests.

A payment's later life is a conversation: status, return, reversal, recall, request for status. `Original` is how
every one of them says which message or payment it is about; ISO 20022 repeats these references in each message, MT
has field 21 and the copied fields of category n9.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.model.money import Money
from gateway.model.party import Account, Agent, Party

Extra = tuple[tuple[str, str], ...]


class Original(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a message is about: the original's references as its sender wrote them; "" where it does not say."""

    message_id: str = ""  # OrgnlMsgId; MT: field 21
    message_type: str = ""  # OrgnlMsgNmId, "pacs.008.001.08"; MT: "MT103"
    created: str = ""  # OrgnlCreDtTm; MT: the date in 11a
    batch_id: str = ""  # OrgnlPmtInfId
    instruction_id: str = ""
    end_to_end_id: str = ""
    transaction_id: str = ""
    uetr: str = ""
    clearing_reference: str = ""
    amount: Money | None = None  # OrgnlIntrBkSttlmAmt or OrgnlInstdAmt
    settlement_date: str = ""
    count: str = ""  # OrgnlNbOfTxs
    total: str = ""  # OrgnlCtrlSum


class Reason(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why: an ISO 20022 external code or the scheme's own, who says so, and free text."""

    code: str = ""
    proprietary: str = ""
    text: tuple[str, ...] = ()
    originator: Party | None = None


class Mandate(Struct, frozen=True, gc=False, omit_defaults=True):
    """A direct debit's authority (MndtRltdInf, CdtrSchmeId)."""

    id: str = ""
    signed: str = ""  # YYYY-MM-DD
    sequence: str = ""  # FRST RCUR FNAL OOFF RPRE
    creditor_scheme_id: str = ""
    creditor_scheme: str = ""  # whose identifier that is: "SEPA"
    amended: Extra = ()  # (path below AmdmntInfDtls, text)
    signature: str = ""  # ElctrncSgntr


class Report(Struct, frozen=True, gc=False, omit_defaults=True, tag="report"):
    """The status of a payment, a group or a message (pacs.002, pain.002, pain.014, admi.002, admi.007, FIN ACK)."""

    status: str  # ACSC ACSP ACTC PDNG RJCT ...; of a message as a whole too
    original: Original
    kind: str = "payment_status"  # payment_status, group_status, message_rejected, receipt, acknowledgement
    level: str = "transaction"  # group, batch, transaction
    reasons: tuple[Reason, ...] = ()
    id: str = ""  # StsId
    accepted: str = ""  # AccptncDtTm
    charges: tuple[Extra, ...] = ()
    payment: Extra = ()  # OrgnlTxRef as (path, text)
    place: str = ""
    source: str = ""
    scheme: str = ""
    identity: str = ""
    extra: Extra = ()
    instructing_agent: Agent | None = None  # who reports
    instructed_agent: Agent | None = None  # to whom


class Case(Struct, frozen=True, gc=False, omit_defaults=True, tag="case"):
    """An investigation about a payment, and its answer.

    `kind`: cancellation_request (camt.056, camt.055, MT n92), resolution (camt.029, MT n96), status_request
    (pacs.028), unable_to_apply (camt.026), claim_non_receipt (camt.027), additional_information (camt.028),
    modification_request (camt.087), query (MT n95), free_format (MT n98, n99), charges_request (camt.106, MT 191,
    n91), charges_advice (camt.105, MT 190, n90).
    """

    kind: str
    original: Original
    id: str = ""  # Case/Id; MT: field 20
    cancellation_id: str = ""  # CxlId, CxlStsId
    creator: Agent | None = None
    assigner: Agent | None = None
    assignee: Agent | None = None
    assignment_id: str = ""
    created: str = ""
    status: str = ""  # of a resolution: CNCL RJCR PDCR IPAY ...; MT 96: the code of field 76
    transaction_status: str = ""  # TxCxlSts
    reasons: tuple[Reason, ...] = ()
    amount: Money | None = None  # charges, compensation, or of a resolution what comes back
    text: tuple[str, ...] = ()  # questions, answers, narrative
    payment: Extra = ()  # OrgnlTxRef, or the copied fields of the original MT, as (path, text)
    place: str = ""
    source: str = ""
    scheme: str = ""
    identity: str = ""
    extra: Extra = ()
    account: Account | None = None  # of charges: the account that is debited or credited ...
    date: str = ""  # ... and their value date


class Floor(Struct, frozen=True, gc=False, omit_defaults=True):
    """From which amount on a report is wanted (FlrLmt; MT 34F)."""

    amount: Money
    side: str = ""  # DEBT, CRED, BOTH


class Notice(Struct, frozen=True, gc=False, omit_defaults=True, tag="notice"):
    """Everything else that is said between institutions, and moves no money by itself.

    `kind`: receipt_expected (camt.057, MT 210), receipt_cancelled (camt.058), statement_request (camt.060, MT 920),
    system_event (admi.004), event_acknowledgement (admi.011), verification_request (acmt.023),
    verification_report (acmt.024), document (anything that is only kept).
    """

    kind: str
    id: str = ""
    created: str = ""
    account: Account | None = None
    owner: Party | None = None
    agent: Agent | None = None  # who keeps the account, or who will pay
    amount: Money | None = None
    date: str = ""  # when it is expected, or the day asked for
    payer: Party | None = None
    requested: str = ""  # of a statement request: the message wanted
    original: Original | None = None
    result: str = ""  # of a verification report: MATC, CLMT, NMTC, NOAP; of an event its code
    text: tuple[str, ...] = ()
    place: str = ""
    source: str = ""
    scheme: str = ""
    identity: str = ""
    extra: Extra = ()
    servicer: Agent | None = None  # who keeps the account, where `agent` is the payer's
    group_id: str = ""  # of the notification that it stands in (Ntfctn/Id); MT: field 20
    intermediary: Agent | None = None  # between the payer's agent and the one that keeps the account
    floors: tuple[Floor, ...] = ()  # of a statement request
