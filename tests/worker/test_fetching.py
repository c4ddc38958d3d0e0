"""What becomes of a job, through the real server and a fake provider."""

import asyncio
import zlib
from datetime import UTC, datetime
from decimal import Decimal

from msgspec.structs import replace

from holdfast.domain.jobs import JobWindow
from holdfast.events import (
    BalancesObserved,
    ClustersObserved,
    FetchFailed,
    FetchFinished,
    ReturnsReported,
    TotalsReported,
)
from holdfast.events.splitting import join_balances
from holdfast.messaging import dead_letters
from tests.support.servers import NatsServer
from tests.worker.stage import Stage, until

WINDOW = JobWindow(start=datetime(2026, 2, 1, 9, tzinfo=UTC), end=datetime(2026, 2, 1, 11, tzinfo=UTC), every_s=3600)


async def test_a_job_becomes_responses_a_snapshot_and_a_finish_and_only_then_is_acknowledged(stage: Stage) -> None:
    job = await stage.ask("ok-1")
    async with stage.worker():
        await until(stage.drained)
    (snapshot,) = await stage.events("EVENTS")
    assert snapshot.account == "faker:ok-1"
    assert snapshot.id == snapshot.snapshot_id
    assert [line.amount for line in snapshot.balances] == [Decimal(1), Decimal(2), Decimal(3)]
    assert snapshot.job_id == job.id
    (response,) = await stage.events("RESPONSES")
    assert zlib.decompress(response.body) == b'{"balances": ["faker:ok-1"]}'
    assert snapshot.raw == (response.sha256,)
    (finished,) = await stage.events("FETCHES")
    assert (finished.job_id, finished.snapshots, finished.lines, finished.requests) == (job.id, 1, 3, 1)


async def test_a_duplicate_job_costs_a_fetch_and_never_a_second_snapshot(stage: Stage) -> None:
    job = await stage.ask("ok-1")
    async with stage.worker():
        await until(stage.drained)
        await stage.js.purge_stream("JOBS")
        again = replace(job, id="f" * 32)
        await stage.publisher.publish(again)
        await until(stage.drained)
    assert stage.journal() == ["ok-1", "ok-1"]
    assert len({event.id for event in await stage.events("EVENTS")}) == 1


async def test_a_snapshot_over_the_payload_limit_travels_in_parts_that_join_to_the_whole(stage: Stage) -> None:
    await stage.ask("big-1")
    async with stage.worker():
        await until(stage.drained)
    parts = await stage.events("EVENTS", BalancesObserved)
    assert len(parts) > 1
    whole = join_balances(reversed(parts))
    assert whole.lines == 4000
    assert [line.amount for line in whole.balances] == [Decimal(n + 1) for n in range(4000)]


async def test_a_watch_of_prices_is_fetched_too(stage: Stage) -> None:
    await stage.store.put_watch("public", provider="faker", feed="prices", target="faker:eth")
    job = stage.job("eth", feed="prices")
    job = replace(job, tenant="public")
    await stage.publisher.publish(job)
    async with stage.worker():
        await until(stage.drained)
    (observed,) = await stage.events("EVENTS")
    assert [(price.asset, price.price) for price in observed.prices] == [("eip155:1/slip44:60", Decimal("2000.5"))]


async def test_a_window_of_history_becomes_a_snapshot_and_a_total_for_each_instant(stage: Stage) -> None:
    job = await stage.ask("ok-1", lane="backfill", window=WINDOW)
    async with stage.worker():
        await until(stage.drained)
    instants = [datetime(2026, 2, 1, hour, tzinfo=UTC) for hour in (9, 10, 11)]
    snapshots = await stage.events("EVENTS", BalancesObserved)
    totals = await stage.events("EVENTS", TotalsReported)
    (returns,) = await stage.events("EVENTS", ReturnsReported)
    (finished,) = await stage.events("FETCHES", FetchFinished)
    assert sorted(one.observed_at for one in snapshots) == instants
    assert sorted((one.observed_at, one.total) for one in totals) == [(at, Decimal(at.hour)) for at in instants]
    assert (returns.observed_at, returns.total_return, returns.job_id) == (instants[-1], Decimal(-3), job.id)
    assert (finished.window, finished.snapshots, finished.lane) == (WINDOW, 3, "backfill")


async def test_a_window_fetched_again_gives_the_same_events(stage: Stage) -> None:
    first = await stage.ask("ok-1", lane="backfill", window=WINDOW)
    async with stage.worker():
        await until(stage.drained)
        await stage.js.purge_stream("FETCHES")
        again = replace(first, id="0" * 32)
        await stage.publisher.publish(again)
        await until(stage.drained)
    assert stage.journal() == ["ok-1", "ok-1"]
    told = {event.id for event in await stage.events("EVENTS")}
    assert len(told) == 7, "three snapshots, three totals and the returns: a second copy of each is the same"


async def test_an_answer_for_another_time_than_was_asked_is_never_published(stage: Stage) -> None:
    await stage.ask("tomorrow-1", lane="backfill", window=WINDOW)
    async with stage.worker():
        await until(stage.drained)
    assert await stage.messages("EVENTS") == 0
    (letter,) = await dead_letters.list_letters(stage.js)
    assert letter.death.reason == "MismatchedResult"


async def test_history_of_a_feed_without_any_is_a_dead_letter(stage: Stage) -> None:
    job = replace(await stage.ask("ok-1", lane="backfill", window=WINDOW), feed="token_clusters", id="1" * 32)
    token = "eip155:1/slip44:60"
    await stage.store.put_watch("acme", provider="faker", feed="token_clusters", target=token, scope="")
    await stage.publisher.publish(replace(job, target=token, scope=""))
    async with stage.worker():
        await until(stage.drained)
    (letter,) = await dead_letters.list_letters(stage.js)
    assert letter.death.reason == "UnknownFeed"


async def test_a_source_without_any_past_gives_its_job_up_without_a_dead_letter(stage: Stage) -> None:
    await stage.ask("newborn-1", lane="backfill", window=WINDOW)
    async with stage.worker():
        await until(stage.drained)
    assert await stage.messages("DEAD") == 0
    (failed,) = await stage.events("FETCHES")
    assert (failed.outcome, failed.error, failed.window) == ("no_history", "NoHistory", WINDOW)


async def test_token_clusters_become_an_event(stage: Stage) -> None:
    token = "eip155:1/slip44:60"
    await stage.store.put_watch("acme", provider="faker", feed="token_clusters", target=token, scope="")
    job = replace(stage.job("x", feed="token_clusters"), target=token)
    await stage.publisher.publish(job)
    async with stage.worker():
        await until(stage.drained)
    (observed,) = await stage.events("EVENTS")
    assert (type(observed), observed.token, observed.tenant) == (ClustersObserved, token, "acme")
    assert [cluster.amount for cluster in observed.clusters] == [Decimal(7)]


async def test_jobs_of_accounts_that_are_gone_or_paused_are_dropped_without_a_fetch(stage: Stage) -> None:
    await stage.ask("unknown-1", known=False)
    await stage.add_accounts("ok-1")
    await stage.store.pause_source(
        tenant="acme", provider="faker", feed="balances", target="faker:ok-1", scope="main", why="on leave"
    )
    await stage.ask("ok-1", known=False)
    async with stage.worker():
        await until(stage.drained)
    assert stage.journal("start") == []
    assert await stage.messages("FETCHES") == 0


async def test_a_rejected_key_pauses_the_source_raises_an_alert_and_is_never_retried(stage: Stage) -> None:
    await stage.ask("revoked-1")
    async with stage.worker():
        await until(stage.drained)
    state = await stage.store.read()
    (source,) = state.accounts["acme", "faker:revoked-1"].sources
    assert source.paused == "CredentialsRejected: the key was revoked"
    (failed,) = await stage.events("FETCHES")
    assert (failed.outcome, failed.error) == ("paused", "CredentialsRejected")
    (alert,) = await stage.events("PORTFOLIOS")
    assert (alert.kind, alert.tenant) == ("account_paused", "acme")
    assert stage.journal("start") == ["revoked-1"]


async def test_a_rate_limited_job_comes_back_after_the_delay_that_was_asked_for(stage: Stage) -> None:
    await stage.ask("limited-1")
    async with stage.worker():
        await until(stage.drained)
    assert stage.journal("start") == ["limited-1", "limited-1"]
    (failed,) = await stage.events("FETCHES", FetchFailed)
    (finished,) = await stage.events("FETCHES", FetchFinished)
    assert (failed.outcome, failed.attempts, finished.attempts) == ("retry", 1, 2)
    assert (finished.started_at - failed.finished_at).total_seconds() >= 0.29


async def test_an_unavailable_provider_opens_the_circuit_after_a_few_and_then_gets_single_probes(stage: Stage) -> None:
    for number in range(8):
        await stage.ask(f"down-{number}")
    async with stage.worker(concurrency=1, breaker_after=3, breaker_first_s=30) as worker:
        await until(lambda: _length(stage.journal("start"), 3))
        await until(lambda: _true(worker._lines[0].turns.resting))
        assert len(stage.journal("start")) == 3
    assert await stage.messages("JOBS") == 8, "nothing is lost while the upstream is down"
    assert await stage.messages("DEAD") == 0


async def test_an_unexpected_response_becomes_a_dead_letter_with_its_hash_and_a_redacted_excerpt(stage: Stage) -> None:
    job = await stage.ask("strange-1")
    async with stage.worker():
        await until(stage.drained)
    (letter,) = await dead_letters.list_letters(stage.js)
    (response,) = await stage.events("RESPONSES")
    assert (letter.death.reason, letter.death.status) == ("UnexpectedResponse", 200)
    assert letter.death.sha256 == response.sha256
    assert "s3cret" not in letter.death.excerpt
    assert letter.death.subject == "jobs.due.faker.balances"
    assert job.id.encode() in letter.payload
    (failed,) = await stage.events("FETCHES")
    assert failed.outcome == "dead_lettered"


async def test_an_answer_for_another_account_is_never_published(stage: Stage) -> None:
    await stage.ask("other-1")
    async with stage.worker():
        await until(stage.drained)
    assert await stage.messages("EVENTS") == 0
    (letter,) = await dead_letters.list_letters(stage.js)
    assert letter.death.reason == "MismatchedResult"


async def test_a_poison_message_among_good_jobs_is_one_dead_letter_and_the_rest_are_done(stage: Stage) -> None:
    """Fault 9."""
    for number in range(9):
        await stage.ask(f"ok-{number}")
        if number == 4:
            await stage.js.publish("jobs.due.faker.balances", b'{"id": "trunc')
    async with stage.worker():
        await until(stage.drained)
    assert sorted(stage.journal()) == [f"ok-{n}" for n in range(9)]
    (letter,) = await dead_letters.list_letters(stage.js)
    assert (letter.death.reason, letter.payload) == ("Undecodable", b'{"id": "trunc')
    assert letter.death.consumer == "worker-faker-due"


async def test_a_flood_of_poison_stops_the_consumer_and_leaves_the_messages_in_the_stream(stage: Stage) -> None:
    """Fault 10."""
    for number in range(30):
        await stage.js.publish("jobs.due.faker.balances", b"not a job %d" % number)
    async with stage.worker(bugs_in_a_row=5, concurrency=1) as worker:
        await until(lambda: _true("provider faker" in worker.health.waiting_for))
        dead = await stage.messages("DEAD")
    assert dead == 5
    assert await stage.messages("JOBS") == 25
    alerts = await stage.events("PORTFOLIOS")
    assert [(alert.kind, alert.subject) for alert in alerts] == [("poison_flood", "faker")]


async def test_an_upstream_that_wants_money_stops_the_provider_and_is_not_asked_again(stage: Stage) -> None:
    for number in range(5):
        await stage.ask(f"paid-{number}")
    async with stage.worker(concurrency=1) as worker:
        why = await until(lambda: _true(worker.health.waiting_for.get("provider faker", "")))
    assert why == "PaymentRequired: HTTP 402"
    assert len(stage.journal("start")) == 1
    assert await stage.messages("JOBS") == 5
    (alert,) = await stage.events("PORTFOLIOS")
    assert alert.kind == "provider_stopped"


async def test_a_waiting_now_job_is_taken_before_any_due_and_a_due_before_any_backfill(stage: Stage) -> None:
    stage.gate.touch()
    await stage.ask("gated-0", lane="due")
    async with stage.worker(concurrency=1):
        await until(lambda: _true(stage.journal("start") == ["gated-0"]))
        for number in range(1, 4):
            await stage.ask(f"gated-{number}b", lane="backfill")
            await stage.ask(f"gated-{number}d", lane="due")
            await stage.ask(f"gated-{number}n", lane="now")
        for lane in ("now", "due", "backfill"):  # one of each lane waits for its turn in the worker
            await until(lambda lane=lane: stage.in_hand(lane))  # type: ignore[misc]
        stage.gate.unlink()
        await until(stage.drained)
    order = stage.journal("start")
    assert order[0] == "gated-0"
    first_due = order.index("gated-1d")
    assert order.index("gated-1n") < first_due
    assert [name[-1] for name in order[1:]] == ["n", "n", "n", "d", "d", "d", "b", "b", "b"]


async def test_a_nats_that_restarts_in_the_middle_loses_and_doubles_nothing(
    stage: Stage, nats_server: NatsServer
) -> None:
    for number in range(30):
        await stage.ask(f"ok-{number}")
    async with stage.worker(concurrency=4):
        await until(lambda: _length(stage.journal(), 5))
        nats_server.kill()
        nats_server.start()
        for number in range(30, 40):
            await stage.ask(f"ok-{number}")
        await until(stage.drained, deadline_s=60)
    snapshots = await stage.events("EVENTS")
    assert {one.account for one in snapshots} == {f"faker:ok-{n}" for n in range(40)}
    assert len({one.id for one in snapshots}) == 40, "whose fetch was repeated is told twice, and is one snapshot"


async def test_a_job_whose_slot_is_long_past_is_still_one_fetch(stage: Stage) -> None:
    job = stage.job("ok-1")
    await stage.add_accounts("ok-1")
    long_past = replace(job, slot=job.slot.replace(year=2019))
    await stage.publisher.publish(long_past)
    async with stage.worker():
        await until(stage.drained)
    assert stage.journal() == ["ok-1"]


async def _true(value: object) -> object:
    await asyncio.sleep(0)
    return value


async def _length(items: list[str], least: int) -> bool:
    return len(items) >= least
