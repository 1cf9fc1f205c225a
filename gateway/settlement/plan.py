"""From a record and its route to the ledger movements that settle it.

Strategy: a route names two accounts by template; a payment becomes one leg between them, an FX order two
linked legs (payment versus payment): base currency one way, quote currency the other.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.model import Account, Money, Order, Payment, Refusal
from gateway.settlement.ledger import Leg

# Kinds of payments that move no money by themselves, whatever their route says.
UNSETTLED = {
    "equivalent_transfer": "an amount to be exchanged on the way is not settled here",
}


class Templates(Struct, frozen=True):
    """Account templates of a route: `debtor`, `creditor`, or a text that may hold {currency}, {session}, ..."""

    debit: str = ""
    credit: str = ""
    client: str = ""
    principal: str = ""


def payment_legs(payment: Payment, templates: Templates, session: str, endpoint: str) -> tuple[Leg, ...] | Refusal:
    """One leg from the debited to the credited account; a Refusal when the payment does not name one."""
    currency = payment.amount.currency
    if not templates.debit or payment.kind in UNSETTLED:
        text = UNSETTLED.get(payment.kind, "its route settles orders, not payments")
        return Refusal("route-cannot-settle", "AG01", payment.place, text, payment.end_to_end_id)
    debit = _account(templates.debit, payment, currency, session, endpoint)
    if isinstance(debit, Refusal):
        return debit
    credit = _account(templates.credit, payment, currency, session, endpoint)
    if isinstance(credit, Refusal):
        return credit
    if payment.kind == "prenote":
        return ()
    return (Leg(debit, credit, currency, payment.amount.minor),)


def order_legs(order: Order, templates: Templates, session: str, endpoint: str) -> tuple[Leg, ...] | Refusal:
    """Two linked legs: the client's and the principal's side of a deal at the order's price."""
    if order.quote is None:
        return Refusal(
            "no-price", "AM12", order.place, "an order without a price cannot be settled", order.client_order_id
        )
    accounts = deal_accounts(order, templates, session, endpoint)
    return accounts if isinstance(accounts, Refusal) else deal_legs(order.base, order.quote, accounts)


def deal_accounts(
    order: Order, templates: Templates, session: str, endpoint: str
) -> tuple[str, str, str, str] | Refusal:
    """What a deal moves between: debit and credit of the base, debit and credit of the quote currency."""
    if not templates.client:
        return Refusal(
            "route-cannot-settle", "AG01", order.place, "its route settles payments, not orders", order.client_order_id
        )
    base, quote = order.base.currency, order.quote_currency
    account = order.account or session
    client, principal = templates.client, templates.principal
    buyer, seller = (principal, client) if order.side == "sell" else (client, principal)
    return (
        seller.format(currency=base, session=session, account=account, endpoint=endpoint),
        buyer.format(currency=base, session=session, account=account, endpoint=endpoint),
        buyer.format(currency=quote, session=session, account=account, endpoint=endpoint),
        seller.format(currency=quote, session=session, account=account, endpoint=endpoint),
    )


def deal_legs(base: Money, quote: Money, accounts: tuple[str, str, str, str]) -> tuple[Leg, Leg]:
    """Payment versus payment (or delivery versus payment): base one way, quote the other."""
    base_debit, base_credit, quote_debit, quote_credit = accounts
    return (
        Leg(base_debit, base_credit, base.currency, base.minor),
        Leg(quote_debit, quote_credit, quote.currency, quote.minor),
    )


def _account(template: str, payment: Payment, currency: str, session: str, endpoint: str) -> str | Refusal:
    if template == "debtor":
        return _named(payment.debtor_account, "debtor", "AC02", payment)
    if template == "creditor":
        return _named(payment.creditor_account, "creditor", "AC03", payment)
    if "{" not in template:
        return template
    return template.format(currency=currency, session=session, account=session, endpoint=endpoint)


def _named(account: Account | None, role: str, reason: str, payment: Payment) -> str | Refusal:
    if account is None or not account.id:
        return Refusal(
            "no-account", reason, payment.place, f"the payment names no {role} account", payment.end_to_end_id
        )
    return account.id
