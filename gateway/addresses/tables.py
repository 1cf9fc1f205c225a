"""What addresses look like, country by country: postcodes and where they stand, house numbers, states.

Facts of the postal services' published formats, one country a line.
"""

from __future__ import annotations

import re

from msgspec import Struct


class Postcode(Struct, frozen=True):
    """How a country writes its postcodes."""

    pattern: re.Pattern[str]
    before: bool  # it stands before the town, else behind it


# Country -> pattern of its postcode. A prefix (`D-`, `LV-`) is told apart from it, see PREFIXES.
_BEFORE = {
    "AD": r"AD\d{3}",
    "AT": r"\d{4}",
    "BA": r"\d{5}",
    "BE": r"\d{4}",
    "BG": r"\d{4}",
    "CH": r"\d{4}",
    "CY": r"\d{4}",
    "CZ": r"\d{3} ?\d{2}",
    "DE": r"\d{5}",
    "DK": r"\d{4}",
    "EE": r"\d{5}",
    "ES": r"\d{5}",
    "FI": r"\d{5}",
    "FR": r"\d{5}",
    "GR": r"\d{3} ?\d{2}",
    "HR": r"\d{5}",
    "HU": r"\d{4}",
    "IL": r"\d{5}(?:\d{2})?",
    "IS": r"\d{3}",
    "IT": r"\d{5}",
    "LI": r"\d{4}",
    "LT": r"\d{5}",
    "LU": r"\d{4}",
    "MA": r"\d{5}",
    "MC": r"980\d{2}",
    "ME": r"\d{5}",
    "MK": r"\d{4}",
    "MX": r"\d{5}",
    "NL": r"\d{4} ?[A-Z]{2}",
    "NO": r"\d{4}",
    "PH": r"\d{4}",
    "PL": r"\d{2}-\d{3}",
    "PT": r"\d{4}-\d{3}",
    "RO": r"\d{6}",
    "RS": r"\d{5}",
    "SE": r"\d{3} ?\d{2}",
    "SI": r"\d{4}",
    "SK": r"\d{3} ?\d{2}",
    "SM": r"4789\d",
    "TN": r"\d{4}",
    "TR": r"\d{5}",
    "VA": r"00120",
}
_BEHIND = {
    "AU": r"\d{4}",
    "BR": r"\d{5}-?\d{3}",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d",
    "CN": r"\d{6}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "GG": r"GY\d{1,2} ?\d[A-Z]{2}",
    "IE": r"(?:[AC-FHKNPRTV-Y]\d{2}|D6W) ?[0-9AC-FHKNPRTV-Y]{4}",
    "IM": r"IM\d{1,2} ?\d[A-Z]{2}",
    "IN": r"\d{3} ?\d{3}",
    "JE": r"JE\d{1,2} ?\d[A-Z]{2}",
    "JP": r"\d{3}-\d{4}",
    "KR": r"\d{5}",
    "LV": r"\d{4}",
    "MT": r"[A-Z]{3} ?\d{4}",
    "NZ": r"\d{4}",
    "SG": r"\d{6}",
    "TH": r"\d{5}",
    "TW": r"\d{3}(?:\d{2,3})?",
    "UA": r"\d{5}",
    "US": r"\d{5}(?:-\d{4})?",
    "ZA": r"\d{4}",
}
POSTCODES = {
    **{country: Postcode(re.compile(pattern), True) for country, pattern in _BEFORE.items()},
    **{country: Postcode(re.compile(pattern), False) for country, pattern in _BEHIND.items()},
}
# Countries whose postcodes look like no other's: a town beside one need not be in the list.
OWN_POSTCODES = frozenset("BR CA GB IE JP NL PL PT".split())
# What stands before a postcode with a hyphen, besides the country's own code: signs of vehicles.
PREFIXES = {"D": "DE", "A": "AT", "F": "FR", "B": "BE", "L": "LU", "I": "IT", "S": "SE", "N": "NO", "H": "HU"} | {
    "E": "ES",
    "FIN": "FI",
    "P": "PT",
}
# Countries where the house number stands before the street; everywhere else it stands behind.
NUMBER_FIRST = frozenset("AU CA FR GB GG HK IE IL IM IN JE LU MA MC MT NZ PH SG TH TN US ZA".split())
# States and provinces that stand beside a town. Two letters of a state may be another country's code.
STATES = {
    "US": frozenset(
        (
            "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND"
            " OH OK OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY"
        ).split()
    ),
    "CA": frozenset("AB BC MB NB NL NS NT NU ON PE QC SK YT".split()),
    "AU": frozenset("ACT NSW NT QLD SA TAS VIC WA".split()),
    "BR": frozenset("AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO".split()),
    "IT": frozenset(
        (
            "AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CL CN CO CR CS CT CZ EN FC FE FG FI"
            " FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OR PA PC PD PE PG PI PN PO PR"
            " PT PU PV PZ RA RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN TO TP TR TS TV UD VA VB VC VE VI VR"
            " VT VV"
        ).split()
    ),
}
# Names of states that are also, or end like, names of countries: they say nothing without a town that agrees.
UNSAFE_NAMES = frozenset({"GEORGIA", "NEW MEXICO", "NEW JERSEY", "JERSEY", "MEXICO", "LEBANON", "CUBA", "PERU"})
# A country that is a town too.
CITY_STATES = {
    "SG": "SINGAPORE",
    "MC": "MONACO",
    "LU": "LUXEMBOURG",
    "GI": "GIBRALTAR",
    "HK": "HONG KONG",
    "MO": "MACAO",
    "VA": "VATICAN CITY",
    "SM": "SAN MARINO",
    "DJ": "DJIBOUTI",
}
POST_BOX = re.compile(
    r"(?:P\.? ?O\.? ?BOX|POSTFACH|POSTBUS|POSTBOKS|POSTBOX|BOITE POSTALE|B\.?P\.?|C\.?P\.?|CASELLA POSTALE|APARTADO"
    r"|APDO|SKRYTKA POCZTOWA|GPO BOX|LOCKED BAG)\.?:? +(?P<number>\d[\dA-Z -]{0,14})",
    re.IGNORECASE,
)
_NUMBER = r"\d{1,5}(?: ?[A-Za-z])?(?:(?: ?[-/] ?|\.)\d{1,5}[A-Za-z]?)*(?: ?(?:bis|ter|BIS|TER))?"
# What is not a street, and what makes a line more than one: parts of a house, and its numbers once more.
UNIT = re.compile(
    r"\b(?:FLAT|UNIT|LEVEL|APT|APARTMENT|SUITE|STE|FLOOR|FL|ROOM|BIS|TER|SHOP|LOT)\b|#|\d ?[A-Z]?$", re.IGNORECASE
)
NUMBERED_BLOCKS = frozenset({"JP"})  # houses are numbered by block, not by street
STREET_NUMBER_FIRST = re.compile(rf"(?P<number>{_NUMBER})(?:, ?| )(?P<street>[^\W\d].*)")
STREET_NUMBER_LAST = re.compile(rf"(?P<street>.*[^\W\d].*?)(?:, ?| )(?:[Nn][oOrR°º]?\.? ?)?(?P<number>{_NUMBER})")
