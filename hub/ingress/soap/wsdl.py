"""The contract as it is served: the files of `schemas.soap` with the address under which they were asked for."""

import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files

from starlette.requests import Request

from hub.errors import Malformed, NotFound

WSDL = "hub.wsdl"
SCHEMAS = ("hub.xsd", "problem.xsd")
ADDRESS = "http://localhost/soap/v1"
"""The address in the file, which the served document replaces."""

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?")


class Contract:
    """The WSDL and its schemas. `public_url` is the address of the hub as callers know it; without one, the request's
    own host is taken.
    """

    def __init__(self, path: str, public_url: str | None = None) -> None:
        self._path = path
        self._public_url = public_url
        self._texts: Mapping[str, str] = {name: _text(name) for name in (WSDL, *SCHEMAS)}

    def served(self, request: Request) -> bytes | None:
        """Return the document that the query asks for; None when it asks for none. NotFound for an unknown schema.

        Malformed when the Host header is no host, and nothing better is configured.
        """
        asked = {name.lower(): value for name, value in request.query_params.items()}
        if "wsdl" in asked:
            return self._document(WSDL, request)
        if "xsd" not in asked:
            return None
        if asked["xsd"] not in SCHEMAS:
            raise NotFound("no such schema")
        return self._document(asked["xsd"], request)

    def _document(self, name: str, request: Request) -> bytes:
        address = escape(self._address(request))
        text = self._texts[name].replace(f'"{ADDRESS}"', f'"{address}"')
        for schema in SCHEMAS:
            text = text.replace(f'schemaLocation="{schema}"', f'schemaLocation="{address}?xsd={schema}"')
        return text.encode()

    def _address(self, request: Request) -> str:
        if self._public_url:
            return f"{self._public_url}{self._path}"
        host = request.headers.get("host", "")
        if not _HOST.fullmatch(host):
            raise Malformed("Host header")
        return f"{request.scope['scheme']}://{host}{self._path}"


def _text(name: str) -> str:
    return files("schemas.soap").joinpath(name).read_text(encoding="utf-8")
