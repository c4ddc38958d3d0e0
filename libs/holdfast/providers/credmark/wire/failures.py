"""Credmark's errors, which are NestJS's: {"statusCode": 400, "message": "…" or ["…", …], "error": "Bad Request"}."""

from typing import Any

from msgspec import Struct


class CredmarkFailure(Struct, frozen=True, kw_only=True):
    status: int
    message: str | tuple[str, ...]
    """A text, or one for each parameter that does not fit."""
    error: str = ""
    """The phrase of the status."""

    @property
    def text(self) -> str:
        return self.message if isinstance(self.message, str) else "; ".join(self.message)


def to_failure(value: object) -> CredmarkFailure | None:
    """From the decoded body of an answer; None if it is no error of Credmark's."""
    if not isinstance(value, dict):
        return None
    status, message, error = value.get("statusCode"), value.get("message"), value.get("error", "")
    if not isinstance(status, int) or isinstance(status, bool):
        return None
    if isinstance(message, list):
        message = tuple(item for item in message if isinstance(item, str))
    elif not isinstance(message, str):
        message = ""
    return CredmarkFailure(status=status, message=message, error=error if isinstance(error, str) else "")


def failure_json(failure: CredmarkFailure) -> dict[str, Any]:
    message = failure.message if isinstance(failure.message, str) else list(failure.message)
    return {"statusCode": failure.status, "message": message, "error": failure.error}
