"""A dossier that comes in by SOAP goes the whole way, once, and leaves no personal data in the log."""

import json
from pathlib import Path
from typing import Any

import httpx
from lxml import etree

from tests.e2e.site import QUERY, Site, code_of, opened, submission
from tests.fakes.soap import HUB, TYPES, WSSE, call, content, envelope, security, token

NAME, NUMBER = "Trịnh Quốc Bảo Ẩn", "079187654321"
CODE = code_of(1)
DOSSIER = submission(1, applicant={"kind": "citizen", "name": NAME, "personal_number": NUMBER})


async def told(site: Site, body: str, version: str, *, status: int = 200) -> etree._Element:
    """Call with a UsernameToken and no HTTP header; return what the body of the answer holds."""
    header = security(token("H56.14/mot-cua", site.installed.token))
    assert WSSE in header
    async with httpx.AsyncClient(base_url=site.installed.address, timeout=30, trust_env=False) as client:
        message = envelope(body, version, header)
        answer = await client.post("/soap/v1", content=message, headers={"Content-Type": TYPES[version]})
    assert status == answer.status_code, answer.text
    return content(answer, version)


def text(found: etree._Element, name: str) -> str:
    """Return the text of the first element of that name."""
    return found.findtext(f".//{{{HUB}}}{name}") or ""


async def test_a_dossier_by_soap_reaches_the_portal_once(tmp_path: Path) -> None:
    """Sent by both versions and by REST under one key: one message, one effect, one record; a lookup is answered."""
    async with opened(tmp_path) as site:
        await site.start()
        key = "soap-1"
        message: Any = call("SubmitDossier", idempotency_key=key, dossier=DOSSIER)

        receipts = {text(await told(site, message, version), "message_id") for version in ("1.1", "1.2", "1.1")}
        receipts.add((await site.submit(DOSSIER, key)).json()["message_id"])
        await site.settled([CODE])

        assert 1 == len(receipts)
        assert {("dossier_created", CODE): 1, ("progress", CODE): 1} == dict(await site.effects())
        timeline = await told(site, call("GetDossierTimeline", dossier_code=CODE), "1.2")
        assert receipts == {text(timeline, "message_id")}
        status = await told(site, call("GetDossierStatus", message_id=receipts.pop()), "1.1")
        assert "delivered" == text(status, "state")
        found = await told(site, call("LookUpCitizen", query=QUERY), "1.2")
        assert ("one", QUERY["personal_number"]) == (text(found, "match"), text(found, "personal_number"))
        wrong = await told(site, call("LookUpCitizen", query={**QUERY, "full_name": NAME * 20}), "1.1", status=500)
        assert ("caller.invalid", "full_name") == (text(wrong, "code"), text(wrong, "path"))

        log = json.dumps(site.lines(), ensure_ascii=False)
        assert "/soap/v1" in log
        assert [] == [mark for mark in (NAME, NUMBER, QUERY["personal_number"], QUERY["full_name"]) if mark in log]


async def test_the_wsdl_of_an_installation(tmp_path: Path) -> None:
    """It leads back to the hub that served it, or to its public address."""
    async with opened(tmp_path) as site:
        await site.start()
        wsdl = (await site.caller.get("/soap/v1?wsdl")).content

        address = f"{site.installed.address}/soap/v1"
        assert {address} == {found.get("location") for found in etree.fromstring(wsdl).iter("{*}address")}
