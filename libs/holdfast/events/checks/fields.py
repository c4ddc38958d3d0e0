"""Single fields: a number, a time, an id, a text."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import fields

from holdfast.domain.accounts import AccountIdError, parse_account
from holdfast.domain.assets import AssetIdError, parse_asset, parse_chain
from holdfast.domain.balances import Block
from holdfast.domain.money import LIMIT
from holdfast.events.event import Event

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=1)
"""How far two clocks may differ."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_TEXT = 4096


class InvalidMessageError(ValueError):
    """A message that decodes but states something that cannot be true or cannot be stored."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


def check_number(field: str, number: Decimal | None, *, signed: bool = False) -> None:
    if number is None:
        return
    if not number.is_finite():
        raise InvalidMessageError(field, f"{number} is not a number")
    if number < 0 and not signed:
        raise InvalidMessageError(field, f"{str(number)[:60]} is below zero")
    if abs(number) >= LIMIT:
        raise InvalidMessageError(field, f"{str(number)[:60]} is outside Decimal(76, 36)")


def check_numbers(at: str, of: Struct, *names: str, signed: bool | frozenset[str] = False) -> None:
    for field in names:
        below_zero = signed if isinstance(signed, bool) else field in signed
        check_number(f"{at}.{field}", getattr(of, field), signed=below_zero)


@lru_cache
def numbers_of(struct: type[Struct]) -> tuple[str, ...]:
    """The names of a Struct's decimal fields."""
    return tuple(field.name for field in fields(struct) if field.type in (Decimal, Decimal | None))


def check_version(text: str) -> None:
    if not (text.isascii() and text.isdigit()):
        raise InvalidMessageError("version", f"{text[:60]!r} is not a number in decimal digits")


def check_within(field: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise InvalidMessageError(field, f"{number} is not between {least} and {most}")


def check_times(message: Event, *fields: str) -> None:
    for field in fields:
        check_time(field, getattr(message, field))


def check_time(field: str, at: datetime) -> None:
    if at.tzinfo is None:
        raise InvalidMessageError(field, f"{at.isoformat()} has no time zone")
    if not _EARLIEST <= at < _LATEST:
        raise InvalidMessageError(field, f"{at.isoformat()} is not between {_EARLIEST.year} and {_LATEST.year}")


def check_heard(observed_at: datetime, fetched_at: datetime) -> None:
    """A statement about the future would be the current one until then, whatever is said meanwhile."""
    if observed_at - fetched_at > _AHEAD:
        said, heard = observed_at.isoformat(), fetched_at.isoformat()
        raise InvalidMessageError("observed_at", f"{said} is more than a minute after fetched_at {heard}")


def check_hashes(hashes: tuple[str, ...], field: str = "raw") -> None:
    for text in hashes:
        if not _SHA256.fullmatch(text):
            raise InvalidMessageError(field, f"{text[:80]!r} is not a SHA-256 in 64 lower-case hex digits")


def check_text(field: str, text: str) -> None:
    if not text or len(text) > _MAX_TEXT or not text.isprintable():
        raise InvalidMessageError(field, f"{text[:80]!r} is empty, over {_MAX_TEXT} characters or not printable")


def check_account(text: str) -> None:
    if not is_account(text):
        raise InvalidMessageError("account", f"{text[:120]!r} is not a canonical account id")


def check_asset(field: str, text: str) -> None:
    if not is_asset(text):
        raise InvalidMessageError(field, f"{text[:120]!r} is not a canonical asset id")


@lru_cache(maxsize=65536)
def is_account(text: str) -> bool:
    try:
        return parse_account(text).id == text
    except AccountIdError:
        return False


@lru_cache(maxsize=65536)
def is_asset(text: str) -> bool:
    try:
        return parse_asset(text) == text
    except AssetIdError:
        return False


@lru_cache(maxsize=4096)
def is_chain(text: str) -> bool:
    try:
        return parse_chain(text) == text
    except AssetIdError:
        return False


def check_block(at: str, block: Block) -> None:
    if not is_chain(block.chain):
        raise InvalidMessageError(f"{at}.chain", f"{block.chain[:60]!r} is not CAIP-2, as eip155:1")
    check_within(f"{at}.number", block.number, 0, 2**63 - 1)
    check_time(f"{at}.time", block.time)
