"""Errors as answers: every error of the tree becomes one problem (RFC 9457)."""

from starlette.responses import Response

from hub.errors import BrokenRule, HubError, Invalid
from hub.ingress.reading import NotJson
from schemas.problem import PROBLEMS, RULES, FieldProblem, Origin, Problem, ProblemKind

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
"""Said with a 429 or 503 when the error itself does not know better."""

STATUS: dict[str, int] = {
    "caller.malformed": 400,
    "caller.key_missing": 400,
    "caller.unauthenticated": 401,
    "caller.no_grant": 403,
    "caller.foreign_dossier": 403,
    "caller.own_order": 403,
    "caller.not_found": 404,
    "caller.method": 405,
    "caller.slow": 408,
    "caller.key_reused": 409,
    "caller.revision_backwards": 409,
    "caller.order_decided": 409,
    "caller.not_waiting": 409,
    "caller.gone": 410,
    "caller.too_large": 413,
    "caller.media_type": 415,
    "caller.invalid": 422,
    "caller.soap_version": 400,
    "caller.not_understood": 400,
    "caller.operation": 404,
    "caller.token_unsupported": 401,
    "caller.expired": 401,
    "caller.rate": 429,
    "caller.quota": 429,
    "hub.fault": 500,
    "hub.config": 500,
    "hub.unsealable": 500,
    "hub.unavailable": 503,
    "hub.disk_full": 503,
    "hub.in_doubt": 503,
    "hub.overloaded": 503,
    "hub.stale_owner": 503,
    "platform.unavailable": 502,
    "platform.unreadable": 502,
    "platform.refused_us": 502,
    "platform.refused": 502,
    "platform.reply_lost": 504,
}
"""The HTTP status of every code. 503 is always the hub; 502 and 504 are always a platform behind it."""

_WAIT = frozenset({429, 503})
_CLOSE = frozenset({408, 413})


def problem_of(error: HubError, correlation_id: str) -> Problem:
    """Return what the caller is told about an error."""
    code = error.problem_code
    words, status = PROBLEMS[code], STATUS[code]
    wait_s = (error.retry_after_s or RETRY_AFTER_S) if status in _WAIT else None
    return Problem(
        type=f"/problems/{code}",
        title=words.vi,
        status=status,
        code=code,
        origin=_origin(code),
        detail_vi=words.vi,
        detail_en=words.en,
        correlation_id=correlation_id,
        retriable=error.retriable,
        retry_after_s=wait_s,
        fields=_fields(error),
    )


def kind_of(code: str) -> ProblemKind | None:
    """Return what a code means; None when there is no such code."""
    words = PROBLEMS.get(code)
    if words is None:
        return None
    return ProblemKind(code=code, status=STATUS[code], origin=_origin(code), vi=words.vi, en=words.en)


def problem_response(error: HubError, correlation_id: str) -> Response:
    """Return the answer to an error, with the headers that its status asks for."""
    problem = problem_of(error, correlation_id)
    return Response(problem.model_dump_json().encode(), problem.status, _headers(problem), media_type=MEDIA_TYPE)


def _origin(code: str) -> Origin:
    return Origin(code.partition(".")[0])


def _headers(problem: Problem) -> dict[str, str]:
    headers = {}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status == 401:  # noqa: PLR2004 - the status that RFC 9110 ties to this header
        headers["WWW-Authenticate"] = 'Bearer realm="hub"'
    if problem.status in _CLOSE:
        # What is left of the body is not read.
        headers["Connection"] = "close"
    return headers


def _fields(error: HubError) -> tuple[FieldProblem, ...]:
    if isinstance(error, NotJson):
        return (_not_json(error),)
    return tuple(_field(rule) for rule in error.broken) if isinstance(error, Invalid) else ()


def _field(broken: BrokenRule) -> FieldProblem:
    words = RULES[broken.rule]
    return FieldProblem(path=broken.path, rule=broken.rule, vi=words.vi, en=words.en)


def _not_json(error: NotJson) -> FieldProblem:
    words = RULES["json"]
    return FieldProblem(
        path=error.path,
        rule="json",
        vi=f"{words.vi} (dòng {error.line}, cột {error.column})",
        en=f"{words.en} (line {error.line}, column {error.column})",
    )
