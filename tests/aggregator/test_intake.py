"""Groups, refusals, floods and stops, seen from the stream: what is acknowledged, set aside or given back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from holdfast.domain.time import SystemClock
from holdfast.messaging.declarations import consumer_named
from holdfast.observability.health import Health
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable
from services.aggregator.batch import Rejected
from services.aggregator.intake import GroupLimits, Intake, PoisonFloodError

NOW = datetime(2026, 1, 30, tzinfo=UTC)


class Item:
    def __init__(self, sequence: int) -> None:
        self.sequence = sequence


def message(sequence: int, *, pending: int) -> SimpleNamespace:
    """As messaging.batches hands it out."""
    metadata = SimpleNamespace(num_pending=pending)
    return SimpleNamespace(
        sequence=sequence,
        subject="balances.observed.v1.acme.alpha",
        payload=b"{}",
        headers={},
        deliveries=1,
        recorded_at=NOW,
        raw=SimpleNamespace(metadata=metadata),
    )


class FakeBatch:
    def __init__(self, sequences: Sequence[int], *, pending: int = 0) -> None:
        self.messages = tuple(message(sequence, pending=pending) for sequence in sequences)
        self.end = ""

    def __len__(self) -> int:
        return len(self.messages)

    async def ack(self) -> None:
        self.end = "acknowledged"

    async def give_back(self, *, delay_s: float = 0.0) -> None:
        del delay_s
        self.end = "given back"


class FakeConsumer:
    def __init__(self, batches: Sequence[FakeBatch]) -> None:
        self._batches = batches

    async def __aiter__(self) -> AsyncIterator[FakeBatch]:
        for batch in self._batches:
            yield batch

    def stop(self) -> None:
        pass


class FakeLine:
    """Refuses some sequences at one of the two steps, and is unavailable for a while."""

    def __init__(
        self,
        *,
        undecodable: Sequence[int] = (),
        not_prepared: Sequence[int] = (),
        not_inserted: Sequence[int] = (),
        not_settled: Sequence[int] = (),
        outages: int = 0,
    ) -> None:
        self.undecodable = set(undecodable)
        self.not_prepared = set(not_prepared)
        self.not_inserted = set(not_inserted)
        self.not_settled = set(not_settled)
        self.outages = outages
        self.inserted: list[list[int]] = []
        self.settled: list[list[int]] = []

    def validate(self, messages: Sequence[SimpleNamespace]) -> tuple[list[Item], list[Rejected]]:
        bad = [one.sequence for one in messages if one.sequence in self.undecodable]
        good = [Item(one.sequence) for one in messages if one.sequence not in self.undecodable]
        return good, [Rejected(sequence=number, reason="Undecodable", message="no") for number in bad]

    def prepare(self, items: Sequence[Item]) -> list[int]:
        if self.not_prepared & {item.sequence for item in items}:
            raise TypeError("our own bug")
        return [item.sequence for item in items]

    async def insert(self, work: list[int]) -> None:
        if self.outages:
            self.outages -= 1
            raise WarehouseUnavailable("away")
        if self.not_inserted & set(work):
            raise WarehouseError("refused", code=27)
        self.inserted.append(work)

    async def settle(self, works: Sequence[list[int]]) -> None:
        some = [number for work in works for number in work]
        if self.not_settled & set(some):
            raise WarehouseError("refused", code=27)
        self.settled.append(some)


class FakeStream:
    """Keeps what is published to DEAD."""

    def __init__(self) -> None:
        self.buried: list[int] = []

    async def publish(self, subject: str, payload: bytes, **how: object) -> SimpleNamespace:
        del subject, payload
        identity: str = how["headers"]["Nats-Msg-Id"]  # type: ignore[index]
        self.buried.append(int(identity.rpartition("/")[2]))
        return SimpleNamespace(stream="DEAD", seq=len(self.buried), duplicate=False)


def intake(
    line: FakeLine, batches: Sequence[FakeBatch], stream: FakeStream, *, most_dead: int = 100, group: int = 5000
) -> Intake:
    return Intake(
        SimpleNamespace(js=stream),  # type: ignore[arg-type]
        consumer_named("aggregator"),
        line,  # type: ignore[arg-type]
        FakeConsumer(batches),  # type: ignore[arg-type]
        clock=SystemClock(),
        health=Health(),
        most_dead_in_a_row=most_dead,
        group=GroupLimits(messages=group),
    )


async def test_a_backlog_is_settled_once_for_several_batches() -> None:
    line, batches = FakeLine(), [FakeBatch([1, 2], pending=4), FakeBatch([3, 4], pending=2), FakeBatch([5, 6])]
    await intake(line, batches, FakeStream()).run()
    assert line.inserted == [[1, 2], [3, 4], [5, 6]]
    assert line.settled == [[1, 2, 3, 4, 5, 6]]
    assert [batch.end for batch in batches] == ["acknowledged"] * 3


async def test_a_group_is_closed_when_it_is_full_whatever_is_waiting() -> None:
    line, batches = FakeLine(), [FakeBatch([n, n + 1], pending=9) for n in (1, 3, 5)]
    await intake(line, batches, FakeStream(), group=4).run()
    assert line.settled == [[1, 2, 3, 4], [5, 6]]


@pytest.mark.parametrize("step", ["not_inserted", "not_settled"])
async def test_of_a_refused_batch_only_the_refused_message_is_set_aside(step: str) -> None:
    line, stream = FakeLine(**{step: [3]}), FakeStream()
    batches = [FakeBatch([1, 2], pending=5), FakeBatch([3, 4, 5, 6, 7])]
    await intake(line, batches, stream).run()
    assert stream.buried == [3]
    assert {number for work in line.settled for number in work} == {1, 2, 4, 5, 6, 7}
    assert [batch.end for batch in batches] == ["acknowledged"] * 2


async def test_a_message_that_trips_a_bug_of_ours_is_set_aside_and_holds_nobody_up() -> None:
    line, stream, batch = FakeLine(not_prepared=[2]), FakeStream(), FakeBatch([1, 2, 3])
    await intake(line, [batch], stream).run()
    assert stream.buried == [2]
    assert line.settled == [[1, 3]]
    assert batch.end == "acknowledged"


async def test_an_outage_is_waited_out_and_sets_nothing_aside() -> None:
    line, stream, batch = FakeLine(outages=2), FakeStream(), FakeBatch([1, 2])
    await intake(line, [batch], stream).run()
    assert (line.settled, stream.buried, batch.end) == ([[1, 2]], [], "acknowledged")


async def test_who_has_to_stop_in_an_outage_gives_everything_back() -> None:
    line, batch = FakeLine(outages=1000), FakeBatch([1, 2])
    taking_in = intake(line, [batch], FakeStream())
    running = asyncio.create_task(taking_in.run())
    while line.outages == 1000:
        await asyncio.sleep(0)
    taking_in.stop()
    await asyncio.wait_for(running, 5)
    assert (line.settled, batch.end) == ([], "given back")


async def test_a_flood_of_poison_stops_the_intake_and_leaves_the_rest_in_the_stream() -> None:
    line, stream = FakeLine(undecodable=range(1, 100)), FakeStream()
    batches = [FakeBatch([1, 2], pending=6), FakeBatch([3, 4], pending=4), FakeBatch([5, 6], pending=2), FakeBatch([7])]
    with pytest.raises(PoisonFloodError):
        await intake(line, batches, stream, most_dead=3, group=4).run()
    assert stream.buried == [1, 2, 3]
    assert [batch.end for batch in batches[:3]] == ["given back"] * 3
    assert "acknowledged" not in {batch.end for batch in batches}


async def test_good_messages_between_bad_ones_are_no_flood() -> None:
    line, stream = FakeLine(undecodable=[1, 3, 5, 7]), FakeStream()
    batches = [FakeBatch([n, n + 1]) for n in (1, 3, 5, 7)]
    await intake(line, batches, stream, most_dead=2).run()
    assert stream.buried == [1, 3, 5, 7]
    assert {batch.end for batch in batches} == {"acknowledged"}
