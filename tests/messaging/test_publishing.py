"""Fault cases 15 and 16: an answer that got lost, and ids forgotten over a restart."""

import asyncio
from datetime import timedelta
from typing import Any

import nats.errors
import pytest
from msgspec.structs import replace
from nats.js.api import PubAck, StreamConfig

from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.publishing import Publisher, PublishRefusedError, PublishUnconfirmedError
from holdfast.messaging.streams import migrate, worker_consumer
from tests.messaging.samples import AT, FixedClock, a_job, a_snapshot
from tests.support.servers import NatsServer


class LosesAnswers:
    """A JetStream context that stores, and then lets the caller time out, for the first `times` publishes."""

    def __init__(self, js: Any, *, times: int) -> None:
        self._js = js
        self.left = times

    async def publish(self, *arguments: Any, **named: Any) -> PubAck:
        ack: PubAck = await self._js.publish(*arguments, **named)
        self._lose()
        return ack

    async def publish_async(self, *arguments: Any, **named: Any) -> "asyncio.Future[PubAck]":
        future = await self._js.publish_async(*arguments, **named)
        await future
        self._lose()
        return future  # type: ignore[no-any-return]

    def _lose(self) -> None:
        if self.left > 0:
            self.left -= 1
            raise nats.errors.TimeoutError


async def count(connection: Connection, stream: str) -> int:
    return (await connection.js.stream_info(stream)).state.messages


async def test_a_publish_that_was_stored_and_timed_out_is_stored_once(migrated: Connection) -> None:
    js: Any = LosesAnswers(migrated.js, times=3)
    stored = await Publisher(js, producer="test", clock=FixedClock()).publish(a_snapshot(1))
    assert stored.duplicate
    assert js.left == 0
    assert await count(migrated, "EVENTS") == 1


async def test_many_with_lost_answers_are_each_stored_once_and_in_order(migrated: Connection) -> None:
    js: Any = LosesAnswers(migrated.js, times=40)
    stored = await Publisher(js, producer="test", clock=FixedClock()).publish_many(a_snapshot(n) for n in range(600))
    assert len(stored) == 600
    assert await count(migrated, "EVENTS") == 600
    sequences = [one.sequence for one in stored]
    assert sequences == sorted(sequences)


async def test_events_carry_cloudevents_headers_and_their_account(migrated: Connection) -> None:
    await Publisher(migrated.js, producer="worker-acme", clock=FixedClock()).publish(a_snapshot(7))
    message = await migrated.js.get_msg("EVENTS", seq=1)
    assert message.subject == "balances.observed.v1.t.acme"
    headers = message.headers or {}
    assert headers["ce-id"] == f"{7:032x}"
    assert headers["Nats-Msg-Id"] == f"{7:032x}.1772366400000"
    assert headers["ce-type"] == "holdfast.balances.observed.v1"
    assert headers["Holdfast-Account"] == "acme:wallet-7"


async def test_what_a_source_says_again_after_it_said_otherwise_is_stored_each_time(migrated: Connection) -> None:
    """A, B and A of one instant within minutes: the last A is current, and no copy of the first."""
    publisher = Publisher(migrated.js, producer="test", clock=FixedClock())
    a, b = (replace(a_snapshot(n), account="acme:wallet") for n in (1, 2))
    said = [replace(one, fetched_at=AT + timedelta(seconds=s)) for one, s in ((a, 0), (b, 200), (a, 400))]
    stored = [await publisher.publish(one) for one in said]
    assert [one.duplicate for one in stored] == [False, False, False]
    assert (await publisher.publish(said[2])).duplicate, "a publish that is repeated is still one"
    assert await count(migrated, "EVENTS") == 3


async def test_what_nobody_fetched_is_known_by_its_id_alone(migrated: Connection) -> None:
    await Publisher(migrated.js, producer="scheduler", clock=FixedClock()).publish(a_job(1))
    message = await migrated.js.get_msg("JOBS", seq=1)
    assert (message.headers or {})["Nats-Msg-Id"] == a_job(1).id


async def test_without_a_stream_the_deadline_ends_in_an_unknown_outcome(connection: Connection) -> None:
    publisher = Publisher(connection.js, producer="test", clock=FixedClock(), deadline_s=0.4)
    with pytest.raises(PublishUnconfirmedError, match=r"balances\.observed\.v1\.t\.acme: not confirmed within 0\.4 s"):
        await publisher.publish(a_snapshot(1))


async def test_a_full_stream_refuses_at_once(connection: Connection) -> None:
    config = StreamConfig(name="JOBS", subjects=["jobs.>"], max_msgs=1, discard="new")  # type: ignore[arg-type]
    await connection.js.add_stream(config)
    publisher = Publisher(connection.js, producer="test", clock=FixedClock())
    await publisher.publish(a_job(1))
    with pytest.raises(PublishRefusedError, match="maximum messages exceeded"):
        await publisher.publish(a_job(2))
    with pytest.raises(PublishRefusedError, match="maximum messages exceeded"):
        await publisher.publish_many([a_job(3), a_job(4)])


async def test_publishing_goes_on_after_a_kill_of_the_server_and_nothing_is_doubled(
    nats_server: NatsServer, migrated: Connection
) -> None:
    publisher = Publisher(migrated.js, producer="test", clock=FixedClock())

    async def restart() -> None:
        while await count(migrated, "EVENTS") < 50:
            await asyncio.sleep(0.005)
        nats_server.kill()
        nats_server.start()  # in this thread: a server dies with the thread that started it

    restarting = asyncio.create_task(restart())
    for number in range(0, 600, 20):
        await publisher.publish_many(a_snapshot(n) for n in range(number, number + 20))
    await restarting
    assert await count(migrated, "EVENTS") == 600
    ids = set()
    for sequence in range(1, 601):
        ids.add((await migrated.js.get_msg("EVENTS", seq=sequence)).headers["Nats-Msg-Id"])  # type: ignore[index]
    assert ids == {f"{n:032x}.1772366400000" for n in range(600)}


async def test_a_work_queue_forgets_ids_over_a_restart_where_a_limits_stream_remembers(nats_server: NatsServer) -> None:
    """Fault 15: why a slot is claimed in KV besides, and why a duplicate job must only cost a fetch."""
    connection = await connect(nats_server.settings, name="test")
    for info in await connection.js.streams_info():
        await connection.js.delete_stream(str(info.config.name))
    await migrate(connection.js, ["acme"])
    publisher = Publisher(connection.js, producer="test", clock=FixedClock())
    await publisher.publish(a_job(1))
    await publisher.publish(a_snapshot(1))
    lane = await connection.js.pull_subscribe_bind(consumer=worker_consumer("acme", "due"), stream="JOBS")
    await (await lane.fetch(1))[0].ack_sync()

    nats_server.kill()
    nats_server.start()  # in this thread: a server dies with the thread that started it

    assert not (await publisher.publish(a_job(1))).duplicate
    assert (await publisher.publish(a_snapshot(1))).duplicate
    assert await count(connection, "EVENTS") == 1
    await connection.close()
