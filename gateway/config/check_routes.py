"""What must hold between routes and everything that they name.

Strategy: one function per rule, each over all routes; a rule complains at the value that breaks it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from msgspec import structs

from gateway.config.draft import Draft, Where
from gateway.config.problems import unknown
from gateway.model import EXPONENTS
from gateway.routing.cover import hidden
from gateway.routing.route import KINDS, Amount, Recall, Route, Send, Settle, When
from gateway.settlement.hours import SYSTEMS

INTERNAL_ENDPOINTS = ("config", "control", "core", "clock")  # the gateway's own doors, which need no entry
PLACEHOLDERS = ("currency", "session", "account", "endpoint")
PARTIES = ("debtor", "creditor")
OPTIONS = ("affirm", "cover", "confirm", "within_s")  # of settle: how, not between which accounts
DEALS = {"order", "trade"}  # kinds that settle between client and principal
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
NUMBERED = frozenset(("ACH", "PPD", "CCD", "CTX", "WEB", "TEL", "IAT"))  # types whose files carry our routing number
AMOUNT_DIGITS_MAX = 18  # before the point: ISO 20022 totalDigits


def check_routes(draft: Draft) -> None:
    """Every rule over every route."""
    if not draft.items("routes"):
        draft.complain(("routes",), "there is no route; the last one takes everything that no other does")
    for index, route in draft.routes:
        where = ("routes", index)
        _conditions(draft, where, route.when)
        _names(draft, where, route)
        _outcome(draft, where, route)
    _unique(draft)
    _order(draft)


# --- conditions ------------------------------------------------------------------------------------


def _conditions(draft: Draft, where: Where, when: When) -> None:
    for name, texts in structs.asdict(when).items():
        if isinstance(texts, tuple):
            _texts(draft, (*where, "when", name), name, texts)
    if when.amount is not None:
        _amount(draft, (*where, "when", "amount"), when.amount)


def _texts(draft: Draft, where: Where, name: str, texts: Sequence[str]) -> None:
    for text in texts:
        if objection := _objection(draft, name, text):
            draft.complain(where, objection)


def _objection(draft: Draft, name: str, text: str) -> str:
    if "*" in text.removesuffix("*"):
        return f"{text!r}: a * is only understood at the end"
    if text.endswith("*"):
        return ""
    known = {
        "endpoint": [*draft.names("endpoints"), *INTERNAL_ENDPOINTS],
        "kind": KINDS,
        "currency": [*EXPONENTS, *draft.securities],
        "side": ("buy", "sell"),
    }.get(name)
    if known is not None and text not in known:
        return unknown(name, text, known)
    if name.endswith("_country") and not _COUNTRY.match(text):
        return f"{text!r} is not a country code of two capital letters"
    return ""


def _amount(draft: Draft, where: Where, amount: Amount) -> None:
    given = {name: bound for name, bound in structs.asdict(amount).items() if bound is not None}
    if not given:
        draft.complain(where, "no bound is given; known are gt, gte, lt, lte")
    for name, bound in given.items():
        if abs(bound) >= Decimal(10) ** AMOUNT_DIGITS_MAX:
            draft.complain((*where, name), f"{bound} has more than {AMOUNT_DIGITS_MAX} digits before the point")
    for one, other in (("lt", "lte"), ("gt", "gte")):
        if one in given and other in given:
            draft.complain(where, f"{one} and {other} both bound the same side; give one")
    low = max((given[name] for name in ("gt", "gte") if name in given), default=None)
    high = min((given[name] for name in ("lt", "lte") if name in given), default=None)
    if low is not None and high is not None and (low > high or (low == high and not {"gte", "lte"} <= given.keys())):
        draft.complain(where, f"no amount is both above {low} and below {high}")


# --- names and outcome --------------------------------------------------------------------------------


def _names(draft: Draft, where: Where, route: Route) -> None:
    if route.check and route.check not in draft.names("policies"):
        draft.complain((*where, "check"), unknown("policy", route.check, draft.names("policies")))
    if route.send is None:
        return
    if route.send.to not in draft.names("endpoints"):
        draft.complain((*where, "send", "to"), unknown("endpoint", route.send.to, draft.names("endpoints")))
    if route.send.as_ not in draft.writes:
        draft.complain((*where, "send", "as"), unknown("message type", route.send.as_, draft.writes))
    if route.send.as_ in NUMBERED and "routing_number" not in draft.names("gateway"):
        text = "files of entries name the bank that sends them: the key 'gateway.routing_number' is missing"
        draft.complain((*where, "send", "as"), text)
    if route.send.hours and route.send.hours not in {**SYSTEMS, **draft.hours}:
        known = [*SYSTEMS, *draft.hours]
        draft.complain((*where, "send", "hours"), unknown("payment system", route.send.hours, known))
    if route.send.as_.startswith("FIX") and route.send.to in draft.endpoints:
        _venue(draft, where, route.send, route.settle)


def _venue(draft: Draft, where: Where, send: Send, settle: Settle | None) -> None:
    """Orders go to one session of the endpoint, and settle when it reports fills."""
    sessions = [session.target for session in getattr(draft.endpoints[send.to].config, "sessions", ())]
    if not sessions:
        draft.complain((*where, "send", "to"), f"endpoint {send.to!r} has no sessions to place orders through")
    elif send.session and send.session not in sessions:
        draft.complain((*where, "send", "session"), unknown("session", send.session, sessions))
    elif not send.session and len(sessions) > 1:
        draft.complain((*where, "send"), f"endpoint {send.to!r} has several sessions: the key 'session' is missing")
    if settle is not None and settle.affirm:
        draft.complain((*where, "settle", "affirm"), "what a venue fills cannot wait for an affirmation")


def _outcome(draft: Draft, where: Where, route: Route) -> None:
    """A route either refuses, and does nothing else, or settles."""
    if route.refuse is not None:
        others = {"settle": route.settle, "send": route.send, "check": route.check, "recall": route.recall != Recall()}
        for name in (name for name, value in others.items() if value):
            draft.complain((*where, name), f"a route that refuses does not {name}; leave one of them out", key=True)
    elif route.settle is None:
        draft.complain(where, "the key 'settle' is missing; a route settles or refuses")
    else:
        _settle(draft, (*where, "settle"), route.when, route.settle)
        _life(draft, where, route, route.settle)


def _life(draft: Draft, where: Where, route: Route, settle: Settle) -> None:
    """What becomes of payments later needs somewhere that they were sent, or that they stayed."""
    payments = (("cover", settle.cover), ("confirm", settle.confirm), ("within_s", settle.within_s))
    for name in (name for name, wish in payments if wish and not settle.debit):
        draft.complain((*where, "settle", name), f"{name} is about payments: give debit and credit")
    if settle.confirm and route.send is None:
        draft.complain((*where, "settle", "confirm"), "nobody confirms what is not sent on: the key 'send' is missing")
    if route.recall.do == "forward" and route.send is None:
        draft.complain(
            (*where, "recall", "do"), "a payment that ends here is asked back from nobody: use hold or return"
        )
    if route.recall.do == "return" and route.send is not None:
        draft.complain((*where, "recall", "do"), "what was sent on is not here to be given back: use forward or hold")


def _settle(draft: Draft, where: Where, when: When, settle: Settle) -> None:
    accounts = {name: text for name, text in structs.asdict(settle).items() if name not in OPTIONS}
    orders = bool(when.kind) and set(when.kind) <= DEALS
    payments = bool(when.kind) and not DEALS & {*when.kind} and not any(kind.endswith("*") for kind in when.kind)
    pairs = (("debit", "credit", payments, "payments"), ("client", "principal", orders, "orders"))
    for first, second, needed, what in pairs:
        given = [name for name in (first, second) if accounts[name]]
        if len(given) == 1 or (needed and not given):
            draft.complain(where, f"{what} settle between two accounts: give {first} and {second}")
    if (settle.affirm or settle.allocate) and not settle.client:
        draft.complain(where, "affirm and allocate are about orders: give client and principal")
    if not any(accounts.values()) and not (orders or payments):
        draft.complain(where, "no account is given; payments need debit and credit, orders client and principal")
    for role, text in accounts.items():
        if text:
            _template(draft, (*where, role), role, text, when)
    if settle.debit and settle.debit == settle.credit and settle.debit not in PARTIES:
        draft.complain((*where, "credit"), f"debit and credit are the same account {settle.debit!r}")


def _template(draft: Draft, where: Where, role: str, text: str, when: When) -> None:
    if text in PARTIES:
        if role in ("client", "principal"):
            draft.complain(where, f"{text!r} is a party of a payment; an order has none")
        return
    rest = _PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest:
        draft.complain(where, f"{text!r} has a brace without its other half")
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            draft.complain(where, unknown("placeholder", name, PLACEHOLDERS))
    if "{" not in text:
        _literal(draft, where, text, when)


def _literal(draft: Draft, where: Where, account: str, when: When) -> None:
    """An account named outright must be one that the configuration opens, in every currency that the route names."""
    if account not in draft.account_currencies:
        draft.complain(where, f"{unknown('account', account, draft.account_currencies)}; add it to accounts.open")
        return
    for currency in when.currency:
        if currency not in draft.account_currencies[account] and (
            currency in EXPONENTS or currency in draft.securities
        ):
            draft.complain(where, f"account {account!r} is not opened in {currency}, which this route takes")


# --- order -----------------------------------------------------------------------------------------


def _unique(draft: Draft) -> None:
    seen: set[str] = set()
    for index, route in draft.routes:
        if route.name in seen:
            draft.complain(("routes", index, "name"), f"another route above is called {route.name!r}")
        seen.add(route.name)


def _order(draft: Draft) -> None:
    """The last route takes everything, and none is hidden by one above."""
    for place, hider in hidden([route.when for _, route in draft.routes]).items():
        index, name = draft.routes[place][0], draft.routes[hider][1].name
        draft.complain(("routes", index), f"is never reached: route {name!r} above takes all of it")
    if not draft.routes:
        return
    index, last = draft.routes[-1]
    if last.when != When() and index == len(draft.items("routes")) - 1:
        draft.complain(("routes", index, "when"), "the last route takes everything: it has no conditions", key=True)
