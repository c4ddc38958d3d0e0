"""Errors have one shape everywhere: a code to branch on, the field, what is wrong, and what to do.

{"code": "portfolio_unknown", "field": "portfolio", "message": "…", "fix": "…"}
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Struct

from holdfast.messaging.bucket import BucketUnavailableError
from holdfast.messaging.publishing import PublishError
from holdfast.observability.logs import logger, redacted
from holdfast.registry.errors import RegistryError
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable

_log = logger(__name__)

_FIXES = {
    400: ("request_invalid", "Correct the request; /v1/openapi.json describes what is expected"),
    404: ("route_unknown", "See /v1/openapi.json for every path there is"),
    405: ("method_not_allowed", "Use one of the methods in the Allow header"),
    413: ("body_too_large", "Send a smaller body; the limit is the setting api.max_body_bytes"),
    415: ("media_type_unknown", "Send the body as application/json"),
}


class Problem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a request was refused or could not be answered."""

    code: str
    field: str | None
    """The parameter or field that is wrong; null where none is to blame."""
    message: str
    fix: str


class ApiError(Exception):
    """A refusal that a route decided on."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fix: str,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code=code, field=field, message=message, fix=fix)
        self.headers = dict(headers or {})


def on_api_error(_: Request[Any, Any, Any], error: ApiError) -> Response[Problem]:
    return Response(error.problem, status_code=error.status, headers=error.headers)


def on_registry_error(_: Request[Any, Any, Any], error: RegistryError) -> Response[Problem]:
    problem = Problem(code="refused", field=error.field, message=error.message, fix=error.fix)
    return Response(problem, status_code=400)


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """What the framework refuses: unknown paths, wrong methods, bodies and parameters that do not fit."""
    code, fix = _FIXES.get(error.status_code, ("request_refused", "See /v1/openapi.json"))
    field, message = _blamed(error)
    problem = Problem(code=code, field=field, message=message, fix=fix)
    return Response(problem, status_code=error.status_code, headers=error.headers)


def on_unavailable(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.warning("dependency_unavailable", error=redacted(str(error)))
    what = "the warehouse" if isinstance(error, WarehouseError) else "NATS"
    problem = Problem(
        code="unavailable",
        field=None,
        message=f"{what} does not answer at the moment",
        fix="Ask again in a few seconds",
    )
    return Response(problem, status_code=503, headers={"Retry-After": "5"})


def on_bug(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.error("request_failed", exc_info=error)
    problem = Problem(
        code="internal", field=None, message="this is our error", fix="Report it with the X-Request-Id of this answer"
    )
    return Response(problem, status_code=500)


HANDLERS: Mapping[int | type[Exception], Any] = {
    ApiError: on_api_error,
    RegistryError: on_registry_error,
    HTTPException: on_http_exception,
    WarehouseUnavailable: on_unavailable,
    PublishError: on_unavailable,
    BucketUnavailableError: on_unavailable,
    TimeoutError: on_unavailable,
    Exception: on_bug,
}


def _blamed(error: HTTPException) -> tuple[str | None, str]:
    extra = error.extra if isinstance(error, ValidationException) else None
    if isinstance(extra, list) and extra:
        first = extra[0]
        return first.get("key"), str(first.get("message", error.detail))
    phrase = HTTPStatus(error.status_code).phrase
    return None, (error.detail or phrase)[:500]
