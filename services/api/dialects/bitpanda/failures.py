"""How the dialect refuses: GraphQL errors with a code, with an HTTP status where no query was run.

The upstream documents no codes; these are the ones in common use. Its one documented message is kept.
"""

import logging
from typing import Any

from ariadne import unwrap_graphql_error
from graphql import GraphQLError
from litestar import Request, Response
from litestar.exceptions import HTTPException

from holdfast.observability.logs import logger, redacted
from holdfast.warehouse.errors import WarehouseUnavailable
from services.api.problems import ApiError

_log = logger(__name__)
SILENT = logging.getLogger(f"{__name__}.silent")
"""For ariadne, which would log every mistake of a client as an error of ours."""
SILENT.disabled = True


class RefusedError(Exception):
    """No query is run: the request or its key will not do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def user_error(message: str) -> GraphQLError:
    """A mistake in the query's arguments, told at the field that has them."""
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


def format_error(error: GraphQLError, debug: bool = False) -> dict[str, Any]:
    """A client's mistakes are told, ours are logged."""
    original = unwrap_graphql_error(error)
    body = dict(error.formatted)
    if original is None or isinstance(original, GraphQLError):
        return body
    if isinstance(original, WarehouseUnavailable | TimeoutError):
        _log.warning("dependency_unavailable", error=redacted(str(original)))
        return body | {
            "message": "The portfolio is temporarily unavailable",
            "extensions": _code("SERVICE_UNAVAILABLE"),
        }
    _log.error("request_failed", exc_info=original)
    return body | {"message": "Internal server error", "extensions": _code("INTERNAL_SERVER_ERROR")}


def on_refused(_: Request[Any, Any, Any], error: RefusedError) -> Response[Any]:
    return _answer(error.status, error.code, str(error))


def on_api_error(_: Request[Any, Any, Any], error: ApiError) -> Response[Any]:
    """The one that reaches a dialect: too many requests."""
    code = "TOO_MANY_REQUESTS" if error.status == 429 else "BAD_REQUEST"
    return _answer(error.status, code, error.problem.message, headers=error.headers)


def on_http_exception(_: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _answer(error.status_code, "BAD_REQUEST", error.detail, headers=error.headers)


def on_failure(_: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("request_failed", exc_info=error)
    return _answer(500, "INTERNAL_SERVER_ERROR", "Internal server error")


HANDLERS: dict[int | type[Exception], Any] = {
    RefusedError: on_refused,
    ApiError: on_api_error,
    HTTPException: on_http_exception,
    Exception: on_failure,
}


def _code(code: str) -> dict[str, str]:
    return {"code": code}


def _answer(status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> Response[Any]:
    body = {"errors": [{"message": message, "extensions": _code(code)}]}
    return Response(body, status_code=status, headers=headers)
