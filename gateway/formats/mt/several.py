"""Messages of several payments: MT 101, 102, 104, 107, 201, 203 and 204, a record for each repetition.

Strategy: what the first sequence says holds for every payment that does not say it itself. The readers of single
messages do the rest; what has no place in the record stands in `extra` under its tag, that of the whole message with
the first payment.
"""

from __future__ import annotations

from typing import Any

from gateway.formats.mt import meaning, parties, tables
from gateway.formats.mt import text as short
from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import Agent, Mandate, Money, Payment

KINDS = {"104": "direct_debit", "107": "direct_debit", "201": "fi_transfer", "203": "fi_transfer"} | {
    "204": "fi_direct_debit"
}
_ORDERING = ("A", "F", "G", "H", "K")
_MAPPED = {  # tags that a record has a field for, by type; those of the whole message too
    "101": (
        "20 21 21R 23E 30 32B 33B 36 50A 50C 50F 50G 50H 50K 50L 52A 52C 56A 56C 56D 57A 57C 57D 59 59A 59F 70 71A 77B"
    ).split(),
    "102": (
        "20 21 32A 32B 33B 36 50A 50F 50K 52A 52B 52C 57A 57C 59 59A 59F 70 71A 71F 71G 77B 26T 13C 53C 72"
    ).split(),
    "104": (
        "20 21 21C 21E 21R 30 32B 33B 36 50A 50C 50K 50L 52A 52C 52D 57A 57C 57D 59 59A 70 71A 71F 71G 77B 26T"
    ).split(),
    "201": "19 20 30 32B 53B 56A 56D 57A 57B 57D 72".split(),
    "203": "19 20 21 30 32B 52A 52D 53B 56A 56D 57A 57B 57D 58A 58D 72".split(),
    "204": "19 20 21 30 32B 53A 53B 53D 57A 57B 57D 58A 58D 72".split(),
}
_MAPPED["107"] = _MAPPED["104"]


def payments(
    level: Level, type: str, prefix: str, common: dict[str, Any], extra: list[tuple[str, str]]
) -> list[Payment]:
    """The records of a message. Raises Fault."""
    reference = level.text("20")
    currencies = set()
    found: list[Payment] = []
    repeated = next(iter(level.inner.values()), [])
    whole = _of_the_whole(level, type, repeated)
    for inner in repeated:
        own = inner.text("21") or inner.text("20")
        fields = dict(common) | {"place": f"{prefix}:{'21' if inner.text('21') else '20'}:{own}"}
        fields["amount"] = money(inner.text("32"), "32B")
        currencies.add(fields["amount"].currency)
        kept = [*(extra if not found else ()), *(whole if not found else ())]
        kept += [(f"mt:{tag}", value) for tag, value in inner.fields if tag not in _MAPPED[type]]
        READERS[type](level, inner, fields, kept)
        fields["identity"] = f"{common['instructing_agent'].bic[:8]}/{reference or own}/{own}"
        found.append(Payment(source=f"MT{type}", scheme="swift", **fields, extra=tuple(kept)))
    if len(currencies) > 1 and type not in ("101",):
        raise Fault("C02", "AM03", ":32B:", "all amounts of the message are in one currency")
    return found


def _of_the_whole(level: Level, type: str, repeated: list[Level]) -> list[tuple[str, str]]:
    """What the message says beside its payments and the record has no field for: `mt:A/` and, of sums, `mt:C/`."""
    outer = list(level.fields)
    if any(inner.get("72") is not None for inner in repeated):
        found = [("mt:A/72", value) for tag, value in outer if tag == "72"]
        outer = [line for line in outer if line[0] != "72"]
    else:
        found = []
    settled = [line for inner in level.levels() if inner not in repeated for line in inner.fields]  # of 104
    if type == "107":
        settled = [line for line in outer if line[0] in _SETTLED]
        outer = [line for line in outer if line[0] not in _SETTLED]
    if type == "102":
        settled, outer = [line for line in outer if line[0] == "32A"], [line for line in outer if line[0] != "32A"]
        settled = [(tag, value[6:]) for tag, value in settled]
    total = _sum(repeated)
    found += [(f"mt:A/{tag}", value) for tag, value in outer if tag not in _MAPPED[type] and _USUAL.get(tag) != value]
    return found + [(f"mt:C/{tag}", value) for tag, value in settled if not _is_sum(tag, value, total)]


_USUAL = {"28D": "1/1", "23": "CRED"}  # says nothing: written again by itself
_SETTLED = ("32B", "19", "71F", "71G", "53A", "53B")


def _sum(repeated: list[Level]) -> Money | None:
    """The sum of all amounts, where they are in one currency."""
    found = [money(inner.text("32"), "32B") for inner in repeated]
    same = len({one.currency for one in found}) == 1
    return Money(found[0].currency, sum(one.minor for one in found)) if same else None


def _is_sum(tag: str, value: str, total: Money | None) -> bool:
    """Whether the amount follows from the payments, so that nobody has to keep it."""
    return tag in ("32A", "32B") and money(value, tag) == total


def _values(level: Level, inner: Level) -> tables.Values:
    """Fields by number for the readers of single messages: the payment's own before those of the whole message."""
    values: tables.Values = {}
    for tag, value in (*inner.fields, *level.fields):
        number = tag[:2]
        key = number if number in ("50", "52", "53", "54", "56", "57", "58", "59", "70", "72") else tag
        if number != "50" or tag[2:] in _ORDERING:
            values.setdefault(key, (tag[2:], value))
    return values


def _initiating(level: Level, inner: Level, fields: dict[str, Any]) -> None:
    for source in (inner, level):
        for option, value in source.all("50"):
            if option in ("C", "L"):
                fields["initiating_party"] = parties.party(option, value)[0]
                return


def _common(
    level: Level, inner: Level, fields: dict[str, Any], values: tables.Values, kept: list[tuple[str, str]]
) -> None:
    """What customer payments of every kind say."""
    fields["instruction_id"] = level.text("20")
    fields["charge_bearer"] = tables.BEARERS.get(values.get("71A", ("", ""))[1], "")
    if "77B" in values:
        fields["regulatory"] = meaning.regulatory(values["77B"][1], kept)
    if "26T" in values:
        kept.append((tables.PURPOSE, values["26T"][1]))
    _initiating(level, inner, fields)
    if "33B" in values:
        fields["instructed_amount"] = money(values["33B"][1], "33B")
    if "36" in values:
        fields["exchange_rate"] = values["36"][1].replace(",", ".").rstrip(".")
    _named(inner, fields)


def _named(inner: Level, fields: dict[str, Any]) -> None:
    """21 names the transaction; where 70 says an end-to-end id that 21 has no room for, that one is the id."""
    named = inner.text("21")
    meaning.remittance(inner.text("70"), fields)
    said = fields.setdefault("end_to_end_id", named)
    if said != named and short.reference(said) != named:
        fields["transaction_id"] = named


def _settlement_account(level: Level, fields: dict[str, Any], kept: list[tuple[str, str]]) -> None:
    """53B or 53C of the whole message: the account between the two banks; anything else there is kept."""
    option, value = level.get("53") or ("", "")
    if option not in ("B", "C"):
        return
    named, own, side = parties.agent(option, value)
    if named is None and not side and own is not None:
        fields["settlement_account"] = own
    else:
        kept.append((f"mt:A/53{option}", value))


def _credit(level: Level, inner: Level, fields: dict[str, Any], kept: list[tuple[str, str]]) -> None:
    """101 and 102: the ordering customer pays each beneficiary."""
    values = _values(level, inner)
    fields["kind"] = "credit_transfer"
    codes = [value for option, value in inner.all("23") if option == "E"]
    if any(code[:4] not in tables.REQUEST_CODES for code in codes):
        raise Fault("T47", "FF01", ":23E:", "the instruction code is not one of the list")
    meaning.instruction_codes([code for code in codes if code != "URGP"], fields)
    if "URGP" in codes:
        fields["service_level"] = (*fields["service_level"], "URGP")
    _common(level, inner, fields, values, kept)
    if "50" in values:
        fields["debtor"], fields["debtor_account"] = parties.party(*values["50"])
    fields["creditor"], fields["creditor_account"] = parties.party(*values["59"])
    meaning.agents(values, fields, "")
    charges(inner, fields)
    request = bool(level.text("30"))  # 101: from a customer's bank to the one that keeps the account
    fields.setdefault("debtor_agent", fields["instructed_agent" if request else "instructing_agent"])
    if request:
        fields["settlement_date"] = day(level.text("30"), "30")
        fields["batch_id"] = level.text("21")
    else:
        fields.setdefault("creditor_agent", fields["instructed_agent"])
        fields["settlement_date"] = day(level.text("32")[:6], "32A")
        meaning.times([value for _, value in level.all("13")], fields)
        fields["settlement_method"] = "INDA"
        _settlement_account(level, fields, kept)
        if level.text("72"):
            meaning.sender_to_receiver(level.text("72"), fields)


def charges(inner: Level, fields: dict[str, Any]) -> None:
    """71F and 71G of one payment."""
    found = inner.all("71")
    repeated = {"71F": [value for option, value in found if option == "F"]}
    receiver = next((value for option, value in found if option == "G"), None)
    meaning.charges({"71G": ("G", receiver)} if receiver is not None else {}, repeated, fields)


def _debit(level: Level, inner: Level, fields: dict[str, Any], kept: list[tuple[str, str]]) -> None:
    """104 and 107: the creditor collects from each debtor; 52a is the creditor's bank, 57a the debtor's."""
    values = _values(level, inner)
    fields["kind"], fields["settlement_method"] = "direct_debit", "INDA"
    _common(level, inner, fields, values, kept)
    if "50" in values:
        fields["creditor"], fields["creditor_account"] = parties.party(*values["50"])
    fields["debtor"], fields["debtor_account"] = parties.party(*values["59"])
    for number, name in (("52", "creditor_agent"), ("57", "debtor_agent")):
        if number in values:
            fields[name], own, _ = parties.agent(*values[number])
            if own is not None:
                fields[name + "_account"] = own
    fields.setdefault("creditor_agent", fields["instructing_agent"])
    fields.setdefault("debtor_agent", fields["instructed_agent"])
    charges(inner, fields)
    fields["settlement_date"] = day(level.text("30"), "30")
    fields["batch_id"] = next((value for option, value in level.all("21") if option == "R"), "")
    own_mandate = next((value for option, value in inner.all("21") if option == "C"), "")
    registered = next((value for source in (inner, level) for option, value in source.all("21") if option == "E"), "")
    if own_mandate or registered:
        fields["mandate"] = Mandate(own_mandate, creditor_scheme_id=registered)


def _bank(level: Level, inner: Level, fields: dict[str, Any], kept: list[tuple[str, str]]) -> None:
    """201 and 203: transfers between institutions; of 201 the beneficiary is the sender's own account at 57a."""
    values = _values(level, inner)
    fields["instruction_id"] = inner.text("20")
    fields["settlement_date"] = day(level.text("30"), "30")
    fields["settlement_method"] = "INDA"
    _settlement_account(level, fields, kept)
    if "58" not in values:
        fields |= own_account(values, fields)
        return
    values["21"] = ("", inner.text("21"))
    meaning.bank(values, fields, kept, False)


def own_account(values: tables.Values, fields: dict[str, Any]) -> dict[str, Any]:
    """200 and 201: the sender's money goes to its own account with the institution in 57a."""
    said: dict[str, Any] = {"kind": "fi_transfer", "debtor_institution": fields["instructing_agent"]}
    found, account, _ = parties.agent(*values["57"])
    said |= {"creditor_agent": found, "creditor_institution": fields["instructing_agent"], "creditor_account": account}
    if "56" in values:
        middle, own, _ = parties.agent(*values["56"])
        said["intermediary_agents"] = (middle or Agent(),)
        if own is not None:
            said["intermediary_accounts"] = (own,)
    if "72" in values:
        fields["kind"] = "fi_transfer"
        meaning.sender_to_receiver(values["72"][1], fields)
    return said


def _collect(level: Level, inner: Level, fields: dict[str, Any], kept: list[tuple[str, str]]) -> None:
    """204: the sender asks for its money back from each institution in 53a, to its account in 58a."""
    fields["kind"] = "fi_direct_debit"
    fields["instruction_id"], fields["end_to_end_id"] = inner.text("20"), inner.text("21")
    fields["batch_id"] = level.text("20")
    fields["settlement_date"] = day(level.text("30"), "30")
    fields["creditor_institution"] = fields["instructing_agent"]
    found = inner.get("53")
    assert found is not None, "the grammar asks for it"
    fields["debtor_institution"], fields["debtor_account"], _ = parties.agent(*found)
    for number, name in (("57", "creditor_agent"), ("58", "creditor_institution")):
        agent = level.get(number)
        if agent is not None:
            fields[name], own, _ = parties.agent(*agent)
            if own is not None:
                fields["creditor_account"] = own
    text = inner.text("72") or level.text("72")
    if text:
        meaning.sender_to_receiver(text, fields)


READERS = {
    "101": _credit,
    "102": _credit,
    "104": _debit,
    "107": _debit,
    "201": _bank,
    "203": _bank,
    "204": _collect,
}
