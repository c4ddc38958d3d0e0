"""plan_jobs: the rules of slots, as properties."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from holdfast.registry.schedules import Schedule
from services.scheduler.planning import Cursor, Identity, PlannedJob, newest_slot, plan_jobs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAKEOVER = timedelta(seconds=60)


def schedule(target: str = "a", *, every_s: int = 300, paused: str | None = None) -> Schedule:
    return Schedule(
        tenant="acme", provider="alpha", feed="balances", target=target, scope="wallet", every_s=every_s, paused=paused
    )


def cursor(slot: datetime, *, published: bool = True, owner: str = "me", seen_at: datetime = NOON) -> Cursor:
    return Cursor(slot=slot, published=published, owner=owner, revision=7, seen_at=seen_at)


def plan(schedules: list[Schedule], cursors: dict[Identity, Cursor], now: datetime) -> list[PlannedJob]:
    return plan_jobs(schedules, cursors, now, owner="me", takeover_after=TAKEOVER)


intervals = st.integers(1, 86_400)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
targets = st.text("abcdef0123456789", min_size=1, max_size=12)


def test_a_new_source_is_due_at_once() -> None:
    [job] = plan([schedule()], {}, NOON)
    assert NOON - timedelta(seconds=300) < job.slot <= NOON
    assert (job.skipped, job.cursor) == (0, None)


def test_a_published_slot_is_not_due_again() -> None:
    one = schedule()
    assert plan([one], {one.identity: cursor(newest_slot(one, NOON))}, NOON) == []


def test_missed_slots_are_counted_and_not_replayed() -> None:
    one = schedule(every_s=300)
    last = newest_slot(one, NOON)

    [job] = plan([one], {one.identity: cursor(last)}, last + timedelta(seconds=3 * 300 + 20))

    assert (job.slot, job.skipped) == (last + timedelta(seconds=900), 2)


def test_a_clock_that_jumps_back_makes_nothing_due() -> None:
    one = schedule()
    assert plan([one], {one.identity: cursor(NOON)}, NOON - timedelta(hours=1)) == []


def test_a_fresh_claim_of_another_is_left_alone() -> None:
    one = schedule()
    claim = cursor(newest_slot(one, NOON), published=False, owner="other")
    assert plan([one], {one.identity: claim}, NOON + TAKEOVER - timedelta(seconds=1)) == []


def test_an_abandoned_claim_is_taken_over_with_its_own_slot() -> None:
    one = schedule(every_s=86_400)
    slot = newest_slot(one, NOON)
    claim = cursor(slot, published=False, owner="other")

    [job] = plan([one], {one.identity: claim}, NOON + TAKEOVER)

    assert (job.slot, job.cursor) == (slot, claim)


def test_a_claim_of_ones_own_is_finished_at_once() -> None:
    one = schedule()
    slot = newest_slot(one, NOON)
    [job] = plan([one], {one.identity: cursor(slot, published=False)}, NOON)
    assert job.slot == slot


@given(targets, intervals, st.lists(instants, min_size=1, max_size=30))
def test_no_slot_is_planned_twice_whatever_the_clock_does(target: str, every_s: int, nows: list[datetime]) -> None:
    one = schedule(target, every_s=every_s)
    cursors: dict[Identity, Cursor] = {}
    slots = []
    for now in nows:
        for job in plan([one], cursors, now):
            slots.append(job.slot)
            cursors[one.identity] = cursor(job.slot)
    assert len(slots) == len(set(slots))
    assert slots == sorted(slots)


@given(targets, intervals, instants, st.integers(0, 10**7))
def test_at_most_one_job_per_source_however_long_nobody_looked(
    target: str, every_s: int, start: datetime, gap_s: int
) -> None:
    one = schedule(target, every_s=every_s)
    last = newest_slot(one, start)
    now = last + timedelta(seconds=gap_s)

    jobs = plan([one], {one.identity: cursor(last)}, now)

    passed = gap_s // every_s
    assert [(job.skipped + 1, job.slot) for job in jobs] == (
        [(passed, last + timedelta(seconds=passed * every_s))] if passed else []
    )


@given(st.lists(st.tuples(targets, intervals), max_size=20), instants)
def test_paused_sources_are_never_planned(sources: list[tuple[str, int]], now: datetime) -> None:
    assert plan([schedule(target, every_s=every, paused="why") for target, every in sources], {}, now) == []


@given(targets, intervals, instants)
def test_a_slot_has_passed_and_is_the_newest(target: str, every_s: int, now: datetime) -> None:
    slot = newest_slot(schedule(target, every_s=every_s), now)
    assert slot <= now < slot + timedelta(seconds=every_s)


def test_sources_spread_over_the_interval() -> None:
    """Of 1000 hourly sources each of the 12 five-minute windows has its share, always the same ones."""
    windows = [0] * 12
    for n in range(1000):
        slot = newest_slot(schedule(f"eip155:1:0x{n:040x}", every_s=3600), NOON)
        windows[(slot - (NOON - timedelta(hours=1))) // timedelta(minutes=5) % 12] += 1
    assert all(50 < count < 120 for count in windows), windows


def test_the_most_overdue_comes_first() -> None:
    sources = [schedule(f"t{n}", every_s=3600) for n in range(20)]
    slots = [job.slot for job in plan(sources, {}, NOON)]
    assert slots == sorted(slots)
