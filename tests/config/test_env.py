"""The environment overrides what it names, and is told when it names nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.config.known import GOOD, KycLevel, good, problems


def test_database_url() -> None:
    assert good(environ={"DATABASE_URL": "postgresql://db.example/gateway"}).store == "postgresql://db.example/gateway"
    assert good(environ={"DATABASE_URL": "sqlite:/data/x.db"}).store == "sqlite:/data/x.db"
    assert problems(GOOD, {"DATABASE_URL": "oracle:x"}) == [
        "environment variable DATABASE_URL: store: 'oracle:x' is not a store; write sqlite:PATH, sqlite::memory: or"
        " postgresql://HOST/DATABASE"
    ]


def test_aml_threshold_of_the_currencies_listed_else_of_usd() -> None:
    policies = good(environ={"AML_THRESHOLD": "5_000"}).policies
    assert policies["retail"]["report_above"] == {"EUR": Decimal(5000)}
    assert policies["none"]["report_above"] == {"USD": Decimal(5000)}


def test_aml_threshold_by_currency() -> None:
    policies = good(environ={"AML_THRESHOLD": "USD=10000,EUR=9000.50"}).policies
    assert policies["retail"]["report_above"] == {"EUR": Decimal("9000.50"), "USD": Decimal(10_000)}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("AML_THRESHOLD", "lots", "policies.retail.report_above.EUR: 'lots' is not a decimal number"),
        ("AML_THRESHOLD", "USD:5", "policies.retail.report_above.EUR: 'USD:5' is not a decimal number"),
        ("AML_THRESHOLD", "USD=5;EUR=6", "'USD=5;EUR=6' is neither an amount nor CURRENCY=AMOUNT,CURRENCY=AMOUNT"),
        ("AML_THRESHOLD", "USX=5", "unknown currency 'USX'; did you mean"),
        ("KYC_LEVEL", "high", "policies.retail.kyc_level.minimum: 'high' is not a whole number"),
        ("SANCTIONS_THRESHOLD", "80", "policies.retail.screen.threshold: 80.0 is above 1"),
        ("FIX_LISTEN", "9878", "endpoints.fix_clients.listen: '9878' is not an address to listen on"),
    ],
)
def test_values_that_are_not_taken(name: str, value: str, sentence: str) -> None:
    found = problems(GOOD, {name: value})
    assert [line for line in found if line.startswith(f"environment variable {name}: {sentence}")], found


def test_kyc_level_and_sanctions_threshold() -> None:
    policies = good(environ={"KYC_LEVEL": "3", "SANCTIONS_THRESHOLD": "0.9"}).policies
    assert policies["retail"]["kyc_level"] == policies["none"]["kyc_level"] == KycLevel(3)
    assert policies["retail"]["screen"].threshold == 0.9
    assert "screen" not in policies["none"]


def test_listen() -> None:
    config = good(environ={"FIX_LISTEN": "0.0.0.0:5001", "HTTP_LISTEN": "[::1]:8443"})
    assert config.endpoints["fix_clients"].config.listen == "0.0.0.0:5001"
    assert config.endpoints["iso_in"].config.listen == "[::1]:8443"


def test_two_doors_that_cannot_share_the_address_given() -> None:
    text = GOOD.replace("endpoints:\n", "endpoints:\n  fix_b: {adapter: fix, format: fix, listen: 127.0.0.1:9999}\n")
    (found,) = problems(text, {"FIX_LISTEN": "127.0.0.1:5001"})
    assert found == (
        "environment variable FIX_LISTEN: endpoints.fix_clients.listen: endpoint 'fix_b' listens on"
        " 127.0.0.1:5001 already"
    )


@pytest.mark.parametrize("name", ["AML_THRESHOLD", "KYC_LEVEL", "SANCTIONS_THRESHOLD", "FIX_LISTEN", "HTTP_LISTEN"])
def test_a_variable_that_finds_nothing_to_override_is_told(name: str) -> None:
    bare = "version: 1\nstore: sqlite:x\nroutes: [{name: default, refuse: {reason: AG01, because: none}}]\n"
    assert problems(bare) == []
    (found,) = problems(bare, {name: "1"})
    assert found.startswith(f"environment variable {name}: ")


def test_any_value_by_its_path() -> None:
    config = good(
        environ={
            "FINOS__ENDPOINTS__CSM__BATCH_MAX": "512",
            "FINOS__ENDPOINTS__CSM__RECURSIVE": "true",
            "FINOS__ROUTES__SEPA__WHEN__AMOUNT__LTE": "50_000",
            "FINOS__ROUTES__3__REFUSE__BECAUSE": "closed today",
            "FINOS__ACCOUNTS__OPEN__CSM_EUR__FLOOR": "none",
            "FINOS__POLICIES__RETAIL__LIMITS__USD": "7",
            "FINOS__GATEWAY__NAME": "[brackets: are a text",
            "FINOS__ROUTES__SEPA__WHEN__CURRENCY": "[EUR]",
            "FINOS__ENDPOINTS__FIX_CLIENTS__SESSIONS": "[{target: A}, {target: B}]",
            "FINOS__STORE": "sqlite:/data/y.db",
            "DATABASE_URL": "sqlite:/data/x.db",
        }
    )
    assert config.endpoints["csm"].config.batch_max == 512
    assert config.endpoints["csm"].config.recursive is True
    amount = config.routes[0].when.amount
    assert amount is not None
    assert amount.lte == 50_000
    assert config.routes[2].refuse is not None
    assert config.routes[2].refuse.because == "closed today"
    assert config.accounts.open[1].floor == "none"
    assert config.policies["retail"]["limits"]["USD"] == 7
    assert config.gateway.name == "[brackets: are a text"
    assert [session.target for session in config.endpoints["fix_clients"].config.sessions] == ["A", "B"]
    assert config.store == "sqlite:/data/y.db"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("FINOS__NONSENSE", "unknown key 'nonsense'; known are accounts,"),
        ("FINOS__ENDPOINTS__CSM__BATCHMAX", "endpoints.csm: unknown key 'batchmax'; did you mean batch_max?"),
        ("FINOS__ENDPOINTS__CMS__BATCH_MAX", "endpoints: unknown name 'CMS'; did you mean CSM? known are BANK_X, CSM,"),
        ("FINOS__POLICIES__RETIAL__LIMITS__EUR", "policies: unknown name 'RETIAL'; did you mean RETAIL?"),
        ("FINOS__ROUTES__SEPIA__CHECK", "routes: no item is called 'SEPIA'"),
        ("FINOS__ROUTES__0__CHECK", "routes: no item is called '0'"),
        ("FINOS__STORE__PATH", "store is a single value and has no 'PATH'"),
        ("FINOS__ROUTES__SEPA__SEND__VIA__X", "routes[sepa].send: unknown key 'via'"),
        ("FINOS__", "unknown key ''; known are"),
        ("FINOS____", "unknown key ''; known are"),
    ],
)
def test_paths_that_are_not_there(name: str, sentence: str) -> None:
    found = problems(GOOD, {name: "1"})
    assert [line for line in found if line.startswith(f"environment variable {name}: {sentence}")], found


def test_two_items_of_one_name() -> None:
    text = GOOD.replace("    - {id: CSM-EUR", "    - {id: EQUITY, currency: USD}\n    - {id: CSM-EUR")
    assert problems(text, {"FINOS__ACCOUNTS__OPEN__EQUITY__FLOOR": "1"}) == [
        "environment variable FINOS__ACCOUNTS__OPEN__EQUITY__FLOOR: accounts.open: several items are called 'EQUITY'"
    ]
    assert good(text, {"FINOS__ACCOUNTS__OPEN__2__FLOOR": "1"}).accounts.open[1].floor == 1


def test_empty_is_not_set() -> None:
    assert good(environ={"DATABASE_URL": "", "AML_THRESHOLD": "", "FINOS__STORE": ""}) == good()


def test_problems_of_file_and_environment_together() -> None:
    found = problems(GOOD.replace("check: retail", "check: nobody"), {"FINOS__STORE": "x"}, Path("/srv"))
    assert [line.split(":")[0] for line in found] == ["environment variable FINOS__STORE", "routes.yaml"]
