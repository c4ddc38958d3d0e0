"""From when on a run goes on that was cut short: nothing that it has not read may be left out."""

from datetime import UTC, datetime

from services.worker.reparsing.reporting import Tally

EARLY, LATE = datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 12, tzinfo=UTC)


def tally(*, reached: datetime | None, put_off: datetime | None = None, providers: int = 1) -> Tally:
    made = Tally()
    made.reached, made.put_off, made.providers = reached, put_off, providers
    return made


def test_it_goes_on_from_the_newest_fetch_that_was_read() -> None:
    assert tally(reached=LATE).since == LATE


def test_a_fetch_that_was_put_off_is_not_passed_over() -> None:
    assert tally(reached=LATE, put_off=EARLY).since == EARLY


def test_of_several_providers_the_later_ones_have_read_nothing_yet() -> None:
    assert tally(reached=LATE, providers=2).since is None


def test_before_anything_was_read_there_is_no_such_time() -> None:
    assert tally(reached=None).since is None
