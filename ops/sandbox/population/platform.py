"""The population database as a platform: credentials in front, one service behind."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

from ops.sandbox.clock import Clock
from ops.sandbox.exchange import HTML_TYPE, XML_TYPE, Reply, Request
from ops.sandbox.fault import Call, Fault, Twist
from ops.sandbox.ledger import Effect, Ledger, Origin, Row
from ops.sandbox.platform import NotOffered
from ops.sandbox.population.credentials import Credentials
from ops.sandbox.population.envelope import Reader, Unreadable, collection, soap_fault
from ops.sandbox.population.people import People
from ops.sandbox.population.settings import PopulationSettings

SERVICE = "TraCuuThongTinCongDan"
LOOKUP = "lookup"

_TEXT_TYPE = b"text/plain; charset=utf-8"
_FIREWALL_PAGE = b"<html><head><title>Request Rejected</title></head><body>SANDBOX: request rejected</body></html>"


def _is_lookup(call: Call) -> bool:
    return call.service == SERVICE


class Population:
    """Service 037 over SOAP 1.1."""

    name = "population"
    twists: Mapping[str, Twist] = {"soap_fault": _is_lookup, "empty": _is_lookup, "clock_skew": _is_lookup}

    def __init__(self, settings: PopulationSettings, ledger: Ledger, clock: Clock) -> None:
        self.body_bytes_max = settings.body_bytes_max
        self._settings = settings
        self._ledger = ledger
        self._credentials = Credentials(settings, clock)
        self._api_key = settings.api_key.encode()
        self._client = settings.client.encode()
        self._reader = Reader()
        self._people = People.invented()
        self._refusals: Counter[str] = Counter()
        self._lookups = 0

    def restore(self, row: Row) -> None:
        """Count a lookup that was written before a restart."""
        self._lookups += row["kind"] == LOOKUP

    def read(self, request: Request) -> Call:
        """Understand a request as far as its address tells; its content is read when it acts."""
        if request.path != self._settings.path:
            return Call("", lambda _twist: self._refuse(404, "path"))
        if request.method != "POST":
            return Call("", lambda _twist: self._refuse(405, "method"))
        return Call(SERVICE, partial(self._answer, request), partial(self._about, request))

    def too_large(self) -> Reply:
        """Refuse a body over the limit."""
        return self._refuse(413, "size")

    def firewall_page(self) -> Reply:
        """Answer 200 with a page of HTML, as application firewalls do."""
        return Reply(200, _FIREWALL_PAGE, HTML_TYPE)

    def expire_sessions(self) -> int:
        """Refuse: every call carries its own proof."""
        raise NotOffered("the population database has no sessions")

    def rotate(self, credentials: Mapping[str, str]) -> None:
        """Change the secret of the hash until the next restart."""
        if credentials.keys() != {"secret"} or not credentials["secret"]:
            raise NotOffered('the population database rotates {"secret": "..."}')
        self._credentials.secret = credentials["secret"]

    def tamper(self, order: str, key: str, fields: Mapping[str, str]) -> None:  # noqa: ARG002 - the protocol
        """Refuse: nothing that it shows was sent by the hub."""
        raise NotOffered("the population database's people are the same for everybody")

    def state(self) -> dict[str, object]:
        """Return sizes, settings without secrets, and whom one can ask for."""
        settings = self._settings.model_dump(exclude={"secret", "api_key"})
        return {"lookups": self._lookups, "settings": settings, "people": self._people.listing()}

    def refusals(self) -> dict[str, int]:
        """Return the refusals by reason."""
        return dict(self._refusals)

    def _answer(self, request: Request, twist: Fault | None) -> Reply:
        kind = None if twist is None else twist.kind
        if (refusal := self._header_refusal(request.headers, clock_wrong=kind == "clock_skew")) is not None:
            return refusal
        if request.headers.get(b"soapaction") != b'""':
            return self._fault("Client", 'SOAPAction must be ""', "soap_action")
        try:
            lookup = self._reader.lookup(request.body)
        except Unreadable as unreadable:
            return self._fault("Client", str(unreadable), "unreadable")
        people = self._people.matching(lookup)
        seen = {"MaDVC": lookup.public_service, "MaCanBo": lookup.officer, "MaDonVi": lookup.unit}
        effect = Effect(LOOKUP, lookup.request_id, {**seen, "TaiKhoan": lookup.account, "matches": len(people)})
        self._ledger.append(Origin(request.connection, SERVICE), [effect])
        self._lookups += 1
        if kind == "soap_fault":
            return self._fault("Server", "Dịch vụ tạm thời không sẵn sàng", "on_command")
        return Reply(200, collection([] if kind == "empty" else [one.xml for one in people]), XML_TYPE)

    def _header_refusal(self, headers: Mapping[bytes, bytes], *, clock_wrong: bool) -> Reply | None:
        if (reason := self._credentials.refusal(headers, clock_wrong=clock_wrong)) is not None:
            return self._refuse(401, reason, ((b"www-authenticate", b'Basic realm="SANDBOX"'),))
        if headers.get(b"x-road-client") != self._client:
            return self._refuse(self._settings.refusal_status, "client")
        if headers.get(b"apikey") != self._api_key:
            return self._refuse(self._settings.refusal_status, "api_key")
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/xml":
            return self._refuse(415, "content_type")
        return None

    def _about(self, request: Request) -> tuple[str, ...]:
        try:
            return (self._reader.lookup(request.body).request_id,)
        except Unreadable:
            return ()

    def _refuse(self, status: int, reason: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
        self._refusals[reason] += 1
        return Reply(status, f"SANDBOX: refused for {reason}\n".encode(), _TEXT_TYPE, headers)

    def _fault(self, side: str, text: str, reason: str) -> Reply:
        self._refusals[reason] += 1
        return Reply(self._settings.fault_status, soap_fault(side, text), XML_TYPE)
