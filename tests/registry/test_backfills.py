"""Windows of history: bounded, newest first, and the same whoever asks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.domain.jobs import JobWindow
from holdfast.providers.kit.contract import History
from holdfast.registry.backfills import Backfill, Span, decode, encode, plan_span, plan_windows, to_job, without
from holdfast.registry.schedules import Schedule

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
HISTORY = History(every_s=(3600, 86_400), points=24)
SCHEDULE = Schedule(tenant="acme", provider="alpha", feed="balances", target="alpha:1", scope="wallet", every_s=300)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_two_and_a_half_days_are_four_windows_the_newest_first() -> None:
    windows = plan_windows(HISTORY, at(1, 18), at(4, 6) + timedelta(minutes=59), 3600)
    assert [(one.start, one.end, one.instants) for one in windows] == [
        (at(4), at(4, 6), 7),
        (at(3), at(3, 23), 24),
        (at(2), at(2, 23), 24),
        (at(1, 18), at(1, 23), 6),
    ]


@pytest.mark.parametrize(("asked_s", "step_s"), [(1, 3600), (3600, 3600), (3601, 86_400), (7 * 86_400, 86_400)])
def test_the_step_is_the_finest_that_is_not_finer_than_asked_for(asked_s: int, step_s: int) -> None:
    assert {window.every_s for window in plan_windows(HISTORY, at(1), at(3), asked_s)} == {step_s}


def test_nothing_is_asked_from_before_there_is_anything() -> None:
    windows = plan_windows(replace(HISTORY, since=at(2, 12)), at(1), at(3, 1), 3600)
    assert windows[-1].start == at(2, 12)


def test_a_stretch_without_an_instant_has_no_windows() -> None:
    assert plan_windows(HISTORY, at(1) + timedelta(minutes=1), at(1) + timedelta(minutes=59), 3600) == []
    assert plan_windows(HISTORY, at(2), at(1), 3600) == []


@given(
    since=st.integers(31_536_000, 1_767_225_600).map(lambda second: datetime.fromtimestamp(second, UTC)),
    hours=st.integers(0, 2000),
    points=st.integers(1, 300),
)
def test_every_instant_of_the_grid_is_in_exactly_one_window(since: datetime, hours: int, points: int) -> None:
    until = since + hours * HOUR
    windows = plan_windows(History(every_s=(3600,), points=points), since, until, 3600)
    instants = [instant for window in windows for instant in window.each()]
    expected = [
        datetime.fromtimestamp(second, UTC)
        for second in range(int(since.timestamp()) // 3600 * 3600, int(until.timestamp()) + 1, 3600)
        if since <= datetime.fromtimestamp(second, UTC) <= until
    ]
    assert instants == expected[::-1]
    assert all(1 <= window.instants <= points for window in windows)


def test_whoever_asks_later_or_for_more_builds_the_same_jobs_for_what_both_want() -> None:
    some = {to_job(SCHEDULE, w, now=at(9)).id for w in plan_windows(HISTORY, at(2), at(4, 23), 3600)}
    more = {to_job(SCHEDULE, w, now=at(8)).id for w in plan_windows(HISTORY, at(1, 7), at(6, 5), 3600)}
    assert len(some) == 3
    assert some < more


def test_what_is_in_already_is_taken_out_and_gaps_are_left() -> None:
    span = plan_span(HISTORY, at(1), at(5), 3600)
    have = plan_windows(HISTORY, at(4), at(4, 23), 3600) + plan_windows(HISTORY, at(2), at(2, 23), 3600)
    left = [window for gap in without(span, have) for window in gap.windows()]
    assert [(window.start, window.end) for window in left] == [
        (at(5), at(5)),
        (at(3), at(3, 23)),
        (at(1), at(1, 23)),
    ]
    assert without(span, [JobWindow(start=at(1), end=at(5), every_s=60)]) == [], "finer is as good"
    assert without(span, [JobWindow(start=at(1), end=at(5), every_s=86_400)]) == [span], "coarser is not"


def test_a_record_gives_its_windows_a_few_at_a_time_and_forgets_a_span_that_is_through() -> None:
    record = Backfill(planned_at=at(9)).also([plan_span(HISTORY, at(2), at(4, 23), 3600)])
    record = record.also([plan_span(HISTORY, at(1), at(1, 23), 3600)])
    given_out: list[JobWindow] = []
    while windows := record.left(2):
        given_out += windows
        record = decode(encode(record.after(len(windows))))
    assert [window.start for window in given_out] == [at(4), at(3), at(2), at(1)]
    assert record == Backfill(planned_at=at(9))


def test_a_span_is_remembered_as_it_was_planned() -> None:
    span = Span(since=at(1), until=at(3), every_s=3600, points=24)
    assert plan_span(HISTORY, at(1), at(3), 60) == span
