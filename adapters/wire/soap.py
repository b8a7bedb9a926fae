"""SOAP 1.1 calls that zeep makes from a WSDL of our own and sends over the adapters' HTTP client.

zeep's own transport has no place here: it writes envelopes to the log, reads replies without a bound and replaces the
client's headers; and its settings keep extra headers per thread, where concurrent calls of one loop would mix them up.
So each call brings a transport of its own. zeep hands the raw answer through; `adapters.wire.soap_reply` reads it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import httpx
from lxml import etree
from zeep import AsyncClient, Settings
from zeep.proxy import AsyncServiceProxy
from zeep.wsdl import Document

from adapters.wire.client import WireClient
from adapters.wire.exchange import Answer, exchange

_SETTINGS = Settings(strict=True, forbid_dtd=True, forbid_external=True, xml_huge_tree=False, raw_response=True)
_documents: dict[tuple[str, str], Any] = {}
_loading = threading.Lock()


def load_contract(package: str, wsdl: str) -> Any:
    """Return the zeep document of a WSDL file that lies, with its schemas, in a package; read once in a process.

    Safe to call from several threads. Never uses the network. FileNotFoundError when a file is missing.
    """
    with _loading:
        if (package, wsdl) not in _documents:
            files: Any = _PackageFiles(package)
            _documents[package, wsdl] = Document(f"file:///{wsdl}", files, settings=_SETTINGS)
        return _documents[package, wsdl]


@dataclass(frozen=True, slots=True)
class SoapService:
    """One binding of a contract at one address. `binding` is a name in braces notation, `{namespace}local`."""

    contract: Any
    binding: str
    address: httpx.URL

    async def call(self, operation: str, fields: Mapping[str, object], road: "SoapRoad") -> Answer:
        """Send one call and return the whole answer, whatever it is.

        Errors: those of `adapters.wire.exchange.exchange`. ValueError, and zeep's ValidationError, before anything is
        sent, for fields that the contract or XML do not take: a fault of the adapter.
        """
        client = AsyncClient(self.contract, transport=road, settings=_SETTINGS)  # type: ignore[no-untyped-call]  # zeep has no annotations here
        binding = self.contract.bindings[self.binding]
        service = AsyncServiceProxy(client, binding, address=self.address)  # type: ignore[no-untyped-call]  # same
        answer: Answer = await service[operation](**fields)
        return answer


@dataclass(frozen=True, slots=True)
class SoapRoad:
    """The road of one call, in the place of zeep's transport: its HTTP headers, its deadline and its bound.

    `deadline` is a time of the running event loop's clock.
    """

    http: WireClient
    headers: Mapping[str, str]
    deadline: float
    reply_bytes_max: int

    async def post_xml(self, address: httpx.URL, envelope: Any, headers: Mapping[str, str]) -> Answer:
        """Send the envelope, with an empty header as the observed clients have it. Our HTTP headers win over zeep's."""
        envelope.insert(0, etree.Element(etree.QName(etree.QName(envelope).namespace, "Header")))
        return await exchange(
            self.http,
            "POST",
            address,
            headers={**headers, **self.headers},
            content=etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"),
            deadline=self.deadline,
            reply_bytes_max=self.reply_bytes_max,
        )


@dataclass(frozen=True, slots=True)
class _PackageFiles:
    """Loads documents for zeep out of one package and from nowhere else, whatever their addresses say."""

    package: str

    def load(self, url: str) -> bytes:
        """Return the file of that name; folders in the address are ignored."""
        return resources.files(self.package).joinpath(url.rpartition("/")[2]).read_bytes()
