"""Who pays, who is paid, and through whom: parties, agents, accounts, addresses.

Field names are the ISO 20022 names in words. Empty string means absent, so that a record
never needs None for text and packs to nothing.
"""

from __future__ import annotations

from msgspec import Struct


class Address(Struct, frozen=True, gc=False, omit_defaults=True):
    """ISO 20022 PostalAddress24; `lines` is AdrLine. Structured, hybrid or unstructured."""

    department: str = ""
    sub_department: str = ""
    street: str = ""
    building_number: str = ""
    building_name: str = ""
    floor: str = ""
    post_box: str = ""
    room: str = ""
    postcode: str = ""
    town: str = ""
    town_location: str = ""
    district: str = ""
    subdivision: str = ""
    country: str = ""
    lines: tuple[str, ...] = ()
    type: str = ""  # AdrTp/Cd


class Identification(Struct, frozen=True, gc=False, omit_defaults=True):
    """One `Othr` identification of a party: private person's or organisation's."""

    id: str
    scheme: str = ""  # external code (`SchmeNm/Cd`) or, with proprietary, `SchmeNm/Prtry`
    proprietary: bool = False
    issuer: str = ""
    private: bool = False  # True: PrvtId, False: OrgId


class Birth(Struct, frozen=True, gc=False, omit_defaults=True):
    """Date and place of birth of a private person."""

    date: str
    city: str
    country: str
    province: str = ""


class Party(Struct, frozen=True, gc=False, omit_defaults=True):
    """A debtor, creditor, ultimate or initiating party (PartyIdentification135)."""

    name: str = ""
    address: Address | None = None
    bic: str = ""  # OrgId/AnyBIC
    lei: str = ""
    ids: tuple[Identification, ...] = ()
    birth: Birth | None = None
    country_of_residence: str = ""


class Agent(Struct, frozen=True, gc=False, omit_defaults=True):
    """A financial institution (BranchAndFinancialInstitutionIdentification6)."""

    bic: str = ""  # 8 or 11 characters, as received
    clearing_system: str = ""  # ExternalClearingSystemIdentification code, e.g. USABA
    clearing_member: str = ""  # the member's id in that system, e.g. a routing number
    lei: str = ""
    name: str = ""
    address: Address | None = None
    other_id: str = ""  # FinInstnId/Othr/Id
    branch: str = ""  # BrnchId/Id


class Account(Struct, frozen=True, gc=False, omit_defaults=True):
    """A cash account. `id` is what the ledger knows it by."""

    id: str
    scheme: str = ""  # "IBAN", "BBAN", "ABA" (account number at a US bank) or as in SchmeNm
    currency: str = ""
    name: str = ""
    type: str = ""  # Tp/Cd, e.g. CACC; ACH: checking, savings, gl, loan
    issuer: str = ""
    proprietary: bool = False  # the scheme is its issuer's own word (SchmeNm/Prtry), not a listed code
