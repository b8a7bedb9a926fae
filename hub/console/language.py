"""The language of a page: Vietnamese, unless the reader asks for English."""

from collections.abc import Iterator
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response

from schemas.problem import Words

COOKIE = "hub_lang"
_COOKIE_AGE_S = 365 * 24 * 3600
_WISHES_MAX = 10
_WISH_CHARS_MAX = 200


class Language(StrEnum):
    """A language that pages speak, by its tag (BCP 47)."""

    VI = "vi"
    EN = "en"

    @property
    def locale(self) -> str:
        """The locale whose numbers and times a browser writes."""
        return _LOCALES[self]

    def say(self, words: Words) -> str:
        """Return the text in this language."""
        return words.en if self is Language.EN else words.vi


_LOCALES = {Language.VI: "vi-VN", Language.EN: "en-GB"}


def language_of(request: Request) -> Language:
    """Return the language wished by `?lang=`, by the cookie of an earlier wish, or by Accept-Language (RFC 9110)."""
    return (
        _known(request.query_params.get("lang", ""))
        or _known(request.cookies.get(COOKIE, ""))
        or _preferred(request.headers.get("accept-language", ""))
        or Language.VI
    )


def remember(request: Request, response: Response) -> None:
    """Keep a wish made by `?lang=` for the pages that follow."""
    if wished := _known(request.query_params.get("lang", "")):
        response.set_cookie(COOKIE, wished, max_age=_COOKIE_AGE_S, httponly=True, samesite="lax")


def _known(tag: str) -> Language | None:
    primary = tag.partition("-")[0].strip().lower()
    return Language(primary) if primary in set(Language) else None


def _preferred(header: str) -> Language | None:
    wishes = sorted(_wishes(header[:_WISH_CHARS_MAX]), key=lambda wish: -wish[0])
    return wishes[0][1] if wishes else None


def _wishes(header: str) -> Iterator[tuple[float, Language]]:
    for wish in header.split(",")[:_WISHES_MAX]:
        tag, _, weight = wish.partition(";q=")
        language = _known(tag)
        if language and (quality := _quality(weight)) > 0:
            yield quality, language


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
