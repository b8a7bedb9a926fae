"""Pages from templates: one language, nothing inline, nothing from elsewhere."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from hub.console.language import Language, language_of, remember
from hub.console.texts import texts

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    # With "no-referrer" a browser would hide the origin of our own forms, by which they are known to be ours.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}
"""What every page and every file of a page says to the browser."""


class Renderer:
    """Writes pages that carry the installation's title, and its label when the platforms are stand-ins."""

    def __init__(self, title: str, *, sandbox: bool, dossiers: bool) -> None:
        self._frame = {"title": title, "sandbox": sandbox, "dossiers": dossiers}
        self._environment = Environment(
            loader=PackageLoader("hub.console"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )

    def page(self, request: Request, template: str, status: int = 200, **facts: Any) -> Response:
        """Return a page in the reader's language; `facts` are what its template names."""
        language = language_of(request)
        text = self._environment.get_template(template).render(
            language=language, languages=Language, t=texts(language), **self._frame, **facts
        )
        response = Response(text, status, HEADERS, media_type="text/html")
        remember(request, response)
        return response
