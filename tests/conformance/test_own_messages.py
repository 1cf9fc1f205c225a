"""Messages of our own with the fields and options that few samples have: valid, nothing silent, and a fixed point."""

from __future__ import annotations

import pytest

from gateway import formats
from gateway.cli.translation import Ends, Translation, target, translated
from tests.conformance import carried, official, pairs, sides

UETR = "{3:{121:0b8d52a1-6a35-4b6e-8f60-3d1f2b5c7a01}}"
ORDERED = ":50K:/12345\nERLENBACH GMBH\nAM BACH 1\n"
DEBTOR = ":59:/98765\nBRUNO DACHSBERG\nTALWEG 9\n"
MESSAGES = {
    "a debit told, with its owner": (
        "900",
        "",
        "camt.054",
        ":20:C1126\n:21:5482ABC\n:25P:9-9876543\nSEAMGB2LXXX\n:13D:2611241030+0100\n:32A:261124USD233530,\n"
        ":52A:OSTBDEFFXXX\n:72:/BNF/PAYMENT OF INVOICE\n//SECOND LINE",
    ),
    "a credit told, with clearing code": (
        "910",
        "",
        "camt.054",
        ":20:C1127\n:21:494936/DEV\n:25:6-9412771\n:32A:261124USD500000,\n:52D://FW021000089\nTHE OTHER BANK\nNEW YORK\n"
        ":56A:MIDLGB22XXX",
    ),
    "an interim report of many entries": (
        "942",
        "",
        "camt.052",
        ":20:234567\n:21:REQ1\n:25P:6894-77381\nOSTBDEFFXXX\n:28C:212/2\n:34F:EURD50000,\n:34F:EURC1000,\n"
        ":13D:2611241515+0200\n:61:2611241124D1200,NCHK123456//BR987\nSUPPLEMENT\n:86:TEXT OF ENTRY\n"
        ":61:2611231124RC80,FCHGNONREF\n:61:2611241124C999,S103OURREF/1//BANKREF\n:90D:2EUR1280,\n:90C:1EUR999,\n"
        ":86:END OF REPORT",
    ),
    "a page of a statement": (
        "940",
        "",
        "camt.053",
        ":20:234567\n:21:REQ1\n:25:6894-77381\n:28C:212/2\n:60M:C261124EUR100,\n:61:2611241124D1200,NCHK123456//BR987\n"
        ":86:/EREF/E2E-1//REMI/INVOICE 12\n:62M:D261124EUR1100,\n:64:C261124EUR5,\n:65:C261125EUR7,\n:86:END",
    ),
    "two statements asked for": (
        "920",
        "",
        "camt.060",
        ":20:3948\n:12:940\n:25:123-45678\n:12:942\n:25:999-1\n:34F:CHF1000000,",
    ),
    "money asked back from two banks": (
        "204",
        UETR,
        "pacs.010",
        ":20:XRF1\n:19:150000,\n:30:261124\n:57A:MGTCUS33XXX\n:58A:CHASGB2LXXX\n:72:/BNF/MARGIN CALL\n:20:T1\n:21:DEB1\n"
        ":32B:USD50000,\n:53A:MLNYUS33XXX\n:20:T2\n:21:DEB2\n:32B:USD100000,\n:53A:CHASUS33XXX",
    ),
    "two payments requested": (
        "101",
        UETR,
        "pain.001",
        ":20:FILEREF1\n:28D:1/1\n:50H:/9020123100\nALMA BIRKENTAL\n12 PIER STREET\nLONDON\n:52A:SEAMGB2LXXX\n:30:261125\n"
        ":21:TX1\n:23E:URGP\n:32B:USD118982,05\n:57A:CHASUS33XXX\n" + DEBTOR + ":70:INVOICE 5\n:77B:/ORDERRES/GB//X\n"
        ":71A:SHA\n:21:TX2\n:23E:PHON/12345\n:32B:USD50000,\n:57C://CP9999\n:59F:/26351-38100\n1/CARLA ERLENBACH\n"
        "2/MILL LANE\n3/US/CHICAGO\n:70:/INV/7\n:71A:OUR",
    ),
    "two collections, one in another currency": (
        "104",
        UETR,
        "pacs.003",
        ":20:REF1\n:21E:REG1\n:30:261125\n" + ORDERED + ":52A:OSTBDEFFXXX\n:26T:K90\n:77B:/BENEFRES/BE\n:71A:SHA\n"
        ":72:/TEXT/X\n:21:TX1\n:23E:AUTH\n:21C:MND1\n:21D:ABC\n:32B:EUR100,\n:57A:DEUTDEFFXXX\n" + DEBTOR + ":70:FEE\n"
        ":21:TX2\n:23E:NAUT\n:21C:MND2\n:32B:EUR50,\n:57A:DEUTDEFFXXX\n:59:/77\nDEBTOR WOMAN\n:33B:USD60,\n:36:1,2\n"
        ":32B:EUR150,",
    ),
    "a cheque stopped, of a dated amount": (
        "111",
        UETR,
        "camt.108",
        ":20:STOP1\n:21:CHQ4711\n:30:261120\n:32A:261120USD1829,\n:52A:OSTBDEFFXXX\n:59:BRUNO DACHSBERG\nTALWEG 9\n"
        ":75:/RequestedByCustomer/LOST",
    ),
    "a notice taken back, with its reason": (
        "292",
        UETR,
        "camt.058",
        ":20:CX1\n:21:NTC1\n:11S:210\n261124\n:79:/NOLE/NOT NEEDED\n:21:ITEM1\n:32B:EUR100,\n:52A:DEUTDEFFXXX",
    ),
    "a notice taken back as a whole": (
        "292",
        UETR,
        "camt.058",
        ":20:CX1\n:21:NTC1\n:11S:210\n261124\n:79:/NOLE/\n:32B:EUR100,",
    ),
    "a rejection that names the field": (
        "199",
        UETR,
        "pacs.002",
        ":20:RJ1\n:21:REF9\n:79:/REJT/32A\n/AM04/NO MONEY\n/MREF/REF9\n/TREF/E2E-9\n/TEXT/PLEASE LOOK\n//AND LOOK",
    ),
    "a recall with copies": (
        "192",
        UETR,
        "camt.056",
        ":20:CX1\n:21:REF9\n:11S:103\n2611241234123456\n:79:/AM09/WRONG AMOUNT SENT\n//BY US\n:20:REF9\n:23B:CRED\n"
        ":32A:261123EUR1500,50\n:50K:/1234567\nALMA BIRKENTAL\n:59:/7654321\nBRUNO DACHSBERG\n:70:/ROC/E2E-77\n:71A:SHA",
    ),
    "a recall of a request": ("192", UETR, "camt.055", ":20:CX1\n:21:REF9\n:11S:101\n261124\n:79:/DUPL/\n:32B:EUR10,"),
    "a query": ("195", UETR, "camt.026", ":20:Q1\n:21:REF9\n:75:/2/PLEASE SAY THE NAME\n:77A:MORE\n:11S:103\n261124"),
    "a transfer with codes and times": (
        "205",
        UETR,
        "pacs.009",
        ":20:T1\n:21:E2E\n:13C:/CLSTIME/0915+0100\n:32A:261124EUR50000,\n:52A:DEUTDEFFXXX\n:53B:/C/123\n"
        ":57D://BL10020030\nBANK NAME\nBERLIN\n:58D:/77\nOTHER BANK\nHAMBURG\n:72:/INS/CHASUS33XXX\n/BNF/HELLO WORLD",
    ),
    "a payment with nearly every option": (
        "103",
        UETR,
        "pacs.008",
        ":20:T1\n:13C:/SNDTIME/0915+0100\n:23B:CRED\n:23E:TELB/CALL\n:26T:K90\n:32A:261124EUR50000,\n:33B:USD60000,\n"
        ":36:1,2\n:50F:DRLC/GB/LONDON/123\n1/ALMA BIRKENTAL\n2/PIER 12\n3/GB/LONDON,SE1\n:51A:OSTBDEFFXXX\n:52D:/123\n"
        "A BANK\nPLACE\n:53A:/77\nCHASUS33XXX\n:56D://FW021000089\nMIDDLE BANK\nNEW YORK\n:57C://SC112233\n:59A:/GB12\n"
        "CHASUS33XXX\n:70:/RFB/ABC-1\n:71A:BEN\n:71F:USD1,\n:71F:USD2,\n:72:/REC/TELL THEM\n//NOW\n/ACC/DO IT\n"
        ":77B:/ORDERRES/GB//ABC\n//DEF",
    ),
}


# What each type of ISO 20022 becomes.
OTHERS = {
    "camt.026": ["MT195"],
    "camt.027": ["MT195"],
    "camt.029": ["MT196"],
    "camt.052": ["MT942"],
    "camt.053": ["MT940"],
    "camt.054": ["MT900", "MT910"],
    "camt.055": ["MT192"],
    "camt.056": ["MT192"],
    "camt.057": ["MT210"],
    "camt.058": ["MT292"],
    "camt.060": ["MT920"],
    "camt.087": ["MT195"],
    "pacs.002": ["MT199"],
    "pacs.003": ["MT104"],
    "pacs.004": ["MT103"],
    "pacs.008": ["MT103"],
    "pacs.009": ["MT202", "MT202COV"],
    "pacs.010": ["MT204"],
    "pain.001": ["MT101"],
    "pain.008": ["MT104"],
}
SAMPLES = pairs.CORPUS / "iso20022" / "samples"
LARGEST = 200_000


def fin(type: str, user: str, body: str) -> bytes:
    head = f"{{1:F01SEAMGB2LXXXX0000000000}}{{2:O{type}1140261124OSTBDEFFXXXX00000000002611241140N}}"
    return f"{head}{user}{{4:\n{body}\n-}}".replace("\n", "\r\n").encode()


def over(data: bytes, type: str) -> Translation:
    codec = formats.detect(data)
    assert codec is not None
    return translated(codec.decode(data), type, Ends(now_ns=pairs.NOW_NS), header=True)


def written(data: bytes, type: str) -> bytes:
    """The translation, of which nothing may be silent; what the official schema says of it must be yes."""
    done = over(data, type)
    assert not done.refusals
    out = b"".join(frame.data for frame in done.frames)
    assert pairs._is_fin(out) or official.valid(done.frames[0].data)
    assert carried.silent(pairs._read(data), pairs._read(out), [loss.element for _, loss in done.losses]) == []
    return out


@pytest.mark.parametrize("name", MESSAGES)
def test_over_back_and_over_again(name: str) -> None:
    type, user, other, body = MESSAGES[name]
    there = written(fin(type, user, body), target(other))
    back = written(there, f"MT{type}")
    again = written(back, target(other))
    assert written(again, f"MT{type}") == back


def test_what_they_become() -> None:
    def leaves(name: str) -> sides.Leaves:
        type, user, other, body = MESSAGES[name]
        return {
            path.partition("/")[2]: text
            for path, text in sides.xml(written(fin(type, user, body), target(other))).items()
        }

    debit = leaves("a debit told, with its owner")
    assert not any("OrgnlBizQry" in path for path in debit)  # 21 names the payment, and no request
    assert debit["BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry/NtryDtls/TxDtls/Refs/EndToEndId"] == "5482ABC"
    collections = leaves("two collections, one in another currency")
    assert collections["FIToFICstmrDrctDbt/DrctDbtTxInf/Purp/Prtry"] == "K90"
    assert collections["FIToFICstmrDrctDbt/DrctDbtTxInf/RgltryRptg/DbtCdtRptgInd"] == "CRED"
    assert collections["FIToFICstmrDrctDbt/DrctDbtTxInf/RgltryRptg/Dtls/Ctry"] == "BE"
    requested = leaves("two payments requested")
    assert requested["CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/RgltryRptg/Dtls/Inf"] == "X"
    assert requested["CstmrCdtTrfInitn/GrpHdr/MsgId"] == "FILEREF1"
    names = [requested[f"CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf{n}/PmtId/InstrId"] for n in ("", "[2]")]
    assert names == ["TX1", "TX2"]
    stopped = leaves("a cheque stopped, of a dated amount")
    assert (stopped["ChqCxlOrStopReq/Chq/Amt"], stopped["ChqCxlOrStopReq/Chq/FctvDt/Dt"]) == ("1829.00", "2026-11-20")
    recalled = leaves("a notice taken back, with its reason")
    assert recalled["NtfctnToRcvCxlAdvc/CxlRsn/Rsn/Cd"] == "NOLE"
    assert recalled["NtfctnToRcvCxlAdvc/CxlRsn/AddtlInf"] == "NOT NEEDED"
    whole = leaves("a notice taken back as a whole")
    assert whole["NtfctnToRcvCxlAdvc/OrgnlNtfctn/OrgnlNtfctnRef/OrgnlItm/OrgnlItmId"] == "NOTPROVIDED"


def test_a_request_keeps_the_names_of_its_transactions() -> None:
    type, user, other, body = MESSAGES["two payments requested"]
    there = written(fin(type, user, body), target(other))
    changed = there.replace(b"<EndToEndId>TX2<", b"<EndToEndId>A-NAME-THAT-21-HAS-NO-ROOM-FOR<")
    back = written(changed, "MT101")
    assert back.count(b"{1:F01") == 1
    assert b":20:FILEREF1\r\n" in back
    assert b":21:TX2\r\n" in back
    assert b":70:/ROC/A-NAME-THAT-21-HAS-NO-ROOM-FOR" in back.replace(b"\r\n", b"")


def test_the_offset_of_local_times() -> None:
    data = fin("900", "", MESSAGES["a debit told, with its owner"][3])
    codec = formats.detect(data)
    assert codec is not None
    decoded = codec.decode(data)
    for minutes, time in ((0, "11:40"), (60, "10:40"), (-300, "16:40")):
        (frame,) = translated(decoded, "camt.054.001.08", Ends(offset_minutes=minutes)).frames
        assert f"<CreDtTm>2026-11-24T{time}:00.000+00:00</CreDtTm>".encode() in frame.data
        assert b"<CreDtTm>2026-11-24T10:30:00+01:00</CreDtTm>" in frame.data  # 13D says its own


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLES.exists(), reason=f"there are no samples at {SAMPLES}")
def test_nothing_of_the_samples_is_lost_in_silence() -> None:
    judged = 0
    for path in sorted(SAMPLES.rglob("*.xml")):
        data = path.read_bytes()
        for type in OTHERS.get(sides.type_of_xml(data)[:8], ()) if len(data) <= LARGEST else ():
            codec = formats.detect(data[:4096])
            if codec is None:
                continue
            done = translated(codec.decode(data), type, Ends(now_ns=pairs.NOW_NS))
            if done.refusals or len(done.frames) != 1 or done.frames[0].data.count(b"{1:F01") != 1:
                continue  # of several messages only the first would be looked at
            named = [loss.element for _, loss in done.losses]
            assert carried.silent(sides.xml(data), sides.fin(done.frames[0].data), named) == [], (path.name, type)
            judged += 1
    assert judged > 100
