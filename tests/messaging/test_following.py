"""Reading along: from now, from an instant, and past what cannot be read."""

import asyncio
from datetime import UTC, datetime

from holdfast.messaging.connection import connect
from holdfast.messaging.following import follow
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings
from tests.messaging.samples import FixedClock, a_snapshot


async def test_an_instant_brings_what_is_stored_and_what_cannot_be_read_is_passed_on_as_such(
    nats_settings: NatsSettings,
) -> None:
    connection = await connect(nats_settings, name="test")
    try:
        await migrate(connection.js, [])
        sent = a_snapshot(1)
        await Publisher(connection.js, producer="test", clock=FixedClock()).publish(sent)
        await connection.js.publish("balances.observed.v1.t.acme", b"not json")
        seen = []
        async with asyncio.timeout(20):
            async for one in follow(
                connection.js, "EVENTS", ["balances.observed.v1.>"], since=datetime(2020, 1, 1, tzinfo=UTC)
            ):
                seen.append(one)
                if len(seen) == 2:
                    break
        assert seen[0].event == sent
        assert seen[1].event is None
        assert [one.sequence for one in seen] == [1, 2]
    finally:
        await connection.close()
