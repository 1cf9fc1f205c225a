"""Whatever a counterparty or a venue sends, nothing raises and the books stay right."""

from __future__ import annotations

from random import Random

import pytest

from gateway.formats.fix.business import READERS
from gateway.ports import Inbound
from tests.formats.fix.peer import framed
from tests.trading.floor import STAMP, Floor

ROUTES = "\n".join(
    (
        '  - {name: venue, when: {kind: order, session: CLIENT1}, settle: {client: "{session}-{currency}",'
        ' principal: "HOUSE-{currency}"}, send: {to: venue, as: FIX.4.4/D}}',
        '  - {name: affirmed, when: {kind: trade}, settle: {client: "{session}-{currency}",'
        ' principal: "HOUSE-{currency}", affirm: required}}',
        '  - {name: fx, when: {kind: order}, settle: {client: "{session}-{currency}", principal: "HOUSE-{currency}"}}',
    )
)
TOP = "rates: {EUR/USD: {bid: 1.07, ask: 1.0702, max: 5000}}"
NAMES = ("A", "B", "C", "FO9", "FO10", "FO12", "FO99", "Q11", "C12", "", "9", "x")
AMOUNTS = ("1", "10", "500", "0", "-1", "1.005", "x", "", "9" * 19, "1.07", "1.0702", "1.1", "0.000001")
VALUES: dict[str, tuple[str, ...]] = {
    "11": NAMES, "41": NAMES, "37": NAMES, "17": ("E1", "E2", "E3", ""), "19": ("E1", "E2", "E3"), "117": NAMES,
    "150": tuple("0124568ACEFGHI"), "39": tuple("0124568"), "20": ("0", "1", "2", "3"), "54": ("1", "2", "9"),
    "38": AMOUNTS, "44": AMOUNTS, "31": AMOUNTS, "32": AMOUNTS, "151": AMOUNTS, "40": ("1", "2", "D", "9"),
    "55": ("EUR/USD", "USD/EUR", "X", "ZZ00BOND0013"), "15": ("EUR", "USD"), "48": ("ZZ00BOND0013",), "22": ("4",),
    "131": NAMES, "146": ("1", "2", "x"), "693": NAMES, "694": ("1", "2", "6"), "298": ("1", "4"), "70": NAMES,
    "71": ("0", "1", "2", "7"), "72": NAMES, "73": ("1", "0"), "78": ("1", "2", "9" * 9), "79": ("F1", "CLIENT1", "{x}"),
    "80": AMOUNTS, "571": NAMES, "572": NAMES, "487": ("0", "1", "2", "5"), "552": ("1",), "568": NAMES, "664": NAMES,
    "940": ("1", "2", "3"), "87": ("0", "1"), "778": ("1", "2"), "162": ("I1", "I2"), "163": ("N", "R", "C", "?"),
    "448": ("ACC1", "ACC2"), "791": NAMES, "859": NAMES, "102": ("0", "1", "99"), "1": ("", "{account}", "ACC"),
    "423": ("1", "2", "3"), "58": ("text", "\xff"), "45": ("3",), "60": (STAMP,), "97": ("Y", "N"), "53": AMOUNTS,
}  # fmt: skip


# What a message of each type holds when it is as it should be; $ stands for a name that was used before or not.
USUAL = {
    "D": "11=$|38=10|40=2|44=1.1|54=1|55=EUR/USD|",
    "F": "11=$|41=$|54=1|55=EUR/USD|",
    "G": "11=$|41=$|38=20|40=2|44=1.2|54=1|55=EUR/USD|",
    "H": "11=$|",
    "8": "37=V|11=#|17=E$|19=E$|150=F|39=1|32=4|31=1.1|151=1|",
    "9": "37=V|11=#|41=#|102=0|39=0|",
    "R": "131=$|146=1|55=EUR/USD|38=10|",
    "AJ": "693=$|117=Q#|694=1|11=$|55=EUR/USD|54=1|38=10|44=1.0702|",
    "Z": "117=Q#|298=1|",
    "J": "70=$|71=0|72=$|55=EUR/USD|54=1|73=1|11=$|78=1|79=CLIENT2|80=10|",
    "AT": "755=A|70=$|87=0|",
    "AU": "664=C#|940=3|",
    "BH": "859=$|73=1|11=$|",
    "AE": "571=$|487=0|572=$|55=EUR/USD|32=10|31=1.1|552=1|54=1|",
    "AD": "568=$|",
    "T": "777=M|778=1|162=I1|163=N|448=ACC1|",
    "AV": "791=$|",
}


TYPES = ["D", "D", "8", "8", "8", *(type.decode() for type in READERS)]


def message(random: Random, number: int, floor: Floor) -> tuple[str, bytes]:
    """One message of a client or of the venue; some fields are changed, doubled or left out."""
    type = random.choice(TYPES)
    last, book = floor.engine.state.payment, floor.engine.state.book
    ours = [*book.working, *book.actions, *floor.engine.state.held] or [1]
    session = "VENUE" if type in ("8", "9") else random.choice(["CLIENT1", "CLIENT1", "CLIENT2"])
    fields = USUAL.get(type, "45=3|58=text|").rstrip("|").split("|")
    for place, field in enumerate(fields):
        tag, _, value = field.partition("=")
        value = value.replace("$", random.choice("ABCDEFGHJK") + random.choice("123"))
        known = random.choice(ours) if random.random() < 0.7 else random.randint(max(last - 40, 1), last + 1)
        value = value.replace("#", f"{'FO' if value == '#' else ''}{known}")
        if random.random() < 0.15:
            value = random.choice(VALUES.get(tag, ("x",)))
        fields[place] = f"{tag}={value}"
    if random.random() < 0.1:
        tag = random.choice(sorted(VALUES))
        fields.insert(random.randrange(len(fields)), f"{tag}={random.choice(VALUES[tag])}")
    if random.random() < 0.1:
        del fields[random.randrange(len(fields))]
    version = random.choice(["FIX.4.0", "FIX.4.2", "FIX.4.4", "FIX.4.4"])
    body = "|".join(fields)
    return session, framed(f"35={type}|34={number}|49={session}|52={STAMP}|56=FINOS|{body}|", version)


def remembered(floor: Floor) -> list[object]:
    """Everything that a start must find again."""
    book = floor.engine.state.book
    orders = [
        (one.payment, one.filled_minor, one.weighted, one.value_minor, one.last, one.venue_id, one.order, one.actions)
        for _, one in sorted(book.working.items())
    ]
    return [orders, book.actions, sorted(book.instructions.items()), sorted(floor.engine.state.held)]


@pytest.mark.parametrize("seed", range(12))
def test_nothing_raises_and_money_is_conserved(seed: int) -> None:
    random = Random(seed)
    floor = Floor(ROUTES, TOP)
    for round in range(12):
        batch: list[Inbound] = []
        for number in range(40):
            session, data = message(random, number, floor)
            endpoint = "venue" if session == "VENUE" else "clients"
            batch.append(Inbound(endpoint, floor.now_ns, data, session=session, type="session"))
            if random.random() < 0.2:
                batch.append(batch[-1])
        for outcome in floor.run(batch):
            assert all(frame.data.startswith(b"35=") for frame in outcome.answers)
        before = remembered(floor)
        if round % 3 == 2:
            floor.restart()
            assert remembered(floor) == before
        floor.wait(1)
    assert floor.runner.run(floor.engine.store.verify()) == []
    totals = {"EUR": 0, "USD": 0}
    for name, currency in floor.disk.accounts:
        totals[currency] += floor.balance(name, currency)
    assert totals == {"EUR": 0, "USD": 0}
