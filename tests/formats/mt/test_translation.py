"""What the fields of transfers become in ISO 20022, and what ISO 20022 becomes in fields, one rule a line."""

from __future__ import annotations

import re

import pytest

from gateway import formats
from gateway.cli.translation import Ends, Translation, target, translated
from gateway.formats.mt.notices import NOTICES

NOW_NS = 1_764_325_800_000_000_000
UETR = "0b8d52a1-6a35-4b6e-8f60-3d1f2b5c7a01"
HEAD = "{1:F01HARBUS33AXXX0000000000}{2:I103FINODEHHXXXXN}"


def customer(more: str = "", user: str = f"{{121:{UETR}}}", operation: str = "CRED", tail: str = "") -> bytes:
    """An MT103; `more` are fields by place: `23E=SDVA;70=/ROC/x`."""
    fields = {
        "20": "REF-1",
        "13C": "",
        "23B": operation,
        "23E": "",
        "26T": "",
        "32A": "261123EUR1500,50",
        "33B": "EUR1500,50",
        "50K": "/1234567\r\nALMA BIRKENTAL",
        "52A": "",
        "53A": "",
        "53B": "",
        "54A": "",
        "56A": "",
        "57A": "",
        "59": "/7654321\r\nBRUNO DACHSBERG",
        "70": "",
        "71A": "SHA",
        "72": "",
        "77B": "",
    }
    fields |= dict(one.split("=", 1) for one in more.split(";") if one)
    lines = "".join(f":{tag}:{value}\r\n" for tag, value in fields.items() if value)
    return f"{HEAD}{{3:{user}}}{{4:\r\n{lines}-}}{tail}".encode()


def bank(more: str = "") -> bytes:
    fields = {
        "20": "REF-1",
        "21": "REL-1",
        "32A": "261123EUR1500,50",
        "53A": "",
        "57A": "",
        "58A": "SEAMGB2L",
        "72": "",
    }
    fields |= dict(one.split("=", 1) for one in more.split(";") if one)
    lines = "".join(f":{tag}:{value}\r\n" for tag, value in fields.items() if value)
    return f"{HEAD.replace('I103', 'I202')}{{3:{{121:{UETR}}}}}{{4:\r\n{lines}-}}".encode()


def done(data: bytes, type: str) -> Translation:
    codec = formats.detect(data)
    assert codec is not None
    return translated(codec.decode(data), type, Ends(now_ns=NOW_NS), header=True)


def written(data: bytes, type: str) -> str:
    found = done(data, type)
    assert found.refusals == ()
    (frame,) = found.frames
    return frame.data.decode()


@pytest.mark.parametrize(
    ("more", "element"),
    [
        ("23E=SDVA", "<SvcLvl><Cd>SDVA</Cd></SvcLvl>"),
        ("23E=INTC", "<CtgyPurp><Cd>INTC</Cd></CtgyPurp>"),
        ("23E=INTC\r\n:23E:CORT", "<CtgyPurp><Prtry>INTC CORT</Prtry></CtgyPurp>"),
        ("23E=PHOB/ring", "<InstrForCdtrAgt><Cd>PHOB</Cd><InstrInf>ring</InstrInf></InstrForCdtrAgt>"),
        ("57A=SEAMGB2L;23E=PHON/ring", "<InstrForNxtAgt><InstrInf>/PHON/ring</InstrInf></InstrForNxtAgt>"),
        ("26T=K90", "<Purp><Prtry>K90</Prtry></Purp>"),
        ("13C=/CLSTIME/0915+0100", "<SttlmTmReq><CLSTm>09:15:00+01:00</CLSTm></SttlmTmReq>"),
        ("13C=/SNDTIME/0915+0100", "<SttlmTmIndctn><DbtDtTm>2026-11-23T09:15:00+01:00</DbtDtTm></SttlmTmIndctn>"),
        ("71A=OUR", "<ChrgBr>DEBT</ChrgBr>"),
        ("77B=/ORDERRES/US//TRADE", "<DbtCdtRptgInd>DEBT</DbtCdtRptgInd><Dtls><Ctry>US</Ctry><Inf>TRADE</Inf></Dtls>"),
        ("70=/ROC/E2E-9//URI/RENT", "<EndToEndId>E2E-9</EndToEndId>"),
        ("70=/ROC/E2E-9//URI/RENT", "<RmtInf><Ustrd>RENT</Ustrd></RmtInf>"),
        ("70=/PURP/GDDS///ROC/E2E-9", "<Purp><Cd>GDDS</Cd></Purp>"),
        ("70=/RELID/R-9//URI/RENT", "<RltdRmtInf><RmtId>R-9</RmtId></RltdRmtInf>"),
        ("70=/ULTD/CLEO/DE Hamburg//URI/X", "<Nm>CLEO</Nm><PstlAdr><TwnNm>Hamburg</TwnNm><Ctry>DE</Ctry></PstlAdr>"),
        ("70=INVOICE 7\r\nOF MAY", "<Ustrd>INVOICE 7 OF MAY</Ustrd>"),
        (f"70={'A' * 35}\r\nBC", f"<Ustrd>{'A' * 35}BC</Ustrd>"),
        ("72=/INS/SEAMGB2L", "<PrvsInstgAgt1><FinInstnId><BICFI>SEAMGB2L</BICFI></FinInstnId></PrvsInstgAgt1>"),
        ("56A=SEAMGB2L;57A=SEAMGB22;72=/INTA/SEAMGB23", "<IntrmyAgt2><FinInstnId><BICFI>SEAMGB23</BICFI>"),
        ("72=/ACC/SAY SO", "<InstrForCdtrAgt><InstrInf>SAY SO</InstrInf></InstrForCdtrAgt>"),
        ("72=/REC/SAY SO\r\n//AND MORE", "<InstrForNxtAgt><InstrInf>SAY SO AND MORE</InstrInf></InstrForNxtAgt>"),
        ("72=/SVCLVL/URGP", "<SvcLvl><Cd>URGP</Cd></SvcLvl>"),
        ("72=/LOCINS/OWN WAY", "<LclInstrm><Prtry>OWN WAY</Prtry></LclInstrm>"),
        ("72=/CATPURP/SALA", "<CtgyPurp><Cd>SALA</Cd></CtgyPurp>"),
        ("53A=SEAMGB2L", "<SttlmMtd>COVE</SttlmMtd><InstgRmbrsmntAgt><FinInstnId><BICFI>SEAMGB2L</BICFI>"),
        ("53B=/C/998877", "<SttlmMtd>INGA</SttlmMtd><SttlmAcct><Id><Othr><Id>998877</Id>"),
        ("53B=/998877", "<SttlmMtd>INDA</SttlmMtd><SttlmAcct><Id><Othr><Id>998877</Id>"),
        ("52A=//FW\r\nSEAMGB2L", "<DbtrAgt><FinInstnId><BICFI>SEAMGB2L</BICFI>"),
    ],
)
def test_fields_of_a_customer_transfer(more: str, element: str) -> None:
    assert element in re.sub(r">\s+<", "><", written(customer(more), "pacs.008.001.08"))


@pytest.mark.parametrize(
    ("more", "element"),
    [
        ("72=/UDLC/SEAMGB2L", "<InstrForCdtrAgt><InstrInf>/UDLC/SEAMGB2L</InstrInf></InstrForCdtrAgt>"),
        ("72=/PURP/GDDS", "<Purp><Cd>GDDS</Cd></Purp>"),
        ("72=/BNF/RENT", "<RmtInf><Ustrd>RENT</Ustrd></RmtInf>"),
        ("53A=HARBUS44", "<BizSvc>swift.cbprplus.adv.03</BizSvc>"),
        ("53A=HARBUS44", "<SttlmMtd>COVE</SttlmMtd>"),
        ("", "<CdtrAgt><FinInstnId><BICFI>FINODEHHXXX</BICFI></FinInstnId></CdtrAgt>"),
    ],
)
def test_fields_of_a_transfer_between_banks(more: str, element: str) -> None:
    assert element in written(bank(more), "pacs.009.001.08")


def test_who_is_paid_keeps_no_account() -> None:
    assert "<CdtrAgt>" not in written(bank("58A=FINODEHHXXX"), "pacs.009.001.08")


@pytest.mark.parametrize("field", ["23E=SDVA", "26T=K90", "13C=/SNDTIME/0915+0100", "77B=/ORDERRES/US//TRADE"])
def test_it_comes_back_as_it_was(field: str) -> None:
    tag, value = field.split("=", 1)
    iso = written(customer(field), "pacs.008.001.08")
    assert f"\r\n:{tag}:{value}\r\n" in written(iso.encode(), "MT103")


def test_headers() -> None:
    user = f"{{103:TGT}}{{111:001}}{{119:STP}}{{121:{UETR}}}"
    iso = written(customer("59=/DE89370400440532013000\r\nBRUNO", user=user), "pacs.008.001.08")
    for element in (
        "<SttlmMtd>CLRG</SttlmMtd><ClrSys><Cd>TGT</Cd></ClrSys>",
        "<SvcLvl><Cd>G001</Cd></SvcLvl>",
        "<BizSvc>swift.cbprplus.stp.03</BizSvc>",
        f"<UETR>{UETR}</UETR>",
        "<MsgId>REF-1</MsgId>",
        "<BizMsgIdr>REF-1</BizMsgIdr>",
    ):
        assert element in iso
    assert f"{{3:{{103:TGT}}{{111:001}}{{121:{UETR}}}}}" in written(iso.encode(), "MT103")


def test_a_reference_is_made_where_there_is_none() -> None:
    found = done(customer(user="{108:MUR}"), "pacs.008.001.08")
    assert re.search(rb"<UETR>[0-9a-f-]{36}</UETR>", found.frames[0].data)
    numbers = {loss.element: loss.number for _, loss in found.losses}
    assert numbers["uetr"] == "T20087"
    assert "mt:{108}" in numbers
    assert done(customer(user="{108:MUR}"), "pacs.008.001.08").frames == found.frames


def test_a_possible_duplicate_is_named() -> None:
    found = done(customer(tail="{5:{CHK:123456789ABC}{PDE:}}"), "pacs.008.001.08")
    assert "mt:{PDE}" in {loss.element for _, loss in found.losses}


ISO = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr><MsgId>M-1</MsgId><CreDtTm>\
2026-11-23T10:00:00+01:00</CreDtTm><NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr>\
<CdtTrfTxInf><PmtId><InstrId>{InstrId}</InstrId><EndToEndId>E2E-1</EndToEndId><UETR>0b8d52a1-6a35-4b6e-8f60-3d1f2b5c7a01\
</UETR></PmtId>{PmtTpInf}<IntrBkSttlmAmt Ccy="EUR">1234.5</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>\
<ChrgBr>{ChrgBr}</ChrgBr>{ChrgsInf}<InstgAgt><FinInstnId><BICFI>HARBUS33XXX</BICFI></FinInstnId></InstgAgt><InstdAgt>\
<FinInstnId><BICFI>FINODEHHXXX</BICFI></FinInstnId></InstdAgt><Dbtr>{Dbtr}</Dbtr><DbtrAgt><FinInstnId><BICFI>HARBUS33XXX\
</BICFI></FinInstnId></DbtrAgt><CdtrAgt><FinInstnId><BICFI>FINODEHHXXX</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>Bruno</Nm>\
</Cdtr>{CdtrAcct}{InstrForCdtrAgt}{RmtInf}</CdtTrfTxInf></FIToFICstmrCdtTrf></Document>"""
SAID = {
    "InstrId": "REF-1",
    "PmtTpInf": "",
    "ChrgBr": "SHAR",
    "ChrgsInf": "",
    "Dbtr": "<Nm>Alma</Nm>",
    "CdtrAcct": "",
    "InstrForCdtrAgt": "",
    "RmtInf": "",
}
CHARGE = '<ChrgsInf><Amt Ccy="EUR">{}</Amt><Agt><FinInstnId><BICFI>SEAMGB2L</BICFI></FinInstnId></Agt></ChrgsInf>'


def instructions(*codes: str) -> str:
    return "".join(f"<InstrForCdtrAgt><Cd>{code}</Cd></InstrForCdtrAgt>" for code in codes)


@pytest.mark.parametrize(
    ("said", "field", "number"),
    [
        ({"InstrId": "A//1"}, ":20:NOTPROVIDED\r\n", "T14001"),
        ({"InstrId": "REFERENCE-OF-20-CHAR"}, ":20:REFERENCE-OF-20+\r\n", "T0000T"),
        ({"ChrgBr": "SLEV"}, ":71A:SHA\r\n", "T13007"),
        ({"ChrgBr": "DEBT", "ChrgsInf": CHARGE.format(3) + CHARGE.format(4)}, ":71G:EUR7,00\r\n", "T0000T"),
        ({"ChrgsInf": CHARGE.format(3) + CHARGE.format(4)}, ":71F:EUR3,00\r\n:71F:EUR4,00\r\n", "T0000M"),
        ({"Dbtr": "<Nm>Ünal Großmann</Nm>"}, ":50K:Unal Grossmann\r\n", "T0000R"),
        ({"InstrForCdtrAgt": instructions("PHOB", "TELB")}, ":23E:PHOB\r\n", "T15004"),
        ({"InstrForCdtrAgt": instructions("HOLD", "CHQB")}, ":23E:HOLD\r\n", "T15005"),
        (
            {
                "PmtTpInf": "<PmtTpInf><SvcLvl><Cd>SDVA</Cd></SvcLvl></PmtTpInf>",
                "InstrForCdtrAgt": instructions("HOLD"),
            },
            ":23E:SDVA\r\n",
            "T15002",
        ),
        (
            {
                "PmtTpInf": "<PmtTpInf><LclInstrm><Prtry>SSTD</Prtry></LclInstrm></PmtTpInf>",
                "InstrForCdtrAgt": instructions("HOLD"),
                "CdtrAcct": "<CdtrAcct><Id><Othr><Id>7</Id></Othr></Id></CdtrAcct>",
            },
            ":23B:SSTD\r\n:32A",
            "T0000M",
        ),
        ({"Dbtr": "<Nm>Alma</Nm><Id><OrgId><AnyBIC>SEAMGB2L</AnyBIC></OrgId></Id>"}, ":50A:SEAMGB2L\r\n", "T0000M"),
    ],
)
def test_notices(said: dict[str, str], field: str, number: str) -> None:
    found = done(ISO.format(**{**SAID, **said}).encode(), "MT103")
    assert found.refusals == ()
    assert field in found.frames[0].data.decode()
    assert number in {loss.number for _, loss in found.losses}
    assert number in NOTICES


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({}, ":70:/ROC/E2E-1\r\n"),
        ({"RmtInf": "<RmtInf><Ustrd>RENT</Ustrd></RmtInf>"}, ":70:/ROC/E2E-1///URI/RENT\r\n"),
        ({"RmtInf": "<RmtInf><Ustrd>/ROC/E2E-1</Ustrd></RmtInf>"}, ":70:/ROC/E2E-1\r\n"),
        (
            {"RmtInf": "<RmtInf><Strd><RfrdDocInf><Nb>INV-7</Nb></RfrdDocInf></Strd></RmtInf>"},
            ":70:/ROC/E2E-1///CINV/INV-7\r\n",
        ),
        (
            {"RmtInf": f"<RmtInf><Ustrd>{'A' * 140}</Ustrd></RmtInf>"},
            f":70:/ROC/E2E-1///URI/{'A' * 18}\r\n{'A' * 35}\r\n{'A' * 35}\r\n{'A' * 34}+\r\n",
        ),
    ],
)
def test_the_code_words_of_70(said: dict[str, str], lines: str) -> None:
    assert lines in written(ISO.format(**{**SAID, **said}).encode(), "MT103")


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("103", "MT103"),
        ("mt103", "MT103"),
        ("MT202COV", "MT202COV"),
        ("202cov", "MT202COV"),
        ("pacs.008", "pacs.008.001.08"),
        ("PACS.009", "pacs.009.001.08"),
        ("pacs.008.001.12", "pacs.008.001.12"),
        ("PPD", "PPD"),
    ],
)
def test_names_of_types(name: str, type: str) -> None:
    assert target(name) == type
