"""Reading JSON: bytes to canonical records. Never raises.

Strategy: the text is parsed once for duplicate keys (a second `amount` must not win in silence) and once, typed,
by msgspec; of an array each element is decoded apart, so that a bad one is refused in its place. Amounts are
read from text; a number with a fraction is refused, since it was rounded before it reached us.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec

from gateway.formats.json import shapes
from gateway.model import EXPONENTS, MINOR_MAX, Account, Address, Money, Operation, Party, Payment, Record, Refusal
from gateway.ports import Decoded

DATA_BYTES_MAX = 32 * 1024 * 1024  # an array is parsed whole: about five times this in memory
RECORDS_MAX = 100_000  # of one array; larger volumes come as pain.001 or ACH, which stream
TEXT_MAX = 200  # of the sender's words that a refusal quotes

_FIELD = re.compile(r"field `(\w{1,40})`")
_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?\Z", re.ASCII)

_loose = msgspec.json.Decoder()
_array = msgspec.json.Decoder(list[msgspec.Raw])


class _Kind(msgspec.Struct):
    """What an object says it is."""

    type: Any = None


_kind = msgspec.json.Decoder(_Kind)


class _Twice(Exception):
    """A key stands twice in one object."""


def _no_twins(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) != len({key for key, _ in pairs}):
        raise _Twice


_twins = json.JSONDecoder(object_pairs_hook=_no_twins, parse_float=len, parse_int=len)


def decode(data: bytes, type: str = "") -> Decoded:
    """Read one object or an array of objects; `type` is what the door knows: transfer, account, operation."""
    refusal = _whole(data)
    if refusal is not None:
        return Decoded("json", type or "json", refusals=(refusal,))
    if data.lstrip(b" \t\r\n")[:1] == b"{":
        record, found = _object(data, type, "$")
        if found not in READERS:
            assert isinstance(record, Refusal), "only a known type makes a record"
            return Decoded("json", found or "json", refusals=(record,))
        return Decoded("json", found, records=(record,))
    return _decode_array(data, type)


def _decode_array(data: bytes, type: str) -> Decoded:
    try:
        items = _array.decode(data)
    except msgspec.ValidationError:
        return _refused("json-type", "$", "expected an object or an array of objects")
    if not items:
        return _refused("json-empty", "$", "the array holds no objects")
    if len(items) > RECORDS_MAX:
        return _refused("json-too-large", "$", f"an array holds at most {RECORDS_MAX} objects, this one {len(items)}")
    found = [_object(bytes(item), type, f"$[{index}]") for index, item in enumerate(items)]
    return Decoded("json", found[0][1] or "json", records=tuple(record for record, _ in found), count=len(found))


def parts(file: BinaryIO, records_max: int) -> Iterator[Decoded]:
    """Read a large file of one array; checked whole, then handed over in pieces."""
    decoded = decode(file.read(DATA_BYTES_MAX + 1))
    if decoded.refusals:
        yield decoded
        return
    for start in range(0, len(decoded.records), records_max):
        yield msgspec.structs.replace(decoded, records=decoded.records[start : start + records_max])


def reprint(data: bytes) -> bytes:
    """The parsed document printed again: `data` itself when nothing but white space differs; b"" of no JSON."""
    try:
        printed = msgspec.json.encode(_loose.decode(data))
        return data if msgspec.json.format(data, indent=-1) == printed else printed
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return b""


def _whole(data: bytes) -> Refusal | None:
    """What is wrong with the text as such."""
    if len(data) > DATA_BYTES_MAX:
        return _refusal("json-too-large", "$", f"a JSON message has at most {DATA_BYTES_MAX} bytes")
    try:
        _loose.decode(data)
        _twins.decode(data.decode())
    except _Twice:
        return _refusal("json-duplicate-key", "$", "an object holds the same key twice")
    except RecursionError:
        return _refusal("json-syntax", "$", "the document is nested too deeply")
    except (msgspec.MsgspecError, ValueError) as error:
        return _refusal("json-syntax", "$", f"this is not JSON: {_quote(str(error))}")
    return None


def _object(data: bytes, type: str, place: str) -> tuple[Record | Refusal, str]:
    """One object and its type; the type is "" or unknown when that is what is wrong."""
    try:
        named = _kind.decode(data).type
    except msgspec.ValidationError:
        return _refusal("json-type", place, "expected an object"), type
    found = type or named
    if not isinstance(found, str) or found not in READERS or named not in (None, found):
        known = type or ", ".join(READERS)
        return _refusal("json-type", f"{place}.type", f"expected type {known}"), type
    decoder, read = READERS[found]
    try:
        return read(decoder.decode(data), place), found
    except msgspec.ValidationError as error:
        return _field_refusal(str(error), place), found


def _field_refusal(text: str, place: str) -> Refusal:
    """msgspec's sentence, with its path made ours. A value is never part of it, an unknown key may be."""
    sentence, found, path = text.rpartition(" - at `")
    sentence, path = (sentence, path.rstrip("`")) if found else (text, "$")
    named = _FIELD.search(sentence)
    where = place + path[1:] + (f".{named[1]}" if named else "")
    if path.endswith((".amount", ".balance", ".floor")):
        return _refusal("bad-amount", where, 'an amount is a text such as "12.50", or a whole number', "AM12")
    sentence, pattern, _ = sentence.partition(" matching regex")
    return _refusal("json-field", where, _quote(sentence + " of the allowed characters" if pattern else sentence))


def _quote(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text[:TEXT_MAX])
    return printable + ("..." if len(text) > TEXT_MAX else "")


def _refusal(code: str, place: str, text: str, reason: str = "FF01", record: str = "") -> Refusal:
    return Refusal(code, reason, place, text, record)


def _refused(code: str, place: str, text: str) -> Decoded:
    return Decoded("json", "json", refusals=(_refusal(code, place, text),))


# --- amounts --------------------------------------------------------------------------------------


def _money(currency: str, value: str | int, place: str, reference: str, *, signed: bool = False) -> Money | Refusal:
    """Read an amount, saying exactly what is wrong with it."""
    if currency not in EXPONENTS:
        text = f"{_quote(currency)} is not an active ISO 4217 currency"
        return _refusal("unknown-currency", place.rpartition(".")[0] + ".currency", text, "AM03", reference)
    match = _AMOUNT.match(str(value) if not isinstance(value, int) or abs(value) <= MINOR_MAX else "9" * 19)
    if match is None:
        return _refusal("bad-amount", place, 'an amount is a plain decimal such as "12.50"', "AM12", reference)
    sign, whole, fraction = match[1], match[2].lstrip("0"), (match[3] or "").rstrip("0")
    if sign and not signed:
        return _refusal("negative-amount", place, "an amount is not negative", "AM12", reference)
    if len(fraction) > EXPONENTS[currency]:
        text = f"{currency} has {EXPONENTS[currency]} decimals, the amount {len(fraction)}"
        return _refusal("too-many-decimals", place, text, "AM12", reference)
    if len(whole) + EXPONENTS[currency] > len(str(MINOR_MAX)):
        return _refusal("amount-too-large", place, "an amount has at most 18 digits", "AM02", reference)
    minor = int(whole + fraction.ljust(EXPONENTS[currency], "0") or "0")
    return Money(currency, -minor if sign else minor)


# --- the types ------------------------------------------------------------------------------------


def _transfer(shape: shapes.Transfer, place: str) -> Payment | Refusal:
    amount = _money(shape.currency, shape.amount, f"{place}.amount", shape.reference)
    if isinstance(amount, Refusal):
        return amount
    if not amount.minor:
        return _refusal("zero-amount", f"{place}.amount", "a transfer moves more than nothing", "AM01", shape.reference)
    return Payment(
        "credit_transfer",
        amount,
        place,
        "transfer",
        "internal",
        end_to_end_id=shape.reference,
        debtor=Party(shape.debtor_name) if shape.debtor_name else None,
        debtor_account=Account(shape.debit_account),
        creditor=Party(shape.creditor_name) if shape.creditor_name else None,
        creditor_account=Account(shape.credit_account),
        remittance=(shape.remittance,) if shape.remittance else (),
    )


def _account(shape: shapes.Account, place: str) -> Operation | Refusal:
    balance = _money(shape.currency, shape.balance, f"{place}.balance", shape.id)
    if isinstance(balance, Refusal):
        return balance
    floor: Money | Refusal | None = None
    if shape.floor is not None and shape.floor != "none":
        floor = _money(shape.currency, shape.floor, f"{place}.floor", shape.id, signed=True)
    if isinstance(floor, Refusal):
        return floor
    return Operation(
        "open_account",
        shape.id,
        shape.currency,
        balance.minor or None,
        floor.minor if floor else None,
        shape.source_account,
        place=place,
        source="account",
    )


def _operation(shape: shapes.Operation, place: str) -> Operation | Refusal:
    about_account = shape.op in ("close_account", "net")
    subject, other = (shape.account, shape.payment) if about_account else (shape.payment, shape.account)
    if subject is None or other is not None:
        wanted = "account" if about_account else "payment"
        return _refusal("json-field", f"{place}.{wanted}", f"{shape.op} names a {wanted} and nothing else")
    if (shape.op == "repair") != bool(shape.addresses):
        return _refusal("json-field", f"{place}.addresses", "repair gives at least one address, and nothing else does")
    reasoned = shape.op in ("recall", "return")
    if reasoned != bool(shape.reason) or (shape.text and not reasoned):
        return _refusal("json-field", f"{place}.reason", "recall and return give a reason, and nothing else does")
    addresses = tuple((side, Address(**msgspec.structs.asdict(given))) for side, given in shape.addresses.items())
    return Operation(
        shape.op,
        str(subject),
        by=shape.by,
        because=shape.because,
        place=place,
        source="operation",
        addresses=addresses,
        reason=shape.reason,
        text=shape.text,
    )


READERS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Any, str], Record | Refusal]]] = {
    "transfer": (msgspec.json.Decoder(shapes.Transfer), _transfer),
    "account": (msgspec.json.Decoder(shapes.Account), _account),
    "operation": (msgspec.json.Decoder(shapes.Operation), _operation),
}
