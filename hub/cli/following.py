"""`hub follow`: asks a running hub for the timeline of a dossier, and shows it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table

from hub.errors import ConfigInvalid, Forbidden, NotFound, Unauthenticated, Unavailable
from schemas.timeline import DeliveryLine, Hop, MessageLine, Timeline

VARIABLE = "HUB_API_KEY"
TIMEOUT_S = 10.0
_ZONE = "Asia/Ho_Chi_Minh"
_HEADS = ("what", "operation", "try", "state", "outcome", "next try")


def read_key(file: Path | None, environ: Mapping[str, str]) -> str:
    """Return the API key from a file, or from the environment. ConfigInvalid when there is none."""
    if file is None:
        token = environ.get(VARIABLE, "")
    else:
        try:
            token = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigInvalid(f"{file} cannot be read as an API key") from None
    if not token:
        raise ConfigInvalid(f"an API key is needed: set {VARIABLE}, or name a file with --key")
    return token


def fetch_timeline(address: str, code: str, token: str, transport: httpx.BaseTransport | None = None) -> Timeline:
    """Ask the hub at `address`. Errors: NotFound, Unauthenticated, Forbidden, Unavailable."""
    path = f"/v1/dossiers/{quote(code, safe='')}/timeline"
    try:
        with httpx.Client(base_url=address, timeout=TIMEOUT_S, transport=transport) as client:
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
    except (httpx.HTTPError, httpx.InvalidURL):
        raise Unavailable(f"no hub answers at {address}; is it running?") from None
    return _read(answer, code)


def _read(answer: httpx.Response, code: str) -> Timeline:
    match answer.status_code:
        case httpx.codes.OK:
            try:
                return Timeline.model_validate_json(answer.content)
            except ValidationError:
                raise Unavailable("what answered is not a hub, or one of another version") from None
        case httpx.codes.NOT_FOUND:
            raise NotFound(f"{code}: the hub knows no such dossier, or it belongs to another agency")
        case httpx.codes.UNAUTHORIZED:
            raise Unauthenticated("the hub does not know this API key")
        case httpx.codes.FORBIDDEN:
            raise Forbidden("this API key may not follow dossiers; grants.yaml says who may (dossier.follow)")
        case status:
            raise Unavailable(f"the hub answered with HTTP {status}")


def show(timeline: Timeline, console: Console) -> None:
    """Print every message of the dossier with its deliveries and hops; times are those of Viet Nam."""
    console.print(f"Dossier {timeline.dossier_code}: {len(timeline.messages)} message(s), times {_ZONE}")
    for message in timeline.messages:
        console.print(_table(message, ZoneInfo(_ZONE)))
        for line in message.deliveries:
            console.print(f"  {_delivery(line)}")


def _table(message: MessageLine, zone: ZoneInfo) -> Table:
    title = (
        f"{message.kind} revision {message.revision} from {message.sender_agency}/{message.sender_system}, "
        f"accepted {_local(message.accepted_at, zone)}, message {message.message_id}"
    )
    table = Table(Column("when", no_wrap=True), *_HEADS, title=title, title_justify="left")
    for hop in message.hops:
        table.add_row(*_cells(hop, zone))
    return table


def _cells(hop: Hop, zone: ZoneInfo) -> Iterator[str]:
    yield _local(hop.at, zone)
    yield hop.event
    yield _operation(hop.operation or hop.platform, hop.part)
    yield " ".join(str(part) for part in (hop.attempt, hop.step) if part is not None)
    yield hop.state or ""
    yield " ".join(part for part in (hop.outcome_class, hop.code, hop.reason) if part)
    yield _local(hop.next_try_at, zone) if hop.next_try_at else ""


def _delivery(line: DeliveryLine) -> str:
    words = [_operation(line.operation, line.part if line.of > 1 else None), line.state, f"after {line.attempts} tries"]
    if line.possibly_doubled:
        words.append("possibly doubled")
    return ", ".join(words)


def _operation(operation: str | None, part: int | None) -> str:
    return (operation or "") + ("" if part is None else f" [{part + 1}]")


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d/%m/%Y %H:%M:%S}"
