"""Records and routes of every kind, for properties; a plain reading of conditions, to compare the table with."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase

from hypothesis import strategies as st

from gateway.model import EXPONENTS, Account, Address, Agent, Money, Operation, Order, Party, Payment, Record
from gateway.routing.route import Amount, Refuse, Route, When

ENDPOINTS = ("a", "ab", "b")
TYPES = ("pain.001.001.03", "pain.001.001.09", "MT103")
SESSIONS = ("", "S1", "S2")
CURRENCIES = ("EUR", "USD", "JPY", "KWD")
COUNTRIES = ("DE", "FR", "US")
BICS = ("FINODEHH", "FINODEHHXXX", "FINOFRPP", "BANKUS33")
MEMBERS = ("", "091000019", "091000022")
ACCOUNTS = ("DE1", "DE12", "FR1", "X")
UNITS = (0, 1, 5, 9, 10, 11, 99, 100, 1000)

agents = st.none() | st.builds(
    lambda bic, member: Agent(bic=bic, clearing_member=member), st.sampled_from(("", *BICS)), st.sampled_from(MEMBERS)
)
accounts = st.none() | st.builds(Account, st.sampled_from(ACCOUNTS), st.sampled_from(("", "IBAN")))
addresses = st.none() | st.builds(lambda country: Address(country=country), st.sampled_from(("", *COUNTRIES)))
parties = st.none() | st.builds(
    lambda address, residence: Party(address=address, country_of_residence=residence),
    addresses,
    st.sampled_from(("", *COUNTRIES)),
)


def moneys() -> st.SearchStrategy[Money]:
    return st.builds(
        lambda currency, units, more: Money(currency, units * 10 ** EXPONENTS[currency] + more),
        st.sampled_from(CURRENCIES),
        st.sampled_from(UNITS),
        st.sampled_from((0, 0, 1, 500)),
    )


payments: st.SearchStrategy[Record] = st.builds(
    Payment,
    kind=st.sampled_from(("credit_transfer", "fi_transfer", "return")),
    amount=moneys(),
    scheme=st.sampled_from(("", "sepa_ct", "swift")),
    debtor=parties,
    creditor=parties,
    debtor_account=accounts,
    creditor_account=accounts,
    debtor_agent=agents,
    creditor_agent=agents,
    debtor_institution=agents,
    creditor_institution=agents,
    purpose=st.sampled_from(("", "SALA")),
    category_purpose=st.sampled_from(("", "SUPP")),
)
orders: st.SearchStrategy[Record] = st.builds(
    Order,
    st.just("1"),
    st.sampled_from(("EUR/USD", "EUR/JPY")),
    st.sampled_from(("buy", "sell")),
    moneys(),
    st.none(),
    account=st.sampled_from(("", *ACCOUNTS)),
)
operations: st.SearchStrategy[Record] = st.builds(
    Operation,
    st.just("open_account"),
    st.sampled_from(ACCOUNTS),
    currency=st.just("EUR"),
    minor=st.sampled_from((None, 500)),
)
records = payments | orders | operations


def texts(*choices: str) -> st.SearchStrategy[tuple[str, ...]]:
    """No condition mostly; else some texts, or beginnings of them."""
    one = st.sampled_from(choices) | st.builds(lambda text: f"{text[:-1]}*", st.sampled_from(choices))
    return st.just(()) | st.just(()) | st.lists(one, min_size=1, max_size=3).map(tuple)


BOUNDS = tuple(Decimal(text) for text in ("0", "5", "9.5", "9.995", "10", "100"))
bounds = st.none() | st.sampled_from(BOUNDS)
amounts = st.none() | st.none() | st.builds(Amount, bounds, bounds, bounds, bounds)
whens = st.builds(
    When,
    endpoint=texts(*ENDPOINTS),
    type=texts(*TYPES),
    kind=texts("credit_transfer", "return", "order"),
    scheme=texts("sepa_ct", "swift"),
    currency=texts(*CURRENCIES),
    amount=amounts,
    debtor_country=texts(*COUNTRIES),
    creditor_country=texts(*COUNTRIES),
    debtor_agent=texts("FINO", "FINODEHH", "0910"),
    creditor_agent=texts("BANKUS33"),
    debtor_account=texts(*ACCOUNTS),
    creditor_account=texts(*ACCOUNTS),
    purpose=texts("SALA", "SUPP"),
    symbol=texts("EUR/USD"),
    side=texts("buy"),
    session=texts("S1"),
)


def _table(conditions: list[When]) -> list[Route]:
    refuse = Refuse("AG01", "no")
    return [Route(str(place), when, refuse=refuse) for place, when in enumerate((*conditions, When()))]


tables = st.lists(whens, max_size=8).map(_table)


# --- a plain reading ------------------------------------------------------------------------------------


def country(party: Party | None, account: Account | None, agent: Agent | None) -> str:
    if party and party.address and party.address.country:
        return party.address.country
    if party and party.country_of_residence:
        return party.country_of_residence
    if account and account.scheme == "IBAN":
        return account.id[:2]
    return agent.bic[4:6] if agent else ""


def said(record: Record) -> dict[str, list[str]]:
    """What a record says to each condition."""
    if isinstance(record, Order):
        return {
            "kind": ["order"],
            "scheme": ["fx_spot"],
            "currency": [record.base.currency],
            "symbol": [record.symbol],
            "side": [record.side],
            "debtor_account": [record.account],
        }
    if isinstance(record, Operation):
        return {"kind": [record.kind], "currency": [record.currency], "creditor_account": [record.subject]}
    said: dict[str, list[str]] = {
        "kind": [record.kind],
        "scheme": [record.scheme],
        "currency": [record.amount.currency],
        "purpose": [record.purpose, record.category_purpose],
    }
    for role in ("debtor", "creditor"):
        party, account = getattr(record, role), getattr(record, f"{role}_account")
        agent, institution = getattr(record, f"{role}_agent"), getattr(record, f"{role}_institution")
        bank = agent or institution
        said[f"{role}_country"] = [country(party, account, institution or agent)]
        said[f"{role}_account"] = [account.id] if account else []
        said[f"{role}_agent"] = [bank.bic, bank.clearing_member] if bank else []
    return said


def takes(when: When, record: Record, endpoint: str, type: str, session: str) -> bool:
    found = {**said(record), "endpoint": [endpoint], "type": [type], "session": [session]}
    for name in When.__struct_fields__:
        wanted = getattr(when, name)
        if name == "amount" or not wanted:
            continue
        star = "*" if name.endswith("_agent") else ""
        if not any(fnmatchcase(text, pattern + star) for pattern in wanted for text in found.get(name, []) if text):
            return False
    return when.amount is None or within(when.amount, record)


def within(amount: Amount, record: Record) -> bool:
    if isinstance(record, Operation):
        if record.minor is None:
            return False
        money = Money(record.currency, record.minor)
    else:
        money = record.base if isinstance(record, Order) else record.amount
    units = Decimal(money.text())
    return (
        (amount.lt is None or units < amount.lt)
        and (amount.lte is None or units <= amount.lte)
        and (amount.gt is None or units > amount.gt)
        and (amount.gte is None or units >= amount.gte)
    )
