"""`hub follow`: asks a running hub for the timeline of a dossier, and shows it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
from pydantic import ValidationError
from rich.console import Console

from hub.cli.terminal import ZONE, local, printable
from hub.errors import ConfigInvalid, Forbidden, NotFound, Unauthenticated, Unavailable
from schemas.timeline import DeliveryLine, Hop, MessageLine, Timeline

VARIABLE = "HUB_API_KEY"
TIMEOUT_S = 10.0
UNKNOWN_KEY = "the hub does not know this API key; one that was just made is known after a restart"
_KEY = re.compile(r"[!-~]{1,256}")


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
    if not _KEY.fullmatch(token):
        raise ConfigInvalid(f"{file or VARIABLE}: an API key is one word that begins with hk_, and stands there alone")
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
            raise Unauthenticated(UNKNOWN_KEY)
        case httpx.codes.FORBIDDEN:
            raise Forbidden("this API key may not follow dossiers; grants.yaml says who may (dossier.follow)")
        case status:
            raise Unavailable(f"the hub answered with HTTP {status}")


def show(timeline: Timeline, console: Console) -> None:
    """Print every message of the dossier, delivery by delivery with its tries; times are those of Viet Nam."""
    count = len(timeline.messages)
    lines = [f"Dossier {timeline.dossier_code}: {count} message{_s(count)}, times {ZONE}"]
    for message in timeline.messages:
        lines += ["", *_message(message)]
    # What platforms said is shown as it is: brackets are no markup, and lines are for the terminal to wrap.
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _message(message: MessageLine) -> Iterator[str]:
    yield f"{message.kind} revision {message.revision}, message {message.message_id}"
    sender = f"{message.sender_agency}/{message.sender_system}"
    yield f"  from {sender}, accepted {local(message.accepted_at)}"
    for delivery in message.deliveries:
        yield f"  {_delivery(delivery)}"
        for hop in message.hops:
            if (hop.operation, hop.part) == (delivery.operation, delivery.part):
                yield from _hop(hop)


def _delivery(line: DeliveryLine) -> str:
    part = f" [{line.part + 1} of {line.of}]" if line.of > 1 else ""
    tries = f"after {line.attempts} tr{'ies' if line.attempts > 1 else 'y'}" if line.attempts else "not tried yet"
    due = f"; next try {local(line.next_try_at)}" if line.next_try_at else ""
    return f"{line.operation}{part}: {line.state}, {tries}{'; possibly doubled' if line.possibly_doubled else ''}{due}"


def _hop(hop: Hop) -> Iterator[str]:
    what = hop.event if hop.attempt is None else f"{hop.event}, try {hop.attempt}"
    came = " ".join(str(part) for part in (hop.outcome_class, hop.code and f"(code {hop.code})") if part)
    left = f" -> {hop.state}" if hop.state else ""
    yield f"    {local(hop.at)}  {what}: {came}{left}"
    if hop.reason:
        yield f"      {printable(hop.reason)}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
