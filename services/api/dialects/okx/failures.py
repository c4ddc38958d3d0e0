"""OKX's error codes and the HTTP statuses they come with.

Source: OKX OnchainOS documentation, DeFi error codes.
"""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from holdfast.observability.logs import logger
from holdfast.providers.okx.wire import V5, V6, Generation, error_answer
from services.api.problems import ApiError

_log = logger(__name__)

MISSING_KEY, MISSING_PASSPHRASE, MISSING_SIGN, MISSING_TIMESTAMP = "50103", "50104", "50106", "50107"
WRONG_KEY, WRONG_PASSPHRASE, WRONG_TIMESTAMP, WRONG_SIGN = "50111", "50105", "50112", "50113"
RATE_LIMITED, EMPTY_PARAMETER, WRONG_PARAMETER, SYSTEM_ERROR = "50011", "50014", "84000", "50026"
UNKNOWN_PLATFORM, ADDRESS_MISMATCH, STILL_SYNCING = "84003", "84019", "84021"

_STATUSES = {
    RATE_LIMITED: 429,
    EMPTY_PARAMETER: 400,
    WRONG_PARAMETER: 400,
    SYSTEM_ERROR: 500,
    **dict.fromkeys((MISSING_KEY, MISSING_PASSPHRASE, MISSING_SIGN, MISSING_TIMESTAMP), 401),
    **dict.fromkeys((WRONG_KEY, WRONG_PASSPHRASE, WRONG_TIMESTAMP, WRONG_SIGN), 401),
}
"""What is not in here is a business error: HTTP 200."""


class OkxError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def on_okx_error(request: Request[Any, Any, Any], error: OkxError) -> Response[Any]:
    return _answer(request, error.code, error.message, status=_STATUSES.get(error.code, 200))


def on_api_error(request: Request[Any, Any, Any], error: ApiError) -> Response[Any]:
    """The one that reaches a dialect: too many requests."""
    code = RATE_LIMITED if error.status == 429 else WRONG_PARAMETER
    return _answer(request, code, error.problem.message, status=error.status, headers=error.headers)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _answer(request, WRONG_PARAMETER, error.detail, status=error.status_code, headers=error.headers)


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("request_failed", exc_info=error)
    return _answer(request, SYSTEM_ERROR, "System error, please try again later", status=500)


HANDLERS: dict[int | type[Exception], Any] = {
    OkxError: on_okx_error,
    ApiError: on_api_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}


def generation_of(path: str) -> Generation:
    return V5 if path.startswith("/api/v5/") else V6


def _answer(
    request: Request[Any, Any, Any], code: str, message: str, *, status: int, headers: dict[str, str] | None = None
) -> Response[Any]:
    body = error_answer(code, message, generation_of(request.url.path))
    return Response(body, status_code=status, headers=headers)
