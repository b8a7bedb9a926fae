"""Errors as pages: the status, the words, and the headers that go with them."""

from starlette.responses import Response

from hub.console.forms import CrossSite, PlainHttp
from hub.console.language import Language
from hub.console.texts import texts
from hub.errors import CallerError, Forbidden, HubError, NotFound, TooLarge, Unauthenticated
from schemas.problem import PROBLEMS

_BY_CODE = {"caller.rate": 429, "caller.slow": 408, "caller.media_type": 415}
_BY_CLASS: tuple[tuple[type[HubError], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (TooLarge, 413),
    (CallerError, 400),
)
_TEXTS: tuple[tuple[type[HubError], str], ...] = (
    (CrossSite, "cross_site"),
    (PlainHttp, "plain_http"),
    (NotFound, "not_found"),
)


def status_of(error: HubError) -> int:
    """Return the HTTP status of a page that tells of an error."""
    fault = 503 if error.retriable else 500
    by_class = next((status for kind, status in _BY_CLASS if isinstance(error, kind)), fault)
    return _BY_CODE.get(error.problem_code, by_class)


def told(error: HubError, language: Language) -> str:
    """Return what a person is told: a text of the pages, else that of the error's code."""
    name = next((name for kind, name in _TEXTS if isinstance(error, kind)), None)
    return texts(language)[name] if name else language.say(PROBLEMS.get(error.problem_code, PROBLEMS[HubError.code]))


def hint(error: HubError, language: Language) -> str:
    """Return what to try next; "" when there is nothing to say."""
    return texts(language)["not_found_hint"] if isinstance(error, NotFound) else ""


def completed(response: Response, error: HubError | None) -> Response:
    """Add the headers that a status asks for (RFC 9110)."""
    if response.status_code == 401:  # noqa: PLR2004 - the status that RFC 9110 ties to this header
        response.headers["WWW-Authenticate"] = 'Bearer realm="hub"'
    if error is not None and error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    if response.status_code in {408, 413}:
        # What is left of the body is not read.
        response.headers["Connection"] = "close"
    return response
