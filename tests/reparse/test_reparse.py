"""A parser's mistake in the past, corrected from what upstream had really said; nothing is sent to anybody."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.events import FetchRequested, ReturnsReported
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.warehouse.client import Warehouse
from services.aggregator.batch import Arrival
from services.aggregator.commit import commit
from services.aggregator.prepared import prepare
from services.worker.reparsing.correcting import judge, keys_of
from services.worker.reparsing.keeping import KeptFetch, Sizes, read_current
from services.worker.reparsing.replaying import Replayed
from tests.reparse.past import JOB, OKX, TOTALS, WRONG, Past, WrongTotals, case


async def test_a_mistake_of_the_past_is_corrected_and_what_was_known_before_stays_known(past: Past) -> None:
    await past.fetch(WRONG)
    assert await past.debts() == [0]
    report = await past.reparse()
    assert (report.corrected, report.same, report.skipped) == (1, TOTALS, ())
    [change] = report.changes
    assert change.before != change.after
    assert change.job_id == JOB
    assert await past.debts() == [1]
    assert await past.statements() == 2  # the mistaken one is still there


async def test_again_there_is_nothing_to_correct(past: Past) -> None:
    await past.fetch(WRONG)
    await past.reparse()
    again = await past.reparse()
    assert (again.corrected, again.same, again.changes) == (0, 1 + TOTALS, ())
    assert await past.statements() == 2


@pytest.mark.parametrize("few", [1, 50])
async def test_several_fetches_that_said_the_same_are_corrected_once(past: Past, few: int) -> None:
    for number in range(3):
        await past.fetch(WRONG, job=f"{number:032x}", later=-timedelta(hours=number))
    report = await past.reparse(sizes=Sizes(few=few))
    assert len(report.changes) == 1
    assert await past.debts() == [1]
    assert await past.statements() == 2


async def test_what_was_right_is_left_alone(past: Past) -> None:
    await past.fetch(OKX)
    report = await past.reparse()
    assert (report.same, report.corrected) == (1 + TOTALS, 0)
    assert await past.statements() == 1


async def test_a_dry_run_tells_what_it_would_do_and_does_nothing(past: Past) -> None:
    await past.fetch(WRONG)
    report = await past.reparse(dry_run=True)
    assert (report.corrected, report.dry_run) == (1, True)
    assert await past.debts() == [0]
    assert (await past.reparse()).corrected == 1


async def test_only_the_last_of_several_fetches_of_one_instant_counts(past: Past) -> None:
    """The first said it right, the second, of the same instant, was read wrongly: one correction, of the second."""
    await past.fetch(OKX)
    await past.fetch(WRONG, job="b" * 32, later=timedelta(minutes=5))
    report = await past.reparse()
    assert [change.job_id for change in report.changes] == ["b" * 32]
    assert await past.debts() == [1]


async def test_a_statement_whose_own_answers_are_gone_is_never_overruled_by_an_older_fetch(past: Past) -> None:
    await past.fetch(OKX)
    await past.fetch(WRONG, job="c" * 32, later=timedelta(minutes=5))
    await past.warehouse.command("DELETE FROM exchanges WHERE job_id = {job:String}", {"job": "c" * 32})
    report = await past.reparse()
    assert (report.kept, report.corrected) == (1, 0)


@pytest.mark.parametrize("table", ["exchanges", "raw_responses"])
async def test_a_fetch_that_lacks_an_answer_is_told_and_left_alone(past: Past, table: str) -> None:
    await past.fetch(WRONG)
    await past.warehouse.command(
        f"DELETE FROM {table} WHERE sha256 = (SELECT sha256 FROM exchanges ORDER BY place DESC LIMIT 1)"
    )
    report = await past.reparse()
    [skipped] = report.skipped
    assert "not recorded" in skipped.why
    assert report.corrected == 0


async def test_a_parser_that_now_refuses_what_it_took_is_told(past: Past) -> None:
    await past.fetch(OKX)

    class Refusing:
        async def fetch(self, target: Target) -> Fetched:
            from holdfast.providers.kit.errors import UnexpectedResponseError  # noqa: PLC0415

            raise UnexpectedResponseError("no longer understood")

    report = await past.reparse(replace(OKX, build=lambda *_: Refusing()))
    assert [one.why for one in report.skipped] == ["UnexpectedResponseError: no longer understood"]


class Forgetful:
    """Asks for the detail once in its life, as a provider that remembers decimals; the list each time."""

    def __init__(self, build: Any) -> None:
        self._right = build
        self._learned: Any = None

    async def fetch(self, target: Target) -> Fetched:
        if self._learned is None:
            self._learned = await self._right.fetch(target)
        return self._learned  # type: ignore[no-any-return]


async def test_what_a_provider_asked_once_in_the_life_of_its_process_is_learned_again(past: Past) -> None:
    """The second fetch heard nothing, because its provider knew all from the first; each alone would have to ask."""
    module = replace(OKX, build=lambda *built: Forgetful(OKX.build(*built)))
    await past.fetch(OKX)
    await past.fetch(OKX, job="d" * 32, later=timedelta(minutes=30))
    await past.warehouse.command("DELETE FROM exchanges WHERE job_id = {job:String} AND place > 0", {"job": "d" * 32})
    started = datetime.now(UTC) - timedelta(minutes=100)
    report = await past.reparse(module, first=started)
    assert (report.fetches, report.skipped) == (1, ())


async def test_a_total_that_was_read_wrongly_is_corrected_too(past: Past) -> None:
    await past.fetch(replace(OKX, build=lambda *built: WrongTotals(OKX.build(*built))))
    sql = "SELECT platform, total FROM reported_totals_current ORDER BY platform"
    wrong = await past.warehouse.rows(sql)
    report = await past.reparse()
    assert (report.corrected, report.same) == (TOTALS, 1)
    assert {change.kind for change in report.changes} == {"total"}
    right = await past.warehouse.rows(sql)
    assert [total * 10 for _, total in right] == [total for _, total in wrong]
    assert (await past.reparse()).same == 1 + TOTALS


async def test_returns_are_held_against_what_is_current(warehouse: Warehouse) -> None:
    """Corrected only where the fetch said it last: the second fetch's word stands against the first's."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    first, second = kept_fetch("a" * 32, at), kept_fetch("b" * 32, at + timedelta(minutes=5))
    stored = [returned(first, at, "10"), returned(second, at, "20")]
    await commit(warehouse, prepare([Arrival(event=one, sequence=1, recorded_at=at) for one in stored]), ranking=[])
    for fetch, total, verdict in ((first, "30", "kept"), (second, "30", "corrected"), (second, "20", "same")):
        replayed = [Replayed(fetch=fetch, said=(returned(fetch, at, total),))]
        keys = keys_of(replayed)["returns"]
        current = {("returns", key): found for key, found in (await read_current(warehouse, "returns", keys)).items()}
        [judged] = judge(replayed, current)  # type: ignore[arg-type]
        assert (judged.verdict, judged.before) == (verdict, stored[1].id)


def kept_fetch(job: str, at: datetime) -> KeptFetch:
    request = FetchRequested(
        id=job, tenant="acme", provider="credmark", feed="balances", target=case().target.target, scope="wallet",
        slot=at, lane="due", requested_at=at,
    )  # fmt: skip
    return KeptFetch(job=request, started_at=at, finished_at=at + timedelta(seconds=9), attempts=1, response_bytes=9)


def returned(fetch: KeptFetch, at: datetime, total: str) -> ReturnsReported:
    job = fetch.job
    return ReturnsReported(
        id=f"{total:0>32}", tenant=job.tenant, provider=job.provider, account=job.target, scope=job.scope,
        observed_at=at, fetched_at=fetch.finished_at, job_id=job.id, quote="iso4217:USD", total_return=Decimal(total),
        items=(),
    )  # fmt: skip


Choice = dict[str, Any]


@pytest.mark.parametrize("wish", [
    {"account": "eip155:1:0x" + "9" * 40}, {"tenant": "rival"}, {"last": datetime(2020, 1, 1, tzinfo=UTC)},
    {"first": datetime(2190, 1, 1, tzinfo=UTC)},
])  # fmt: skip
async def test_only_what_was_asked_for_is_read_again(past: Past, wish: Choice) -> None:
    await past.fetch(WRONG)
    assert (await past.reparse(**wish)).fetches == 0
    assert await past.debts() == [0]
