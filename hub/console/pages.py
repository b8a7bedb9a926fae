"""The live page: what was accepted and how deliveries stand, per platform. No personal data, nothing from elsewhere."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from types import MappingProxyType

from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from schemas.problem import Words

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASSETS = MappingProxyType(
    {"overview.css": "text/css", "overview.js": "text/javascript", "icon.svg": "image/svg+xml"},
)
"""Every file that the page uses, with its media type."""


@dataclass(frozen=True, slots=True)
class Column:
    """One state as the page shows it. `waiting` counts what is in flight too."""

    name: str
    words: Words
    meaning: Words


COLUMNS = (
    Column(
        "delivered",
        Words("Đã gửi", "Delivered"),
        Words("Nền tảng đã xác nhận.", "The platform confirmed it."),
    ),
    Column(
        "waiting",
        Words("Đang chờ", "Waiting"),
        Words("Trong hàng đợi hoặc đang gửi.", "In its lane, or being sent."),
    ),
    Column(
        "parked",
        Words("Chờ gửi lại", "Parked"),
        Words(
            "Lần gửi trước chưa thành công; trục sẽ tự gửi lại.",
            "An earlier try failed; the hub tries again by itself.",
        ),
    ),
    Column(
        "in_doubt",
        Words("Chưa rõ kết quả", "In doubt"),
        Words(
            "Không biết nền tảng đã nhận hay chưa; cần hỏi lại.",
            "Whether the platform has it is not known; somebody has to ask.",
        ),
    ),
    Column(
        "dead",
        Words("Không gửi được", "Dead"),
        Words("Nền tảng từ chối; cần người vận hành xử lý.", "The platform refused it; an operator has to decide."),
    ),
)


def pages(title: str, platforms: Mapping[str, Words] | None = None) -> list[BaseRoute]:
    """Return the routes of the page and its files. `platforms` holds what is shown in place of a platform's name."""
    page = _File(_page(title, platforms or {}), "text/html")
    assets = [Route(f"/assets/{name}", _File(_asset(name), kind).serve) for name, kind in ASSETS.items()]
    return [Route("/", page.serve), *assets]


class _File:
    """A file that was read when the routes were made."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self._body = body
        self._headers = {"Content-Type": f"{media_type}; charset=utf-8", "Content-Security-Policy": CONTENT_POLICY}

    async def serve(self, _: Request) -> Response:
        """Return the file."""
        return Response(self._body, headers=self._headers)


def _page(title: str, platforms: Mapping[str, Words]) -> bytes:
    source = (files("hub.console") / "templates" / "overview.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
    names = {platform: asdict(words) for platform, words in platforms.items()}
    return template.render(title=title, columns=COLUMNS, names=names).encode()


def _asset(name: str) -> bytes:
    return (files("hub.console") / "assets" / name).read_bytes()
