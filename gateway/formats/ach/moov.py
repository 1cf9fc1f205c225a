"""Files in the JSON form of moov-io/ach, read: their names for fields, ours for records. Controls are computed anew.

Strategy: one table of their names; a record is printed from its layout with whatever of it they give.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.formats.ach import tables
from gateway.formats.ach.batches import RawBatch, RawFile, put_together, record
from gateway.formats.ach.codes import entry_layout
from gateway.formats.ach.tables import Column, Layout

# Their name -> ours, in all records; what is not here they call as we do, in their own spelling (see `_ours`).
NAMES = {
    "immediateDestinationName": "destination_name",
    "immediateOriginName": "origin_name",
    "fileCreationDate": "creation_date",
    "fileCreationTime": "creation_time",
    "fileIDModifier": "file_id_modifier",
    "serviceClassCode": "service_class",
    "standardEntryClassCode": "sec_code",
    "companyEntryDescription": "entry_description",
    "companyDescriptiveDate": "descriptive_date",
    "effectiveEntryDate": "effective_date",
    "originatorStatusCode": "originator_status",
    "ODFIIdentification": "odfi",
    "originatorIdentification": "company_identification",
    "foreignExchangeIndicator": "exchange_indicator",
    "foreignExchangeReferenceIndicator": "exchange_reference_indicator",
    "foreignExchangeReference": "exchange_reference",
    "ISODestinationCountryCode": "destination_country",
    "ISOOriginatingCurrencyCode": "originating_currency",
    "ISODestinationCurrencyCode": "destination_currency",
    "IATIndicator": "iat_indicator",
    "RDFIIdentification": "rdfi",
    "DFIAccountNumber": "account_number",
    "amount": "amount_cents",
    "identificationNumber": "individual_id",
    "addendaRecordIndicator": "addenda_indicator",
    "AddendaRecords": "addenda_count",
    "OFACScreeningIndicator": "ofac_indicator",
    "SecondaryOFACScreeningIndicator": "secondary_ofac_indicator",
    "achOperatorData": "operator_data",
    "achOperatorRoutingNumber": "adv_routing_number",
    "sequenceNumber": "sequence",
    "entryDetailSequenceNumber": "entry_sequence",
    "paymentRelatedInformation": "payment_information",
    "returnCode": "return_code",
    "originalTrace": "original_trace",
    "originalDFI": "original_rdfi",
    "addendaInformation": "information",
    "changeCode": "change_code",
    "refusedChangeCode": "refused_code",
    "dishonoredReturnReasonCode": "dishonored_code",
    "contestedReturnCode": "contested_code",
    "originalEntryTraceNumber": "original_trace",
    "originalReceivingDFIIdentification": "original_rdfi",
    "returnTraceNumber": "return_trace",
    "returnReasonCode": "return_code",
    "dateOriginalEntryReturned": "original_returned_date",
    "originalSettlementDate": "original_settlement_date",
    "dishonoredReturnTraceNumber": "dishonored_trace",
    "dishonoredReturnSettlementDate": "dishonored_settlement_date",
    "transactionTypeCode": "transaction_type",
    "foreignPaymentAmount": "foreign_amount_cents",
    "foreignTraceNumber": "foreign_trace",
    "name": "receiver_name",
    "originatorStreetAddress": "originator_street",
    "originatorCityStateProvince": "originator_city_state",
    "originatorCountryPostalCode": "originator_country_postcode",
    "ODFIName": "odfi_name",
    "ODFIIDNumberQualifier": "odfi_id_qualifier",
    "ODFIBranchCountryCode": "odfi_branch_country",
    "RDFIName": "rdfi_name",
    "RDFIIDNumberQualifier": "rdfi_id_qualifier",
    "RDFIBranchCountryCode": "rdfi_branch_country",
    "receiverIDNumber": "receiver_id",
    "receiverStreetAddress": "receiver_street",
    "receiverCityStateProvince": "receiver_city_state",
    "receiverCountryPostalCode": "receiver_country_postcode",
    "foreignCorrespondentBankName": "correspondent_name",
    "foreignCorrespondentBankIDQualifier": "correspondent_id_qualifier",
    "foreignCorrespondentBankIDNumber": "correspondent_id",
    "foreignCorrespondentBankBranchCountryCode": "correspondent_branch_country",
    "referenceInformationOne": "reference_1",
    "referenceInformationTwo": "reference_2",
    "terminalIdentificationCode": "terminal_id",
    "transactionSerialNumber": "transaction_serial",
    "authorizationCodeOrExpireDate": "authorization",
}
_ADDENDA = {
    "addenda02": tables.ADDENDA_02,
    "addenda05": tables.ADDENDA_05,
    **{f"addenda{number}": tables.LAYOUTS[f"addenda_{number}"] for number in range(10, 19)},
    "addenda98": tables.ADDENDA_98,
    "addenda98Refused": tables.ADDENDA_98_REFUSED,
    "addenda99": tables.ADDENDA_99,
    "addenda99Dishonored": tables.ADDENDA_99_DISHONORED,
    "addenda99Contested": tables.ADDENDA_99_CONTESTED,
}
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)")

Form = dict[str, Any]


def to_ach(form: Form) -> bytes:
    """The file that such a form describes; ValueError says what in it cannot be read."""
    head = form.get("fileHeader")
    if not isinstance(head, dict):
        raise ValueError("fileHeader: not there")
    file = RawFile(_record(tables.FILE_HEADER, head, "fileHeader"), [])
    for place, batch in enumerate([*(form.get("batches") or ()), *(form.get("IATBatches") or ())]):
        file.batches.append(_batch(batch, f"batches[{place}]"))
    return put_together(file)


def _batch(batch: Form, where: str) -> RawBatch:
    abroad = "IATBatchHeader" in batch
    head = batch.get("IATBatchHeader") or batch.get("batchHeader")
    if not isinstance(head, dict):
        raise ValueError(f"{where}: without a header")
    layout = tables.BATCH_HEADER_IAT if abroad else tables.BATCH_HEADER
    sec = str(head.get("standardEntryClassCode", ""))
    status = "0" if sec == "ADV" else "2" if sec == "DNE" else "1"
    header = _record(layout, {"originatorStatusCode": status} | head, where)
    entries = []
    for key in ("entryDetails", "IATEntryDetails", "advEntryDetails"):
        for place, entry in enumerate(batch.get(key) or ()):
            shape = tables.ENTRY_IAT if abroad else entry_layout(sec, "0" * 94)
            at = f"{where}.{key}[{place}]"
            entries.append([_record(shape, entry, at), *_addenda(entry, abroad, at)])
    return RawBatch(header, entries)


def _addenda(entry: Form, abroad: bool, where: str) -> list[str]:
    lines = []
    for key, layout in _ADDENDA.items():
        found = entry.get(key)
        if found is None:
            continue
        if abroad and key == "addenda99":
            layout = tables.ADDENDA_99_IAT
        if abroad and key == "addenda98":
            layout = tables.ADDENDA_98_IAT
        trace = {"traceNumber": entry.get("traceNumber", "")}
        for one in found if isinstance(found, list) else [found]:
            lines.append(_record(layout, trace | one if isinstance(one, dict) else one, f"{where}.{key}"))
    return lines


def _record(layout: Layout, form: Any, where: str) -> str:
    if not isinstance(form, dict):
        raise ValueError(f"{where}: an object is wanted")
    values: dict[str, str | int] = {}
    for theirs, value in form.items():
        name = _ours(theirs, layout)
        if name is not None and value is not None:
            c = layout.by[name]
            values[name] = _value(c, value, f"{where}.{theirs}")
    return record(layout, values)


def _ours(theirs: str, layout: Layout) -> str | None:
    """Our name for one of theirs: from the table, else the same words written our way."""
    if (theirs in ("ODFIIdentification", "RDFIIdentification") and "odfi_id" in layout.by) or "rdfi_id" in layout.by:
        special = {"ODFIIdentification": "odfi_id", "RDFIIdentification": "rdfi_id"}.get(theirs)
        if special in layout.by:
            return special
    name = NAMES.get(theirs) or re.sub(r"(?<=[a-z])([A-Z])", r"_\1", theirs).lower()
    if name == "individual_name" and "originator_name" in layout.by:
        name = "originator_name"
    return name if name in layout.by and name != "record_type" else None


def _value(c: Column, value: Any, where: str) -> str | int:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError(f"{where}: a text or a number is wanted")
    if isinstance(value, str) and c.kind in "i$" and not value.strip().isdecimal():
        raise ValueError(f"{where}: a number is wanted, not {value!r}")
    if isinstance(value, int):
        return value if c.kind in tables.DIGITS or c.kind == "o" else str(value)
    moment = _MOMENT.match(value)
    if moment is not None:
        year, month, day, hour, minute = moment.groups()
        value = hour + minute if "time" in c.name else year[2:] + month + day
        return "" if year == "0000" else value
    if c.kind == "n" and value.strip().isdecimal():
        return value.strip().rjust(c.width, "0")
    return value.rstrip() if c.kind != "r" else value.strip()
