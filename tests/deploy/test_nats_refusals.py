"""The real nats-server with the very file that is deployed: what each service has no business with is refused."""

import asyncio
import re
import time

import nats
import nats.errors
import pytest

from holdfast.settings.shared import NatsSettings
from tests.deploy.deployed_nats import DeployedNats


async def test_nobody_connects_without_a_password(server: DeployedNats) -> None:
    url = f"nats://127.0.0.1:{server.port}"
    for credentials in ({}, {"user": "worker-okx", "password": "wrong"}, {"user": "worker-okx", "password": ""}):
        with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
            await nats.connect(url, allow_reconnect=False, error_cb=_ignore, **credentials)


@pytest.mark.parametrize(
    ("user", "subjects"),
    [
        (
            "worker-okx",
            (
                "portfolios.revalued.v1.acme",
                "balances.observed.v1.acme.evm",
                "fetches.finished.v1.acme.evm",
                "returns.reported.v1.acme.evm",
                "clusters.observed.v1.acme.evm",
                "transfers.observed.v1.acme.evm",
                "jobs.now.okx.balances",
                "dead.jobs.worker-evm-due",
                "dead.events.aggregator",
                "$KV.registry.key.abc",
                "$KV.registry.tenant.acme",
                "$KV.cursors.cursor.acme",
                "$KV.cursors.past.evm",
                "$JS.API.STREAM.DELETE.EVENTS",
                "$JS.API.STREAM.UPDATE.EVENTS",
                "$JS.API.STREAM.PURGE.EVENTS",
                "$JS.API.CONSUMER.MSG.NEXT.JOBS.worker-evm-due",
                "$JS.API.CONSUMER.CREATE.EVENTS.spy",
                "$JS.API.STREAM.MSG.GET.EVENTS",
                "$JS.ACK.JOBS.worker-evm-due.1.1.1.1.0",
                "$JS.ACK.EVENTS.aggregator.1.1.1.1.0",
            ),
        ),
        (
            "scheduler",
            (
                "balances.observed.v1.acme.okx",
                "portfolios.revalued.v1.acme",
                "alerts.raised.v1.acme",
                "$KV.registry.account.acme.x",
                "$JS.API.STREAM.DELETE.JOBS",
                "$JS.API.STREAM.PURGE.JOBS",
            ),
        ),
        (
            "aggregator",
            (
                "balances.observed.v1.acme.okx",
                "prices.observed.v1.public.prices",
                "jobs.due.okx.balances",
                "$KV.registry.account.acme.x",
                "$JS.API.STREAM.DELETE.EVENTS",
                "$JS.API.CONSUMER.MSG.NEXT.JOBS.worker-okx-due",
            ),
        ),
        (
            "api",
            (
                "balances.observed.v1.acme.okx",
                "portfolios.revalued.v1.acme",
                "jobs.due.okx.balances",
                "$KV.cursors.cursor.acme",
                "$JS.API.STREAM.DELETE.KV_registry",
            ),
        ),
        (
            "subscriber",
            (
                "balances.observed.v1.acme.okx",
                "portfolios.revalued.v1.acme",
                "jobs.now.okx.balances",
                "$KV.registry.account.acme.x",
                "$JS.API.CONSUMER.CREATE.KV_registry.spy",
                "$JS.API.CONSUMER.CREATE.EVENTS.aggregator",
                "$JS.API.CONSUMER.CREATE.EVENTS",
                "$JS.API.CONSUMER.DELETE.EVENTS.aggregator",
                "$JS.API.CONSUMER.MSG.NEXT.EVENTS.aggregator",
                "$JS.ACK.EVENTS.aggregator.1.1.1.1.0",
            ),
        ),
        ("migrate", ("balances.observed.v1.acme.okx", "jobs.now.okx.balances", "$KV.registry.account.acme.x")),
    ],
)
async def test_what_a_service_has_no_business_with_is_refused(
    server: DeployedNats, user: str, subjects: tuple[str, ...]
) -> None:
    assert await _refused(server.settings(user), subjects) == set(subjects)


@pytest.mark.parametrize("user", ["worker-okx", "scheduler", "aggregator", "api", "subscriber", "migrate"])
async def test_nobody_listens_in_on_subjects(server: DeployedNats, user: str) -> None:
    settings, told = server.settings(user), []
    connection = await _open(settings, told)
    for subject in (">", "balances.>", "$KV.>", "$JS.ACK.>", "jobs.>"):
        await connection.subscribe(subject)
    await _hear(connection, told, 5)
    assert [re.search(r'subscription to "([^"]+)"', error)[1] for error in told] == [
        ">", "balances.>", "$kv.>", "$js.ack.>", "jobs.>",
    ]  # fmt: skip


async def _refused(settings: NatsSettings, subjects: tuple[str, ...]) -> set[str]:
    """Which of the subjects the server does not let this user publish on."""
    told: list[str] = []
    connection = await _open(settings, told)
    for subject in subjects:
        await connection.publish(subject, b"{}")
    await _hear(connection, told, len(subjects))
    lowered = {found[1] for error in told if (found := re.search(r'publish to "([^"]+)"', error))}
    return {subject for subject in subjects if subject.lower() in lowered}


async def _open(settings: NatsSettings, told: list[str]) -> nats.NATS:
    async def on_error(error: Exception) -> None:
        told.append(str(error))

    return await nats.connect(
        settings.url, user=settings.user, password=settings.password.reveal(), error_cb=on_error, allow_reconnect=False
    )


async def _hear(connection: nats.NATS, told: list[str], expected: int) -> None:
    """Until the server objected to all of it; what it does not object to within two seconds it allows."""
    await connection.flush()
    deadline = time.monotonic() + 2
    while len(told) < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    await connection.close()


async def _ignore(_: Exception) -> None:
    """What is refused is also raised."""
