"""SOAP as callers write and read it, on lxml alone: what the door's own code says is not asked here."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from lxml import etree

from hub.ingress.examples import QUERY, SUBMISSION
from schemas.model import Model
from schemas.problem import Problem
from tests.fakes.rest import House

HUB = "urn:hub:soap:v1"
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"


def element(name: str, value: Any) -> etree._Element:
    """Return a value of JSON as an element: objects become children, lists repeat, None is left out."""
    made = etree.Element(f"{{{HUB}}}{name}", nsmap={"h": HUB})
    if isinstance(value, Mapping):
        for field, member in value.items():
            items = member if isinstance(member, list) else [member]
            made.extend(element(field, item) for item in items if item is not None)
    else:
        made.text = json.dumps(value) if isinstance(value, bool) else str(value)
    return made


def call(operation: str, **parts: Any) -> str:
    """Return the body of a call."""
    return etree.tostring(element(operation, parts), encoding="unicode")


def submit(key: str | None = "k1", **changes: Any) -> str:
    """Return the example submission as a call, with changes."""
    return call("SubmitDossier", idempotency_key=key, dossier={**SUBMISSION, **changes})


def look_up(**changes: Any) -> str:
    """Return the example lookup as a call, with changes."""
    return call("LookUpCitizen", query={**QUERY, **changes})


def envelope(body: str, version: str = "1.1", header: str = "") -> bytes:
    """Return a whole message; `s` is the prefix of the envelope."""
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{ENVELOPES[version]}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()


def security(inner: str) -> str:
    """Return a Security header."""
    return f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}" s:mustUnderstand="1">{inner}</w:Security>'


def token(username: str, password: str, kind: str = TEXT) -> str:
    """Return a UsernameToken."""
    return (
        f'<w:UsernameToken u:Id="t"><w:Username>{username}</w:Username>'
        f'<w:Password Type="{kind}">{password}</w:Password></w:UsernameToken>'
    )


async def post(house: House, message: bytes, version: str = "1.1", **headers: str) -> httpx.Response:
    """Send a message as `motcua`, with changed headers; an empty value drops one."""
    sent = {"Authorization": f"Bearer {house.tokens['motcua']}", "Content-Type": TYPES[version]}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with house.client() as client:
        return await client.post(
            "/soap/v1", content=message, headers={name: value for name, value in sent.items() if value}
        )


def content(answer: httpx.Response, version: str = "1.1") -> etree._Element:
    """Return the one element of the body of an answer of that version."""
    assert TYPES[version] == answer.headers["content-type"]
    root = etree.fromstring(answer.content)
    assert f"{{{ENVELOPES[version]}}}Envelope" == root.tag
    (found,) = root.find(f"{{{ENVELOPES[version]}}}Body")  # type: ignore[misc]  # a test that finds none should fail
    assert isinstance(found, etree._Element)
    return found


def value(found: etree._Element, model: type[Model]) -> dict[str, Any]:
    """Return an element as JSON, by the lists, numbers and truths of a model's schema."""
    schema = model.model_json_schema(mode="serialization")
    read = _value(found, schema, schema.get("$defs", {}))
    assert isinstance(read, dict)
    return read


def _value(found: etree._Element, form: Mapping[str, Any], defs: Mapping[str, Any]) -> Any:
    form = next((arm for arm in form.get("anyOf", ()) if arm.get("type") != "null"), form)
    form = defs[form["$ref"].rpartition("/")[2]] if "$ref" in form else form
    if "properties" not in form:
        text = found.text or ""
        return int(text) if form["type"] == "integer" else text == "true" if form["type"] == "boolean" else text
    read: dict[str, Any] = {}
    for child in found:
        name = etree.QName(child).localname
        field = form["properties"][name]
        if field.get("type") == "array":
            read.setdefault(name, []).append(_value(child, field["items"], defs))
        else:
            read[name] = _value(child, field, defs)
    return read


def fault(answer: httpx.Response, version: str = "1.1") -> tuple[str, Problem]:
    """Return the fault code, without its prefix, and the problem in the detail."""
    found = content(answer, version)
    assert f"{{{ENVELOPES[version]}}}Fault" == found.tag
    soap = f"{{{ENVELOPES[version]}}}"
    code, detail = ("faultcode", "detail") if version == "1.1" else (f"{soap}Code/{soap}Value", f"{soap}Detail")
    (told,) = found.find(detail)  # type: ignore[misc]  # as above
    assert f"{{{HUB}}}Problem" == told.tag
    text = found.findtext(code) or ""
    problem = Problem.model_validate_json(json.dumps(value(told, Problem)))
    assert answer.headers["x-correlation-id"] == problem.correlation_id
    return text.partition(":")[2], problem


def told(answer: httpx.Response, version: str = "1.1") -> list[tuple[str, str]]:
    """Return the (path, rule) pairs of a fault."""
    return [(field.path, field.rule) for field in fault(answer, version)[1].fields]
