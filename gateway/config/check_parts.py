"""What must hold of endpoints, accounts, policies and tests, beyond their types.

Strategy: one function per rule, each over all parts; a rule complains at the value that breaks it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from gateway.config.check_routes import INTERNAL_ENDPOINTS
from gateway.config.draft import Draft, Where
from gateway.config.problems import unknown
from gateway.config.records import AccountConfig, EndpointConfig, Expect, RateConfig, TestCase
from gateway.model import EXPONENTS, MINOR_MAX, is_security
from gateway.ports import SessionConfig
from gateway.settlement.calendars import is_calendar
from gateway.settlement.holidays import CALENDARS
from gateway.settlement.hours import SYSTEMS, Hours

CURRENCY_LETTERS = 3

_LISTEN = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-5][0-9]{3})\Z")


def check_parts(draft: Draft) -> None:
    """Every rule over every part."""
    _addresses(draft)
    _folders(draft)
    for name, endpoint in draft.endpoints.items():
        _endpoint(draft, name, endpoint)
    _accounts(draft)
    for symbol, rate in draft.rates.items():
        _rate(draft, symbol, rate)
    for isin in draft.securities:
        if not is_security(isin):
            draft.complain(("securities", isin), f"{isin!r} is not an ISIN with its check digit", key=True)
    for name, hours in draft.hours.items():
        _hours(draft, ("hours", name), hours)
    for index, test in draft.tests:
        _test(draft, ("tests", index), test)


# --- endpoints -------------------------------------------------------------------------------------


def _endpoint(draft: Draft, name: str, endpoint: EndpointConfig) -> None:
    if name in INTERNAL_ENDPOINTS and endpoint.adapter != name:
        draft.complain(("endpoints", name), f"{name!r} is the name of a door of the gateway's own", key=True)
    seen: set[tuple[str, str, str]] = set()
    for index, session in enumerate(getattr(endpoint.config, "sessions", ())):
        if not isinstance(session, SessionConfig):
            continue
        key = (session.begin_string, session.sender, session.target)
        if key in seen:
            where = ("endpoints", name, "sessions", index)
            draft.complain(where, f"another session above is {session.sender} to {session.target}")
        seen.add(key)


def _addresses(draft: Draft) -> None:
    """Two doors share an address only when both have a path on it, and then not the same one."""
    seen: dict[tuple[str, str], str] = {}
    adapters: dict[str, str] = {}
    for name, endpoint in draft.endpoints.items():
        listen = _listens(endpoint.config)
        if not listen:
            continue
        where = ("endpoints", name, "listen")
        if not _LISTEN.match(listen):
            draft.complain(where, f"{listen!r} is not an address to listen on; write host:port, such as 127.0.0.1:9878")
        other = adapters.setdefault(listen, endpoint.adapter)
        if other != endpoint.adapter:
            draft.complain(where, f"an endpoint with adapter {other} listens on {listen} already")
        path = _path(endpoint.config)
        if (listen, path) in seen:
            draft.complain(where, f"endpoint {seen[listen, path]!r} listens on {listen}{path} already")
        seen.setdefault((listen, path), name)


def _listens(config: Any) -> str:
    """The address that a door listens on; "" for none, and for port 0, which is any free one."""
    listens = getattr(config, "listens", True)
    listen = getattr(config, "address", "") or getattr(config, "listen", "")
    return listen if listens and isinstance(listen, str) and not listen.endswith(":0") else ""


def _path(config: Any) -> str:
    """What tells doors on one address apart; "" when nothing does."""
    path = getattr(config, "path", None)
    return (path or "/") + (" (api)" if getattr(config, "api", False) else "") if isinstance(path, str) else ""


def _folders(draft: Draft) -> None:
    """Two doors do not share a folder, nor is one folder inside another's."""
    seen: list[tuple[Path, str]] = []
    for name, endpoint in draft.endpoints.items():
        path = getattr(endpoint.config, "path", None)
        if not isinstance(path, Path):
            continue
        for other, owner in seen:
            if path == other or path.is_relative_to(other) or other.is_relative_to(path):
                draft.complain(("endpoints", name, "path"), f"the folder is shared with endpoint {owner!r}")
        seen.append((path, name))


# --- accounts --------------------------------------------------------------------------------------


def _accounts(draft: Draft) -> None:
    typed = dict(draft.accounts)
    above: set[tuple[str, str]] = set()
    for index, pair in enumerate(draft.account_pairs):
        account = typed.get(index)
        if account is not None:
            _account(draft, ("accounts", "open", index), account, above)
        above.add(pair)


def _account(draft: Draft, where: Where, account: AccountConfig, above: set[tuple[str, str]]) -> None:
    if account.currency not in EXPONENTS and account.currency not in draft.securities:
        known = EXPONENTS if len(account.currency) == CURRENCY_LETTERS else draft.securities
        draft.complain((*where, "currency"), unknown("currency", account.currency, known))
    else:
        _amounts(draft, where, account)
    if (account.id, account.currency) in above:
        draft.complain((*where, "id"), f"{account.id!r} in {account.currency} is opened above already")
    _source(draft, where, account, above)


def _amounts(draft: Draft, where: Where, account: AccountConfig) -> None:
    for name, units in (("floor", account.floor), ("balance", account.balance)):
        if isinstance(units, Decimal) and not is_amount(account.currency, units):
            draft.complain((*where, name), f"{units} is not an amount of {account.currency}")
    if account.balance is None:
        return
    if account.balance < 0:
        draft.complain((*where, "balance"), f"an opening balance of {account.balance} is below zero")
    elif isinstance(account.floor, Decimal) and account.balance < account.floor:
        draft.complain((*where, "balance"), f"{account.balance} is below the account's floor, {account.floor}")


def is_amount(currency: str, units: Decimal) -> bool:
    """Whether a number of units has no more decimals than its currency, and no more digits than money has."""
    minor = units.scaleb(EXPONENTS[currency])
    return minor == int(minor) and abs(minor) <= MINOR_MAX


def _source(draft: Draft, where: Where, account: AccountConfig, above: set[tuple[str, str]]) -> None:
    """An opening balance is a transfer, so it comes from an account that is open by then."""
    if account.balance and not account.from_:
        draft.complain(where, "an opening balance is booked from another account: the key 'from' is missing")
    elif account.from_ and account.balance is None:
        draft.complain((*where, "from"), "there is no balance to book from it")
    elif account.from_ and (account.from_, account.currency) not in above:
        draft.complain((*where, "from"), f"no account {account.from_!r} in {account.currency} is opened above this one")


# --- rates -----------------------------------------------------------------------------------------


def _rate(draft: Draft, symbol: str, rate: RateConfig) -> None:
    """A pair of two currencies, prices as FIX writes them, and an amount of the base currency."""
    base, _, quote = symbol.partition("/")
    if base not in EXPONENTS or quote not in EXPONENTS or base == quote:
        draft.complain(("rates", symbol), f"{symbol!r} is not a pair of two currencies such as EUR/USD", key=True)
    elif rate.max <= 0 or not is_amount(base, rate.max):
        draft.complain(("rates", symbol, "max"), f"{rate.max} is not an amount of {base}")
    for name, price in (("bid", rate.bid), ("ask", rate.ask)):
        if price is not None and (price >= 10**18 or price != round(price, 18)):
            draft.complain(("rates", symbol, name), f"{price} has more than 18 digits before or after the point")


# --- tests -----------------------------------------------------------------------------------------


def _test(draft: Draft, where: Where, test: TestCase) -> None:
    if not test.message.is_file():
        draft.complain((*where, "message"), f"there is no file {test.message}")
    names = [*draft.names("endpoints"), *INTERNAL_ENDPOINTS]
    if test.endpoint and test.endpoint not in names:
        draft.complain((*where, "endpoint"), unknown("endpoint", test.endpoint, names))
    if test.format and test.format not in draft.known.formats():
        draft.complain((*where, "format"), unknown("format", test.format, draft.known.formats()))
    routes = [route.name for _, route in draft.routes]
    if test.expect.route and test.expect.route not in routes and len(routes) == len(draft.items("routes")):
        draft.complain((*where, "expect", "route"), unknown("route", test.expect.route, routes))
    if test.expect == Expect():
        draft.complain((*where, "expect"), "expects nothing; known are reason, route, status")


# --- hours -----------------------------------------------------------------------------------------


def _hours(draft: Draft, where: Where, hours: Hours) -> None:
    if not is_calendar(hours.calendar):
        draft.complain((*where, "calendar"), unknown("calendar", hours.calendar, sorted(CALENDARS)))
    if hours.zone not in available_timezones():
        draft.complain((*where, "zone"), f"{hours.zone!r} is no time zone; write one such as America/New_York")
    if hours.otherwise and hours.otherwise not in {**SYSTEMS, **draft.hours}:
        draft.complain((*where, "otherwise"), unknown("payment system", hours.otherwise, [*SYSTEMS, *draft.hours]))
    if (hours.most is not None or hours.never) and not hours.otherwise:
        draft.complain(where, "the key 'otherwise' is missing: where does go what is above `most`, or in `never`?")
    times = [deadline.at for deadline in hours.deadlines]
    if times != sorted(set(times)):
        draft.complain((*where, "deadlines"), "deadlines stand in the order of the day, each once")
