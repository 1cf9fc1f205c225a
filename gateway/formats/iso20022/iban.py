"""IBAN: length per country (SWIFT's IBAN registry) and the check digits of ISO 13616 (mod 97)."""

from __future__ import annotations

from functools import lru_cache

LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL FK SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU XK MN",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM TL SO",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
# Countries whose banks take part in the SEPA schemes.
SEPA = frozenset(
    (
        "AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK SM VA"
        " AD AL MD ME MK RS"
    ).split()
)


@lru_cache(maxsize=100_000)
def problem(iban: str) -> str:
    """What is wrong with an IBAN, in words; empty when nothing is."""
    length = LENGTHS.get(iban[:2])
    if length is None:
        return f"{iban[:2]!r} is not a country that has IBANs"
    if len(iban) != length:
        return f"an IBAN of {iban[:2]} has {length} characters, this one has {len(iban)}"
    if not (iban.isascii() and iban.isalnum()):
        return "an IBAN has letters and digits only"
    if not "02" <= iban[2:4] <= "98":
        return "the check digits of an IBAN are from 02 to 98"
    number = int("".join(str(int(c, 36)) for c in iban[4:] + iban[:4]))
    return "" if number % 97 == 1 else "the check digits of the IBAN are wrong"
