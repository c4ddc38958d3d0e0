"""How the dialect refuses: NestJS's errors, `{"statusCode", "message", "error"}`, as Credmark's gateway writes them.

Of Credmark's own only 400 is documented. The texts of the others are NestJS's where it has one.
"""

from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from holdfast.observability.logs import logger, redacted
from holdfast.providers.credmark.wire import CredmarkFailure, RequestError, failure_json
from holdfast.warehouse.errors import WarehouseUnavailable
from services.api.problems import ApiError

_log = logger(__name__)


class CredmarkError(Exception):
    def __init__(self, status: int, message: str | tuple[str, ...]) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def unauthorised() -> CredmarkError:
    return CredmarkError(401, "Unauthorized")


def bad_request(message: str | tuple[str, ...]) -> CredmarkError:
    return CredmarkError(400, message)


def not_found(message: str) -> CredmarkError:
    """The same for what does not exist and for what is somebody else's."""
    return CredmarkError(404, message)


def unprocessable(message: str) -> CredmarkError:
    return CredmarkError(422, message)


def unavailable(message: str) -> CredmarkError:
    return CredmarkError(503, message)


def on_credmark_error(_: Request[Any, Any, Any], error: CredmarkError) -> Response[Any]:
    return _answer(error.status, error.message)


def on_request_error(_: Request[Any, Any, Any], error: RequestError) -> Response[Any]:
    return _answer(400, error.message)


def on_api_error(_: Request[Any, Any, Any], error: ApiError) -> Response[Any]:
    """The one that reaches a dialect: too many requests."""
    return _answer(error.status, "ThrottlerException: Too Many Requests", headers=error.headers)


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _answer(error.status_code, error.detail[:200], headers=error.headers)


def on_failure(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if isinstance(error, WarehouseUnavailable | TimeoutError):
        _log.warning("dependency_unavailable", error=redacted(str(error)))
        return _answer(503, "The warehouse does not answer at the moment: try again", headers={"Retry-After": "5"})
    _log.error("request_failed", exc_info=error)
    return _answer(500, "Internal server error")


HANDLERS: dict[int | type[Exception], Any] = {
    CredmarkError: on_credmark_error,
    RequestError: on_request_error,
    ApiError: on_api_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}


def _answer(status: int, message: str | tuple[str, ...], *, headers: dict[str, str] | None = None) -> Response[Any]:
    failure = CredmarkFailure(status=status, message=message, error=HTTPStatus(status).phrase)
    return Response(failure_json(failure), status_code=status, headers=headers)
