"""Ours against the world's truth: portfolio by portfolio, number by number, as text, to the last digit."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from services.local import probes

AXES = ("asset", "type", "class", "chain", "platform", "account", "provider", "kind", "side")
_SUMS = ("net", "assets", "debt")


class Difference(Struct, frozen=True, kw_only=True):
    """A number that is not what it must be. None is "not there"."""

    what: str
    expected: str | None
    actual: str | None


class PortfolioCheck(Struct, frozen=True, kw_only=True):
    tenant: str
    id: str
    expected: str
    actual: str | None
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        return not self.differences


async def total_agrees(api_url: str, key: str, truth: Mapping[str, Any]) -> bool:
    """The one question that tells whether the others are worth asking yet. What cannot be asked does not agree."""
    try:
        total = await _asked(api_url, key, truth, "total")
    except (OSError, ValueError):
        return False
    return not any(_total_differences(truth, total))


async def check_portfolio(api_url: str, key: str, truth: Mapping[str, Any]) -> PortfolioCheck:
    """Total, line counts and the breakdown on every axis. What cannot be asked is a difference.

    So is a key that the API does not take yet: it follows the registry, a moment behind.
    """
    try:
        actual, differences = await _compare(api_url, key, truth)
    except (OSError, ValueError) as error:
        actual, differences = (
            None,
            [Difference(what="answer", expected="one", actual=f"{type(error).__name__}: {error}")],
        )
    return PortfolioCheck(
        tenant=truth["tenant"],
        id=truth["id"],
        expected=truth["net"],
        actual=actual,
        differences=tuple(differences),
    )


async def _compare(api_url: str, key: str, truth: Mapping[str, Any]) -> tuple[str | None, list[Difference]]:
    total = await _asked(api_url, key, truth, "total")
    differences = [*_total_differences(truth, total)]
    for axis in AXES:
        items = (await _asked(api_url, key, truth, f"breakdowns/{axis}"))["items"]
        differences += _axis_differences(axis, truth["breakdown"][axis], {item["key"]: item for item in items})
    return total["net"], differences


async def _asked(api_url: str, key: str, truth: Mapping[str, Any], what: str) -> Any:
    url = f"{api_url}/v1/portfolios/{quote(truth['id'])}/{what}"
    return await probes.get_json(url, {"Authorization": f"Bearer {key}"})


def _total_differences(truth: Mapping[str, Any], total: Mapping[str, Any]) -> Iterator[Difference]:
    for name in _SUMS:
        yield from _unequal(name, truth[name], total[name])
    for name in ("lines_unpriced", "lines_excluded"):
        yield from _unequal(name, truth[name], total["quality"][name])


def _axis_differences(
    axis: str, expected: Mapping[str, Mapping[str, Any]], actual: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    for key in sorted(expected.keys() | actual.keys()):
        for name in (*_SUMS, "lines", "lines_unpriced"):
            what = f"{axis} {key or '(none)'} {name}"
            yield from _unequal(what, expected.get(key, {}).get(name), actual.get(key, {}).get(name))


def _unequal(what: str, expected: object, actual: object) -> Iterator[Difference]:
    if expected != actual:
        yield Difference(what=what, expected=_text(expected), actual=_text(actual))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
