"""FastStream subscribers: one durable consumer per provider and lane, each holding one job at most.

A handler waits for its provider's turn (services.worker.turns), starts the job as a task and returns,
so the lane pulls its next job only when the one before has a place. What waits is kept alive with
`in_progress`, and given back at once when the worker stops.
"""

import asyncio
from collections.abc import Awaitable, Callable

from faststream.nats import NatsMessage
from faststream.nats.annotations import NatsMessage as ReceivedMessage

from holdfast.domain.jobs import Lane
from holdfast.messaging.broker import Broker, subscription_options
from holdfast.messaging.delivery import Delivery
from holdfast.messaging.streams import ConsumerDeclaration, worker_consumers
from holdfast.observability.logs import logger
from services.worker.fetching import JobRunner
from services.worker.line import Line
from services.worker.turns import ClosedError

log = logger(__name__)


class JobTasks:
    """The jobs in hand of all providers."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, *, within_s: float) -> int:
        """Wait for them; cancel those that take longer. Returns how many were cancelled."""
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(set(self._tasks), timeout=within_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return len(late)


def subscribe(broker: Broker, line: Line, runner: JobRunner, tasks: JobTasks) -> None:
    """Bind the provider's three lanes. They start pulling with `broker.start()`."""
    stops = []
    for consumer in worker_consumers([line.name]):
        subscriber = broker.subscriber(**subscription_options(consumer))
        subscriber(_handler(consumer, line, runner, tasks))
        stops.append(subscriber.stop)

    async def stop_pulling() -> None:
        await asyncio.gather(*(stop() for stop in stops))

    line.stop_pulling = stop_pulling


def _handler(
    consumer: ConsumerDeclaration, line: Line, runner: JobRunner, tasks: JobTasks
) -> Callable[[NatsMessage], Awaitable[None]]:
    lane: Lane = consumer.filters[0].split(".")[1]  # type: ignore[assignment]

    async def on_job(message: ReceivedMessage) -> None:
        delivery = Delivery(message, ack_wait_s=consumer.ack_wait_s)
        async with delivery:
            try:
                await line.turns.take(lane)
            except ClosedError:
                await delivery.give_back()
                return
        tasks.start(_work(delivery, line, runner))

    return on_job


async def _work(delivery: Delivery, line: Line, runner: JobRunner) -> None:
    try:
        async with delivery:
            await runner.run(delivery)
    except asyncio.CancelledError:
        # The grace period is over: somebody else does it, at once.
        await delivery.give_back()
        raise
    except Exception:
        log.exception("a job ended in a bug of the worker itself; it will come again")
    finally:
        line.turns.give_back()
