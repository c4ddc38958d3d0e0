"""What the price providers share: targets, exact prices, instants, and telling what is left out."""

from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from holdfast.domain.jobs import JobWindow
from holdfast.domain.quotes import Quote
from holdfast.providers.kit.errors import UnexpectedResponseError
from holdfast.providers.kit.exact import UnreadableNumberError
from holdfast.providers.kit.pricing import (
    GapLog,
    NotPricedError,
    at_instants,
    in_batches,
    parse_assets,
    parse_target,
    to_instant,
    to_unit_price,
)

ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"


def test_a_target_is_everything_or_a_list_each_once_in_canonical_spelling() -> None:
    assert parse_target("*", (ETH,), setting="s") == (ETH,)
    assert parse_target(f"{USDC.upper().replace('EIP155', 'eip155').replace('ERC20', 'erc20')}, {ETH},{ETH}", (),
                        setting="s") == (USDC, ETH)  # fmt: skip


@pytest.mark.parametrize("target", ["", "ETH", f"{ETH},", "*,*"])
def test_what_is_no_target_is_refused(target: str) -> None:
    with pytest.raises(UnexpectedResponseError, match="target"):
        parse_target(target, (ETH,), setting="s")


def test_everything_without_a_list_names_the_setting() -> None:
    with pytest.raises(UnexpectedResponseError, match=r"providers\.x\.assets is empty"):
        parse_target("*", (), setting="providers.x.assets")


def test_a_list_in_the_settings_tells_every_bad_entry() -> None:
    assets, problems = parse_assets(f"{ETH}, nonsense,,{ETH},0x12", "providers.x.assets")
    assert assets == (ETH,)
    assert [problem.setting for problem in problems] == ["providers.x.assets, entry 2", "providers.x.assets, entry 5"]
    assert parse_assets((ETH, USDC), "s") == ((ETH, USDC), [])
    assert parse_assets("", "s") == ((), [])


@given(price=st.decimals(min_value=Decimal("1e-36"), max_value=10**39, places=36))
def test_a_price_keeps_every_digit(price: Decimal) -> None:
    assert to_unit_price(price) == price


@pytest.mark.parametrize(
    ("stated", "gap"),
    [
        (None, "no_price"),
        (0, "zero_price"),
        (Decimal("0E-8"), "zero_price"),
        (Decimal("1e-37"), "too_fine"),
        (10**40, "out_of_range"),
        (Decimal("1e99"), "out_of_range"),
    ],
)
def test_what_cannot_be_a_price_is_a_gap_with_its_reason(stated: object, gap: str) -> None:
    with pytest.raises(NotPricedError) as caught:
        to_unit_price(stated)
    assert caught.value.gap == gap


@pytest.mark.parametrize("stated", ["1", True, 1.5, [], {}, -1, Decimal("-0.1")])
def test_what_is_no_price_at_all_is_an_error(stated: object) -> None:
    with pytest.raises(UnreadableNumberError):
        to_unit_price(stated)


def test_instants_are_cut_to_milliseconds() -> None:
    assert to_instant(1767323040) == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert to_instant(Decimal("1767323040.1239")) == datetime(2026, 1, 2, 3, 4, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [0, -1, 1767323040000, 2**70, Decimal("1e90"), True, "now", 1.5, 915_148_799])
def test_what_is_no_time_in_seconds_is_an_error(seconds: object) -> None:
    with pytest.raises(UnreadableNumberError):
        to_instant(seconds)


def test_no_time_is_a_gap() -> None:
    with pytest.raises(NotPricedError):
        to_instant(None)


def test_batches_cover_everything_in_order() -> None:
    assert [list(batch) for batch in in_batches("abcde", 2)] == [["a", "b"], ["c", "d"], ["e"]]
    assert list(in_batches((), 3)) == []


def test_an_instant_of_a_window_is_answered_by_the_newest_quote_that_is_not_after_it() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    window = JobWindow(start=start, end=start + timedelta(hours=2), every_s=3600)
    minutes = (121, 120, -60, -59, -1, 61, 5, 59, 5)
    quotes = [Quote(start + timedelta(minutes=minute), Decimal(place)) for place, minute in enumerate(minutes)]
    kept = [int((quote.at - start) / timedelta(minutes=1)) for quote in at_instants(window, quotes)]
    assert kept == [-1, 59, 120], "of the hour before each instant, that instant included and the one before not"


def test_gaps_are_told_when_they_change_and_not_at_every_fetch() -> None:
    gaps, told = GapLog("acme"), []
    for now in ({ETH: "not_quoted"}, {ETH: "not_quoted"}, {ETH: "no_price"}, {}, {}):
        with capture_logs() as lines:
            gaps.tell("*", now)  # type: ignore[arg-type]
        told.append(_assets(lines))
    assert told == [{ETH: "not_quoted"}, None, {ETH: "no_price"}, {}, None]


def test_a_long_list_of_gaps_is_told_in_part_with_its_count() -> None:
    with capture_logs() as lines:
        GapLog("acme").tell("*", {f"own:{number:03}": "not_quoted" for number in range(120)})
    assert lines[0]["count"] == 120
    assert len(lines[0]["assets"]) == 50


def _assets(lines: list[MutableMapping[str, Any]]) -> Any:
    return lines[0]["assets"] if lines else None
