"""How the dialect refuses: DALP's newer errors, `{"error": {"id", "category", "status", "retryable", …}}`.

The ids are ours but for the permission's, because DALP's list was not to be had: a client branches on status and
`retryable`, as DALP advises.
"""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from holdfast.observability.logs import logger, redacted
from holdfast.providers.dalp.wire import DalpFailure, failure_json
from holdfast.warehouse.errors import WarehouseUnavailable
from services.api.problems import ApiError

_log = logger(__name__)


class DalpError(Exception):
    def __init__(self, failure: DalpFailure, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.headers = headers


def unauthorised(why: str) -> DalpError:
    fix = "Send a live API key as X-Api-Key; `holdfast key create` makes one"
    return _error("UNAUTHORIZED", "authentication", 401, "Unauthorized", why=why, fix=fix)


def forbidden(why: str, fix: str) -> DalpError:
    return _error("DALP-0006", "permission", 403, "Forbidden", why=why, fix=fix)


def not_found(why: str) -> DalpError:
    """The same for what does not exist and for what is somebody else's."""
    return _error(
        "NOT_FOUND", "not-found", 404, "Not found", why=why, fix="Check the path and the X-Participant header"
    )


def invalid(field: str, why: str) -> DalpError:
    """Input validation: the parameter to blame is named in `details.errors`."""
    details = {"errors": [f"{field}: {why}"], "issues": [{"path": [field], "message": why}]}
    return _error(
        "INPUT_VALIDATION_FAILED",
        "validation",
        422,
        "Input validation failed",
        why=f"{field}: {why}",
        fix=f"Correct {field}",
        details=details,
    )


def on_dalp_error(_: Request[Any, Any, Any], error: DalpError) -> Response[Any]:
    return _answer(error)


def on_api_error(_: Request[Any, Any, Any], error: ApiError) -> Response[Any]:
    """The one that reaches a dialect: too many requests."""
    wait_s = error.headers.get("Retry-After", "1")
    return _answer(
        _error(
            "RATE_LIMIT_EXCEEDED",
            "rate-limit",
            error.status,
            "Too many requests",
            why=error.problem.message,
            fix=error.problem.fix,
            details={"retryAfter": wait_s},
            retryable=True,
        ),
        headers=error.headers,
    )


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    refused = _error(
        "BAD_REQUEST", "validation", error.status_code, error.detail[:200], why=error.detail[:200], fix="Correct it"
    )
    return _answer(refused, headers=error.headers)


def on_failure(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if isinstance(error, WarehouseUnavailable | TimeoutError):
        _log.warning("dependency_unavailable", error=redacted(str(error)))
        status, why = 503, "the warehouse does not answer at the moment"
    else:
        _log.error("request_failed", exc_info=error)
        status, why = 500, "this is our error"
    return _answer(
        _error(
            "INTERNAL_SERVER_ERROR", "internal", status, "Internal server error", why=why, fix="Try again",
            retryable=True,
        )
    )  # fmt: skip


HANDLERS: dict[int | type[Exception], Any] = {
    DalpError: on_dalp_error,
    ApiError: on_api_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}


def _error(
    id_: str,
    category: str,
    status: int,
    message: str,
    *,
    why: str,
    fix: str,
    details: dict[str, Any] | None = None,
    retryable: bool = False,
) -> DalpError:
    return DalpError(
        DalpFailure(
            id=id_,
            category=category,
            status=status,
            retryable=retryable,
            message=message,
            why=why,
            fix=fix,
            details=details or {},
        )
    )


def _answer(error: DalpError, *, headers: dict[str, str] | None = None) -> Response[Any]:
    status = error.failure.status or 500
    return Response(failure_json(error.failure), status_code=status, headers=headers or error.headers)
