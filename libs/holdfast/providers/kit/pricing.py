"""What providers of prices share: the assets that are asked for, exact prices, and why one is left out.

Nothing is guessed: an asset that an upstream does not know, or quotes in a way that cannot be trusted,
has no price, and the reason is told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal, Protocol, TypeVar

from holdfast.domain.assets import AssetIdError, parse_asset
from holdfast.domain.jobs import JobWindow
from holdfast.domain.money import OutOfRangeError, cut
from holdfast.observability.logs import logger
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.settings import SettingsProblem

EVERYTHING = "*"
"""The target that stands for all that the settings name, or all that the upstream has."""

Gap = Literal[
    "unknown_chain",  # the provider knows no name of the upstream's for that chain
    "unknown_asset",  # nor for that asset
    "not_quoted",  # the upstream does not know it
    "no_price",  # it knows it and has no price
    "no_time",  # a price of no stated instant could be of any
    "zero_price",  # how an upstream says that nobody trades it
    "out_of_range",  # 10^40 and more
    "too_fine",  # below the 36 decimals that are stored
    "low_confidence",  # the upstream itself does not trust it enough
]


class Dated(Protocol):
    """A price, or a quote that becomes one."""

    @property
    def at(self) -> datetime: ...


_ItemT = TypeVar("_ItemT")
_DatedT = TypeVar("_DatedT", bound=Dated)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1999, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_MOST_TOLD = 50

log = logger(__name__)


class NotPricedError(Exception):
    """An asset that is left out; `gap` says why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(gap)
        self.gap: Gap = gap


def parse_target(text: str, everything: Sequence[str], *, setting: str) -> tuple[str, ...]:
    """The assets of a target: `*` for `everything`, or ids with commas. Raises UnexpectedResponseError."""
    if text.strip() == EVERYTHING:
        if not everything:
            raise UnexpectedResponseError(f"target *: {setting} is empty; list the assets there, or in the target")
        return tuple(everything)
    try:
        return tuple(dict.fromkeys(parse_asset(asset.strip()) for asset in text.split(",")))
    except AssetIdError as error:
        raise UnexpectedResponseError(f"target {text[:80]!r}: {error}") from error


def parse_assets(listed: Sequence[str] | str, setting: str) -> tuple[tuple[str, ...], list[SettingsProblem]]:
    """Asset ids of a setting: a list, or one text with commas. Each once, with what is wrong with the others."""
    entries = listed.split(",") if isinstance(listed, str) else listed
    assets: dict[str, None] = {}
    problems = []
    for place, entry in enumerate((entry.strip() for entry in entries), 1):
        try:
            if entry:
                assets[parse_asset(entry)] = None
        except AssetIdError as error:
            problems.append(SettingsProblem(f"{setting}, entry {place}", str(error)))
    return tuple(assets), problems


def to_unit_price(stated: object) -> Decimal:
    """A JSON number as a price. Raises NotPricedError, UnreadableNumberError."""
    if stated is None:
        raise NotPricedError("no_price")
    if isinstance(stated, bool) or not isinstance(stated, int | Decimal):
        raise UnreadableNumberError(f"{str(stated)[:40]!r} is not a number")
    number = Decimal(stated)
    if number < 0:
        raise UnreadableNumberError(f"{str(stated)[:40]} is below zero")
    if number == 0:
        raise NotPricedError("zero_price")
    try:
        kept = cut(number).value
    except OutOfRangeError:
        raise NotPricedError("out_of_range") from None
    if kept == 0:
        raise NotPricedError("too_fine")
    return kept


def to_instant(seconds: object) -> datetime:
    """Unix seconds, cut to milliseconds. Raises NotPricedError without any, UnreadableNumberError."""
    if seconds is None:
        raise NotPricedError("no_time")
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or not -(10**12) < seconds < 10**12:
        raise UnreadableNumberError(f"{str(seconds)[:40]!r} is not Unix time in seconds")
    at = _EPOCH + timedelta(milliseconds=int(seconds * 1000))
    if not _EARLIEST <= at < _LATEST:
        raise UnreadableNumberError(f"{str(seconds)[:40]} is not Unix time in seconds: it would be {at.year}")
    return at


def in_batches(items: Sequence[_ItemT], size: int) -> Iterator[Sequence[_ItemT]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def at_instants(window: JobWindow, quotes: Iterable[_DatedT]) -> list[_DatedT]:
    """For each instant of a window the newest quote that is not after it, each once and the oldest first.

    What lies before the window, or after it, answers nothing that was asked.
    """
    newest: dict[int, _DatedT] = {}
    for quote in sorted(quotes, key=lambda quote: quote.at):
        if window.holds(quote.at):
            newest[(window.end - quote.at) // timedelta(seconds=window.every_s)] = quote
    return list(newest.values())


class GapLog:
    """Tells what a provider leaves out, and tells it again only when it has changed."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._told: dict[str, dict[str, Gap]] = {}

    def tell(self, target: str, gaps: Mapping[str, Gap]) -> None:
        if self._told.get(target, {}) == gaps:
            return
        self._told[target] = dict(gaps)
        shown = dict(sorted(gaps.items())[:_MOST_TOLD])
        log.warning("assets without a price", provider=self._provider, target=target, count=len(gaps), assets=shown)
