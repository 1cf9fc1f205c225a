"""Sample messages by the thousand, for load, crash and simulation: all names and accounts are fictional."""

from __future__ import annotations

from uuid import UUID

GIVEN = (
    "Alma Bruno Cleo Dora Emil Fina Gero Hilda Ivo Jule Karl Lena Milo Nora Otto Pia Quirin Rosa Sven Tilda Udo"
    " Vera Wim Xenia Yves Zita"
).split()
FAMILY = (
    "Ahornbach Birkental Castorin Dachsberg Eibenhof Fichtenau Ginsterweg Haselgrund Iltisried Jasperfeld Kiesling"
    " Lindquell Moorbrink Nesselrode Ostwindt Pappelau Quendelstein Rohrkamp Schilfmeer Tannhuber Ulmenried"
    " Veilchental Weidengarten Xanderloh Yspertal Zirbelkranz"
).split()


def name(n: int) -> str:
    """One of 676 x 26 names; most are different from their neighbours."""
    return f"{GIVEN[n % 26]} {FAMILY[n // 26 % 26]} {chr(65 + n // 676 % 26)}{'aeiou'[n % 5]}rn"


def uetr(kind: int, n: int) -> str:
    return str(UUID(int=(kind << 96) | (4 << 76) | (8 << 60) | n))


def pacs008(n: int, account: str, amount: str = "1.00", currency: str = "USD", run: str = "R") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"><FIToFICstmrCdtTrf><GrpHdr><MsgId>{run}{n:09d}</MsgId>\
<CreDtTm>2026-11-23T10:00:00+00:00</CreDtTm><NbOfTxs>1</NbOfTxs><SttlmInf><SttlmMtd>INDA</SttlmMtd></SttlmInf></GrpHdr>\
<CdtTrfTxInf><PmtId><InstrId>{run}{n:09d}</InstrId><EndToEndId>{run}{n:09d}</EndToEndId><UETR>{uetr(ord(run[0]), n)}\
</UETR></PmtId><IntrBkSttlmAmt Ccy="{currency}">{amount}</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-23</IntrBkSttlmDt>\
<ChrgBr>SHAR</ChrgBr><InstgAgt><FinInstnId><BICFI>HARBUS33XXX</BICFI></FinInstnId></InstgAgt><InstdAgt><FinInstnId>\
<BICFI>FINODEHHXXX</BICFI></FinInstnId></InstdAgt><Dbtr><Nm>{name(n)}</Nm><PstlAdr><StrtNm>Pier Street</StrtNm><BldgNb>\
{n % 99 + 1}</BldgNb><TwnNm>Portland</TwnNm><Ctry>US</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><Othr><Id>PAYER-{n % 999}</Id>\
</Othr></Id></DbtrAcct><DbtrAgt><FinInstnId><BICFI>HARBUS33XXX</BICFI></FinInstnId></DbtrAgt><CdtrAgt><FinInstnId>\
<BICFI>FINODEHHXXX</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>{name(n + 7)}</Nm><PstlAdr><TwnNm>Hamburg</TwnNm><Ctry>DE</Ctry>\
</PstlAdr></Cdtr><CdtrAcct><Id><Othr><Id>{account}</Id></Othr></Id></CdtrAcct><RmtInf><Ustrd>Order {n}</Ustrd></RmtInf>\
</CdtTrfTxInf></FIToFICstmrCdtTrf></Document>""".encode()


def mt103(n: int, account: str, run: str = "M") -> bytes:
    return (
        f"{{1:F01HARBUS33AXXX0000{n % 1000000:06d}}}{{2:I103FINODEHHXXXXN}}{{3:{{121:{uetr(ord(run[0]), n)}}}}}{{4:\r\n"
        f":20:{run}{n:09d}\r\n:23B:CRED\r\n:32A:261123USD1,\r\n:33B:USD1,\r\n:50K:/PAYER-{n % 999}\r\n{name(n).upper()}\r\n"
        f"{n % 99 + 1} PIER STREET\r\nPORTLAND US\r\n:52A:HARBUS33XXX\r\n:57A:FINODEHHXXX\r\n:59:/{account}\r\n"
        f"{name(n + 7).upper()}\r\nHAMBURG DE\r\n:70:/ROC/{run}{n:09d}//URI/ORDER {n}\r\n:71A:SHA\r\n-}}\r\n"
    ).encode()


def pain001(count: int, iban: str, first: int = 0, run: str = "P") -> bytes:
    """A customer file of `count` SEPA transfers of 1.00 EUR."""
    head = f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr><MsgId>{run}{first}-{count}\
</MsgId><CreDtTm>2026-11-23T09:30:00+00:00</CreDtTm><NbOfTxs>{count}</NbOfTxs><CtrlSum>{count}.00</CtrlSum><InitgPty><Nm>\
Breeze Bakery GmbH</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>{run}{first}-A</PmtInfId><PmtMtd>TRF</PmtMtd><PmtTpInf>\
<SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf><ReqdExctnDt><Dt>2026-11-24</Dt></ReqdExctnDt><Dbtr><Nm>Breeze Bakery GmbH</Nm>\
<PstlAdr><TwnNm>Hamburg</TwnNm><Ctry>DE</Ctry></PstlAdr></Dbtr><DbtrAcct><Id><IBAN>{iban}</IBAN></Id></DbtrAcct><DbtrAgt>\
<FinInstnId><BICFI>FINODEHHXXX</BICFI></FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>
"""
    body = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>{run}{n}</InstrId><EndToEndId>{run}{n:09d}</EndToEndId></PmtId><Amt>"
        f'<InstdAmt Ccy="EUR">1.00</InstdAmt></Amt><CdtrAgt><FinInstnId><BICFI>FINBNL2AXXX</BICFI></FinInstnId></CdtrAgt>'
        f"<Cdtr><Nm>{name(n)}</Nm><PstlAdr><TwnNm>Groningen</TwnNm><Ctry>NL</Ctry></PstlAdr></Cdtr><CdtrAcct><Id><IBAN>"
        f"NL55FINB0000000101</IBAN></Id></CdtrAcct><RmtInf><Ustrd>Invoice {n}</Ustrd></RmtInf></CdtTrfTxInf>\n"
        for n in range(first, first + count)
    )
    return (head + body + "</PmtInf></CstmrCdtTrfInitn></Document>\n").encode()


def ach(
    count: int, accounts: int = 1_000, first: int = 0, modifier: str = "A", batch: int = 5_000, time: str = "0930"
) -> bytes:
    """A PPD file of `count` credits of 1.00 USD to accounts 2000000 ... in batches."""
    lines = [
        f"101 091000019 121042882261123{time}{modifier}094101{'FINANCIAL OS BANK':23}{'PRAIRIE PAYROLL BANK':23}        "
    ]
    total_hash = total = 0
    starts = range(first, first + count, batch)
    for number, start in enumerate(starts, 1):
        end = min(start + batch, first + count)
        lines.append(f"5220{'PRAIRIE TOOLS':16}{'':20}1999999999PPD{'PAYROLL':10}NOV 26261124   112104288{number:07d}")
        lines.extend(
            f"622091000019{2_000_000 + n % accounts:<17d}{100:010d}{f'E{n:09d}':15}{name(n):22.22}  012104288{n - start + 1:07d}"
            for n in range(start, end)
        )
        n, h = end - start, 9_100_001 * (end - start) % 10**10
        lines.append(f"8220{n:06d}{h:010d}{0:012d}{n * 100:012d}1999999999{'':25}12104288{number:07d}")
        total_hash, total = total_hash + h, total + n
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(
        f"9{len(starts):06d}{blocks:06d}{total:08d}{total_hash % 10**10:010d}{0:012d}{total * 100:012d}{'':39}"
    )
    lines.extend(["9" * 94] * (-len(lines) % 10))
    return ("\n".join(lines) + "\n").encode()
