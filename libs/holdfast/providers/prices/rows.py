"""One stated price, from a CSV row or a JSON object. Nothing is guessed: what is unclear is an error with its field."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from holdfast.domain.assets import USD, AssetIdError, parse_asset
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.domain.prices import Price
from holdfast.domain.time import to_ms

_NUMBER = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?")


class RowError(ValueError):
    """A row that states no price. `field` is the column, the text says what is wrong and how to write it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def to_price(row: Mapping[str, Any], source: str) -> Price:
    """Fields asset, at, price; quote and source where present (absent: USD, and `source`). Raises RowError."""
    return Price(
        asset=_to_asset("asset", row.get("asset")),
        at=_to_time(row.get("at")),
        price=_to_number(row.get("price")),
        quote=_to_asset("quote", row.get("quote", USD)),
        source=_to_text("source", row.get("source", source)),
    )


def _to_text(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RowError(field, "is missing" if value in (None, "") else f"expected a text, got {str(value)[:60]!r}")
    return value.strip()


def _to_asset(field: str, value: Any) -> str:
    try:
        return parse_asset(_to_text(field, value))
    except AssetIdError as error:
        raise RowError(field, str(error)) from error


def _to_time(value: Any) -> datetime:
    text = _to_text("at", value)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise RowError("at", f"{text[:60]!r} is no time: write it as 2026-01-31T12:00:00Z") from error
    if at.tzinfo is None:
        raise RowError("at", f"{text[:60]!r} has no time zone: write it as 2026-01-31T12:00:00Z")
    return to_ms(at)


def _to_number(value: Any) -> Decimal:
    """A text, or a number of JSON; either way exact."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or value == "":
        raise RowError("price", "is missing" if value in (None, "") else f"expected a number, got {str(value)[:60]!r}")
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        raise RowError("price", f"{text[:60]!r} is no price: write digits, as 1234.56")
    number = Decimal(text)
    if number < 0:
        raise RowError("price", f"{text[:60]!r} is below zero")
    try:
        kept = cut(number).value
    except OutOfRangeError as error:
        raise RowError("price", str(error)) from error
    if kept == 0 and number != 0:
        raise RowError("price", f"{text[:60]!r} is finer than 36 decimals can say")
    return kept
