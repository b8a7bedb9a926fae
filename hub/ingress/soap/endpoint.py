"""The SOAP door: reads a message, asks the use case, writes the answer. No decisions of its own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from hub.access import Principal
from hub.errors import CallerError, HubError, HubFault, Unauthenticated
from hub.ingress.endpoints import RestRooms
from hub.ingress.reading import HEAVY_BYTES, bearer_token, read_body
from hub.ingress.soap.addressing import addressing, understands
from hub.ingress.soap.bind import written
from hub.ingress.soap.envelope import Envelope, NotUnderstood, opened
from hub.ingress.soap.fault import Wording, fault_response, new_envelope, plain_problem, xml_response
from hub.ingress.soap.operations import Operation, operation_of
from hub.ingress.soap.parse import parse
from hub.ingress.soap.security import SECURITY, authenticated, credentials
from hub.ingress.soap.version import NAMESPACE, Declared, declared
from hub.ingress.soap.wsdl import Contract
from hub.ingress.visit import Visit
from schemas.model import Model
from schemas.problem import Origin

PATH = "/soap/v1"
_DOCUMENT = "text/xml; charset=utf-8"

Result = TypeVar("Result")


def soap_routes(rooms: RestRooms, public_url: str | None = None) -> list[BaseRoute]:
    """Return the routes of the SOAP door, for `rest_app(rooms, doors=...)`.

    `public_url` (`https://host`, no slash at its end) is the hub's address in the WSDL; without one it is that of the
    request. RestRooms are the rooms of this door too: the use cases are the same.
    """
    return [Route(PATH, SoapDoor(rooms, Contract(PATH, public_url)), name="soap")]


@dataclass(slots=True)
class _Talk:
    """One request under way: what is known of it so far."""

    declared: Declared
    visit: Visit
    relates_to: str = ""

    @property
    def wording(self) -> Wording:
        return Wording(self.declared.version, self.relates_to)


class SoapDoor:
    """An ASGI application at one path. Large bodies are read in a thread, so that they hold up nobody else."""

    def __init__(self, rooms: RestRooms, contract: Contract) -> None:
        self._rooms = rooms
        self._contract = contract
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="soap")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. What nobody foresaw is answered with a fault and raised, for the gate to record it."""
        request = Request(scope, receive)
        if request.method != "POST":
            await self._document(request)(scope, receive, send)
            return
        visit = Visit.of(scope)
        try:
            talk = _Talk(declared(request), visit)
        except HubError as error:
            _note(visit, error)
            await plain_problem(error, visit.correlation_id)(scope, receive, send)
            return
        try:
            response = await self._answered(request, talk)
        except HubError as error:
            _note(visit, error)
            response = fault_response(error, visit.correlation_id, talk.wording)
        except Exception:
            visit.code = HubFault.code
            await fault_response(HubFault(), visit.correlation_id, talk.wording)(scope, receive, send)
            raise
        await response(scope, receive, send)

    def _document(self, request: Request) -> Response:
        """Return what a GET asks for, or the refusal of the method."""
        found = self._contract.served(request) if request.method in ("GET", "HEAD") else None
        if found is None:
            visit = Visit.of(request.scope)
            error = CallerError("method", code="caller.method")
            _note(visit, error)
            refusal = plain_problem(error, visit.correlation_id)
            refusal.headers["Allow"] = "GET, HEAD, POST"
            return refusal
        return Response(found, headers={"Content-Type": _DOCUMENT})

    async def _answered(self, request: Request, talk: _Talk) -> Response:
        holder = self._holder(request)
        body = await read_body(request, self._rooms.body_bytes_max, self._rooms.body_wait_s)
        heavy = len(body) > HEAVY_BYTES
        envelope = await self._apart(heavy, lambda: opened(parse(body), talk.declared.version))
        about = addressing(envelope.blocks)
        talk.relates_to = about.message_id
        _check_understood(envelope)
        principal = talk.visit.principal = self._principal(envelope, holder)
        operation = operation_of(envelope.content, (talk.declared.action, about.action))
        ask = await self._apart(heavy, lambda: operation.read(envelope.content, about.message_id))
        return _answer(operation, await ask(self._rooms, principal), talk.wording)

    def _holder(self, request: Request) -> Principal | None:
        """Return the caller whom the Authorization header names, before anything of the body is read."""
        if "authorization" not in request.headers:
            return None
        return self._rooms.api_keys.authenticate(bearer_token(request))

    def _principal(self, envelope: Envelope, holder: Principal | None) -> Principal:
        """Return the caller. Unauthenticated when nobody is named, or two are."""
        said = credentials(envelope.blocks, self._rooms.clock.now())
        named = authenticated(said, self._rooms.api_keys) if said else holder
        if named is None or (holder is not None and named != holder):
            raise Unauthenticated("no caller, or two")
        return named

    async def _apart(self, heavy: bool, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reader, work) if heavy else work()


def _check_understood(envelope: Envelope) -> None:
    blocks = (block.element for block in envelope.blocks if block.must_understand)
    if unknown := [str(element.tag) for element in blocks if element.tag != SECURITY and not understands(element)]:
        raise NotUnderstood(unknown)


def _answer(operation: Operation, model: Model, wording: Wording) -> Response:
    envelope, body = new_envelope(wording, operation.answer_action)
    wrapper = etree.SubElement(body, f"{{{NAMESPACE}}}{operation.name}Response")
    written(wrapper, operation.answer, model)
    return xml_response(envelope, wording.version)


def _note(visit: Visit, error: HubError) -> None:
    visit.code = error.problem_code
    if error.origin is Origin.HUB:
        visit.hint = error.hint
