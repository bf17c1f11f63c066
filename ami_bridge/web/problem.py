"""How errors leave the house: RFC 9457 problem documents, and the one table from code to status."""

import secrets

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from ami_bridge.errors import BridgeError, NotReachableError, RateLimitedError
from ami_bridge.wire import encode

log = structlog.get_logger()

STATUS = {
    "bad_request": 400,
    "unauthorised": 401,
    "not_allowed": 403,
    "not_found": 404,
    "unknown_op": 404,
    "method_not_allowed": 405,
    "busy": 409,
    "gone": 409,
    "too_large": 413,
    "unconfirmed": 428,
    "rate_limited": 429,
    "config": 500,
    "internal": 500,
    "refused": 502,
    "unavailable": 503,
    "timeout": 504,
}
_CODE = {400: "bad_request", 401: "unauthorised", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed"}
_CODE |= {411: "bad_request", 413: "too_large", 415: "bad_request"}
_WORDS = {
    "not_found": "There is nothing at this address.",
    "method_not_allowed": "This address does not know this method.",
    "too_large": "The request is too large.",
}
STARTED = web.RequestKey("started", bool)
"""Set once the answer's first bytes are on their way."""


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request failed, as RFC 9457 writes it; `code` is stable, `detail` is one sentence for people."""

    title: str
    status: int
    detail: str
    code: str
    retry: bool = False
    """Whether the same request may succeed later."""
    retry_after: float | None = None
    instance: str | None = None
    """Names the entry in the log, for errors that are our own."""


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a problem document; what nobody foresaw is told to the operator alone."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:  # noqa: PLR2004 - a redirect is no error
            raise
        code = _CODE.get(answer.status, "bad_request")
        detail = _WORDS.get(code, answer.reason)
        headers = {"Allow": answer.headers["Allow"]} if "Allow" in answer.headers else {}
        return _document(Problem(title=answer.reason, status=answer.status, detail=detail, code=code), headers)
    except BridgeError as error:
        if (status := STATUS.get(error.code, 500)) == 500:  # noqa: PLR2004
            return _unforeseen(request, error)
        if isinstance(error, NotReachableError):
            log.warning("web.unavailable", route=_route(request), cause=repr(error.__cause__))
        return _document(_told(error, status), _headers(error))
    except Exception as error:  # one broken request must not cost more than itself
        told = _unforeseen(request, error)
        if request.get(STARTED):  # a second answer in the midst of the first would only confuse
            raise ConnectionResetError from error
        return told


def _told(error: BridgeError, status: int) -> Problem:
    title = error.code.replace("_", " ")
    wait = error.retry_after if isinstance(error, RateLimitedError) else None
    return Problem(title=title, status=status, detail=str(error), code=error.code, retry=error.retry, retry_after=wait)


def _headers(error: BridgeError) -> dict[str, str]:
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(max(1, round(error.retry_after)))}
    return {"WWW-Authenticate": "Bearer"} if error.code == "unauthorised" else {}


def _unforeseen(request: web.Request, error: Exception) -> web.Response:
    incident = secrets.token_hex(8)
    log.error("web.request_failed", incident=incident, method=request.method, route=_route(request), exc_info=error)
    detail = "Something went wrong on our side; the log knows more under this instance."
    problem = Problem(title="internal", status=500, detail=detail, code="internal", instance=f"urn:amib:{incident}")
    return _document(problem, {})


def _document(problem: Problem, headers: dict[str, str]) -> web.Response:
    return web.Response(
        status=problem.status, body=encode(problem), content_type="application/problem+json", headers=headers
    )


def _route(request: web.Request) -> str:
    """Return the address with its variables unfilled: what was filled in may be a number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""
