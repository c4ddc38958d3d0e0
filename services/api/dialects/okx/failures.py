"""OKX's error codes and the HTTP statuses they come with.

Source: OKX OnchainOS documentation, DeFi and market error codes.
"""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from holdfast.observability.logs import logger
from holdfast.providers.okx.wire import V5, V6, Generation, error_answer, market_error
from services.api.problems import ApiError

_log = logger(__name__)

MISSING_KEY, MISSING_PASSPHRASE, MISSING_SIGN, MISSING_TIMESTAMP = "50103", "50104", "50106", "50107"
WRONG_KEY, WRONG_PASSPHRASE, WRONG_TIMESTAMP, WRONG_SIGN = "50111", "50105", "50112", "50113"
RATE_LIMITED, EMPTY_PARAMETER, WRONG_PARAMETER, SYSTEM_ERROR = "50011", "50014", "84000", "50026"
WRONG_MARKET_PARAMETER = "51000"
UNKNOWN_PLATFORM, ADDRESS_MISMATCH, STILL_SYNCING = "84003", "84019", "84021"

_STATUSES = {
    RATE_LIMITED: 429,
    EMPTY_PARAMETER: 400,
    WRONG_PARAMETER: 400,
    WRONG_MARKET_PARAMETER: 400,
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
    code = RATE_LIMITED if error.status == 429 else _wrong_parameter(request)
    return _answer(request, code, error.problem.message, status=error.status, headers=error.headers)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _answer(request, _wrong_parameter(request), error.detail, status=error.status_code, headers=error.headers)


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("request_failed", exc_info=error)
    return _answer(request, SYSTEM_ERROR, "System error, please try again later", status=500)


HANDLERS: dict[int | type[Exception], Any] = {
    OkxError: on_okx_error,
    ApiError: on_api_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}


def is_market(path: str) -> bool:
    """Market data has codes and an envelope of its own."""
    return path.startswith("/api/v6/dex/market/")


def generation_of(path: str) -> Generation:
    return V5 if path.startswith("/api/v5/") else V6


def _answer(
    request: Request[Any, Any, Any], code: str, message: str, *, status: int, headers: dict[str, str] | None = None
) -> Response[Any]:
    path = request.url.path
    body = market_error(code, message) if is_market(path) else error_answer(code, message, generation_of(path))
    return Response(body, status_code=status, headers=headers)


def _wrong_parameter(request: Request[Any, Any, Any]) -> str:
    return WRONG_MARKET_PARAMETER if is_market(request.url.path) else WRONG_PARAMETER
