"""What every answer comes in: {"data": {"user": {"portfolio": …}}, "errors": […]}. Both can be there at once."""

from typing import Any

import msgspec
from msgspec import Struct

from holdfast.providers.bitpanda.wire.portfolios import Portfolio
from holdfast.providers.bitpanda.wire.reading import ShapeError, to_struct


class Extensions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    code: str = ""


class GraphqlError(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    message: str = ""
    path: tuple[str | int, ...] | None = None
    """To the field that failed, by the names that the query gave; None where the request itself did."""
    error_type: str = ""
    """How AWS AppSync spells a code."""
    extensions: Extensions | None = None

    @property
    def code(self) -> str:
        return (self.extensions.code if self.extensions else "") or self.error_type


class Answer(Struct, frozen=True, kw_only=True):
    portfolio: Portfolio | None
    """None where `data`, its `user` or its `portfolio` is null."""
    errors: tuple[GraphqlError, ...] = ()


class _User(Struct, frozen=True, kw_only=True):
    portfolio: Portfolio | None


class _Data(Struct, frozen=True, kw_only=True):
    user: _User | None


class _Envelope(Struct, frozen=True, kw_only=True):
    data: _Data | None = None
    errors: tuple[GraphqlError, ...] | None = None


def to_answer(value: object) -> Answer:
    """From decoded JSON. Raises ShapeError, also for an answer that has neither data nor errors."""
    envelope = to_struct(value, _Envelope)
    user = envelope.data.user if envelope.data else None
    answer = Answer(portfolio=user.portfolio if user else None, errors=envelope.errors or ())
    if answer.portfolio is None and not answer.errors:
        raise ShapeError("neither a portfolio nor errors")
    return answer


def answer_json(answer: Answer) -> dict[str, Any]:
    """Plain objects to encode."""
    found = answer.portfolio
    body: dict[str, Any] = {"data": None if found is None else {"user": {"portfolio": msgspec.to_builtins(found)}}}
    return body | ({"errors": msgspec.to_builtins(answer.errors)} if answer.errors else {})
