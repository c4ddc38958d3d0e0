"""Grids: no gap, no overlap, whole local days, and each dialect's own edges."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.dialect_grids import GridError, bitpanda_grid, credmark_grid, dalp_grid
from holdfast.domain.grids import Interval, bucket_at, buckets, instant_bucket

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = (
    "UTC",
    "Europe/London",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
)
INTERVALS: tuple[Interval, ...] = ("5m", "hour", "day", "week", "30d")
instants = st.datetimes(datetime(1995, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@given(at=instants, interval=st.sampled_from(INTERVALS), zone=st.sampled_from(ZONES))
def test_every_instant_lies_in_its_bucket_and_the_next_begins_where_it_ends(
    at: datetime, interval: Interval, zone: str
) -> None:
    tz = ZoneInfo(zone)
    bucket = bucket_at(at, interval, tz)
    assert bucket.start <= at < bucket.end
    assert bucket_at(bucket.start, interval, tz) == bucket_at(bucket.valued_at, interval, tz) == bucket
    assert bucket_at(bucket.end, interval, tz).start == bucket.end


@given(at=instants, zone=st.sampled_from(ZONES), days=st.integers(0, 40))
def test_a_range_has_no_gap_and_reaches_both_ends(at: datetime, zone: str, days: int) -> None:
    found = list(buckets(at, at + days * DAY, "day", ZoneInfo(zone)))
    assert found[0].start <= at < found[0].end
    assert found[-1].start <= at + days * DAY < found[-1].end
    assert all(a.end == b.start for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("at", "zone", "hours"),
    [
        (utc(2026, 3, 29, 12), "Europe/London", 23),
        (utc(2026, 10, 25, 12), "Europe/London", 25),
        (utc(2026, 4, 4, 20), "Australia/Lord_Howe", 24.5),
        (utc(2026, 7, 1, 12), "Asia/Kathmandu", 24),
        (utc(2024, 2, 29, 12), "UTC", 24),
    ],
)
def test_a_local_day_is_as_long_as_its_clocks_make_it(at: datetime, zone: str, hours: float) -> None:
    bucket = bucket_at(at, "day", ZoneInfo(zone))
    assert (bucket.end - bucket.start) / HOUR == hours


def test_a_day_that_a_zone_skipped_has_no_bucket() -> None:
    """Samoa crossed the date line: there was no 30 December 2011."""
    tz = ZoneInfo("Pacific/Apia")
    found = list(buckets(utc(2011, 12, 29, 12), utc(2011, 12, 31, 12), "day", tz))
    assert [bucket.start.astimezone(tz).day for bucket in found] == [29, 31, 1]


def test_weeks_start_on_monday_and_hours_are_utc_in_any_zone() -> None:
    tz = ZoneInfo("Asia/Kathmandu")
    assert bucket_at(utc(2026, 1, 1), "week").start == utc(2025, 12, 29)
    assert bucket_at(utc(2026, 1, 1, 0, 50), "hour", tz).start == utc(2026, 1, 1)
    assert bucket_at(utc(2026, 1, 1, 0, 59), "5m", tz).start == utc(2026, 1, 1, 0, 55)


def test_thirty_days_are_thirty_days_across_february() -> None:
    found = list(buckets(utc(2024, 1, 1), utc(2024, 6, 1), "30d"))
    assert {bucket.end - bucket.start for bucket in found} == {30 * DAY}
    assert (found[0].start - utc(1970, 1, 1)) % (30 * DAY) == timedelta()


def test_a_grid_of_instants_takes_what_is_said_at_the_instant() -> None:
    bucket = instant_bucket(utc(2026, 1, 1, 12), HOUR)
    assert bucket.valued_at == utc(2026, 1, 1, 12)
    assert bucket.start == utc(2026, 1, 1, 11) + timedelta(milliseconds=1)


def test_bitpanda_steps_back_from_the_nearest_hour_and_reaches_the_start() -> None:
    now = utc(2026, 6, 1)
    weekly = bitpanda_grid(utc(2021, 2, 23), utc(2021, 3, 2, 0, 20), "WEEKLY", now=now)
    assert weekly == [utc(2021, 3, 2), utc(2021, 2, 23)]
    assert bitpanda_grid(None, None, None, now=utc(2026, 6, 1, 9, 30)) == [utc(2026, 6, 1, 10)]
    assert bitpanda_grid(None, utc(2026, 5, 1, 9, 29), None, now=now) == [utc(2026, 5, 1, 9)]
    monthly = bitpanda_grid(utc(2024, 1, 1), utc(2024, 3, 1), "MONTHLY", now=now)
    assert monthly == [utc(2024, 3, 1), utc(2024, 1, 31), utc(2024, 1, 1)]


def test_bitpanda_keeps_the_two_hundred_newest() -> None:
    found = bitpanda_grid(utc(2026, 1, 1), utc(2026, 5, 1), "HOURLY", now=utc(2026, 6, 1))
    assert (len(found), found[0], found[-1]) == (200, utc(2026, 5, 1), utc(2026, 5, 1) - 199 * HOUR)


def test_dalp_counts_both_ends() -> None:
    now = utc(2026, 6, 1, 12, 30)
    assert len(dalp_grid(now - DAY, now, "hour", now=now)) == 25
    assert len(dalp_grid(now - 7 * DAY, now, "day", now=now)) == 8
    assert dalp_grid(now, now + DAY, "hour", now=now) == [utc(2026, 6, 1, 12)]
    assert dalp_grid(now + DAY, now + 2 * DAY, "day", now=now) == [utc(2026, 6, 1)]


def test_dalp_refuses_a_range_backwards_on_from() -> None:
    with pytest.raises(GridError) as caught:
        dalp_grid(utc(2026, 1, 2), utc(2026, 1, 1), "hour", now=utc(2026, 6, 1))
    assert caught.value.field == "from"


def test_credmark_cuts_the_partial_step_from_the_head() -> None:
    """Blocks 1 to 9 by 3, and the real answer of its documentation."""
    assert credmark_grid(1, 9, 3) == [3, 6, 9]
    assert credmark_grid(17540049, 17564266, 1000)[0] == 17540266
    assert credmark_grid(5, 5, 86400) == [5]
    assert len(credmark_grid(1, 4000, 1)) == 4000


@pytest.mark.parametrize(("start", "end", "step"), [(1, 4001, 1), (9, 1, 3), (1, 9, 0)])
def test_credmark_refuses_what_it_could_only_answer_in_part(start: int, end: int, step: int) -> None:
    with pytest.raises(GridError):
        credmark_grid(start, end, step)
