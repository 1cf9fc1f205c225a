"""Money: an integer of the currency's smallest unit, with its currency.

Read from text once, at the edge. The number of decimals comes from ISO 4217; more
decimals than the currency has is a refusal, never a rounding.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

# ISO 4217: active currencies by number of decimals. What is not listed is not a currency.
_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF"
    " CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF"
    " IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN"
    " MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS"
    " SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW"
    " ZWG"
)
SECURITY_DECIMALS = (
    6  # of every security, so that a position needs no configuration to be read; routes.yaml bounds them
)
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]\Z")


@lru_cache(maxsize=4_096)
def is_security(code: str) -> bool:
    """Whether a code is an ISIN (ISO 6166), its check digit included."""
    if not _ISIN.match(code):
        return False
    digits = "".join(str(int(character, 36)) for character in code)
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


class _Exponents(dict[str, int]):
    """Decimals by currency. A security is no currency, so it is not `in` here, but its decimals are known."""

    def __missing__(self, code: str) -> int:
        if is_security(code):
            return SECURITY_DECIMALS
        raise KeyError(code)


EXPONENTS = _Exponents(
    {
        **dict.fromkeys(_TWO.split(), 2),
        **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
        **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
        **dict.fromkeys("CLF UYW".split(), 4),
        # Metals and drawing rights have no smallest unit; five decimals are the most that ISO 20022 writes.
        **dict.fromkeys("XAG XAU XDR XPD XPT".split(), 5),
    }
)
PRICE_DIGITS_MAX = 36  # 18 before and 18 after the point
MINOR_MAX = 10**18 - 1  # ISO 20022 totalDigits 18; also what a signed 64-bit column holds
_DIGITS = re.compile(r"[0-9]{1,30}\Z", re.ASCII)


class Money(Struct, frozen=True, gc=False):
    """An amount in the currency's smallest unit; 12,50 EUR is Money("EUR", 1250).

    Units of a security are an amount whose currency is its ISIN, of six decimals.
    """

    currency: str
    minor: int

    @staticmethod
    def parse(currency: str, text: str, point: str = ".") -> Money | None:
        """Read a plain decimal number; None when it is not an amount of this currency.

        Accepts ``12``, ``12.5``, ``12.50`` and (as SWIFT writes) ``12,``; trailing zeros beyond the
        currency's decimals are still an amount of it (``1.500`` EUR), other digits there are not.
        """
        exponent = EXPONENTS.get(currency)
        if exponent is None:
            if not is_security(currency):
                return None
            exponent = SECURITY_DECIMALS
        whole, _, fraction = text.partition(point)
        if len(fraction) > exponent:
            if fraction[exponent:].strip("0"):
                return None
            fraction = fraction[:exponent]
        digits = whole + fraction.ljust(exponent, "0")
        if not whole or not _DIGITS.match(digits):
            return None
        minor = int(digits)
        return Money(currency, minor) if minor <= MINOR_MAX else None

    def at(self, price: str, currency: str, per: int = 0) -> Money | None:
        """So much at a price per 10^`per` units, in another currency: exact, half to even to its smallest unit.

        None when the price is no plain positive decimal number, or the amount is zero or has more than 18 digits.
        """
        whole, _, fraction = price.partition(".")
        digits = whole + fraction
        plain = digits.isascii() and digits.isdigit() and len(digits) <= PRICE_DIGITS_MAX
        if not whole or not plain or currency not in EXPONENTS:
            return None
        minor = counter_value(self, int(digits), len(fraction) + per, currency)
        return Money(currency, minor) if 0 < minor <= MINOR_MAX else None

    def text(self, point: str = ".") -> str:
        """The amount with all of its currency's decimals: ``12.50``."""
        exponent = EXPONENTS[self.currency]
        if not exponent:
            return str(self.minor)
        digits = str(abs(self.minor)).rjust(exponent + 1, "0")
        sign = "-" if self.minor < 0 else ""
        text = f"{sign}{digits[:-exponent]}{point}{digits[-exponent:]}"
        return text if self.currency in EXPONENTS else text.rstrip("0").rstrip(point)


def counter_value(money: Money, digits: int, decimals: int, currency: str) -> int:
    """`money` times `digits` / 10^`decimals`, in minor units of another currency, half to even."""
    numerator: int = money.minor * digits * 10 ** EXPONENTS[currency]
    denominator: int = 10 ** (EXPONENTS[money.currency] + decimals)
    minor, rest = divmod(numerator, denominator)
    return minor + (2 * rest > denominator or (2 * rest == denominator and minor % 2))
