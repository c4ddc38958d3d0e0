"""One provider's secrets are in its own worker alone: never in another's environment or memory, a log, or on NATS."""

import asyncio
import base64
import re
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.js.errors import NotFoundError

from holdfast.domain.time import SystemClock
from holdfast.messaging.bucket import JetStream
from holdfast.messaging.connection import Connection, connect
from holdfast.messaging.publishing import Publisher
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.discovery import discover
from holdfast.registry.commands import SourceChoice
from holdfast.registry.schedules import requests_now
from holdfast.registry.store import RegistryStore
from holdfast.settings import Secret
from holdfast.settings.shared import NatsSettings
from services.simulator.settings import SimulatorSettings
from services.simulator.world.world import build_world
from tests.simulator.running import running
from tests.support.children import Child
from tests.worker.stage import ready, until

SIGNING, PASSPHRASE, NODE_KEY = "signing-5ecret-of-okx", "passphrase-5ecret-of-okx", "path-5ecret-of-a-node"
SECRETS = {"okx": (SIGNING, PASSPHRASE), "evm": (NODE_KEY,)}
WALLET = next(one for one in build_world(seed=7).wallets if one.role.okx and one.chain.id == "eip155:1")


@pytest.fixture
def upstreams() -> Iterator[str]:
    settings = SimulatorSettings(
        port=0, okx_requests_per_second=0, okx_secret_key=Secret(SIGNING), okx_passphrase=Secret(PASSPHRASE)
    )
    with running(settings) as url:
        yield url


@pytest.fixture
async def connection(nats_settings: NatsSettings) -> AsyncIterator[Connection]:
    opened = await connect(nats_settings, name="test-secrets")
    await migrate(opened.js, ["evm", "okx"])
    yield opened
    await opened.close()


def launch(provider: str, upstreams: str, nats: NatsSettings, folder: Path) -> Child:
    """As it is deployed: a process of its own, with a file of its own settings."""
    tables = {
        "okx": f'base_url = "{upstreams}"\napi_key = "simulator-key"\nsecret_key = "{SIGNING}"\n'
        f'passphrase = "{PASSPHRASE}"\nrequests_per_second = 1000\n',
        "evm": f'requests_per_second = 1000\n[providers.evm.chains.1]\nrpc_url = "{upstreams}/rpc/1?key={NODE_KEY}"\n',
    }
    file = folder / f"{provider}.toml"
    file.write_text(f"[providers.{provider}]\n{tables[provider]}", encoding="utf-8")
    environment = {
        "HOLDFAST_CONFIG": str(file),
        "HOLDFAST_NATS__URL": nats.url,
        "HOLDFAST_WORKER__HEALTH__PORT": "0",
        "HOLDFAST_WORKER__BREAKER_FIRST_S": "0.05",
        "HOLDFAST_LOG__FORMAT": "json",
        "HOLDFAST_LOG__LEVEL": "debug",
        "PYTHONPATH": "libs:.",
    }
    command = [sys.executable, "-m", "services.worker", provider]
    return Child(command, log=folder / f"{provider}.log", environment=environment)


@pytest.fixture
def workers(upstreams: str, nats_settings: NatsSettings, tmp_path: Path) -> Iterator[dict[str, Child]]:
    children = {name: launch(name, upstreams, nats_settings, tmp_path) for name in SECRETS}
    yield children
    for child in children.values():
        child.kill()


async def test_secrets_stay_in_their_own_worker_whatever_the_upstream_does(
    connection: Connection, workers: dict[str, Child], upstreams: str
) -> None:
    for child in workers.values():
        await until(lambda child=child: _is_ready(child), deadline_s=60)  # type: ignore[misc]
    catalogue = {name: module.manifest for name, module in discover().items()}
    store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
    await store.create_tenant("acme")
    sources = [SourceChoice(provider="evm"), SourceChoice(provider="okx")]
    account = (await store.add_account("acme", WALLET.spelling, sources=sources)).id
    async with httpx.AsyncClient(base_url=upstreams) as simulator:
        for second, trouble in enumerate(({}, {"malformed": 1000}, {"key_revoked": 1000})):
            knobs = dict.fromkeys(SECRETS, trouble)
            await simulator.delete("/_knobs")
            assert (await simulator.post("/_knobs", json=knobs)).status_code == 200
            await _fetch(connection, store, account, now=SystemClock().now() + timedelta(seconds=second))

    told = await _everything_on(connection.js)
    assert {"balances.observed", "fetches.finished", "fetches.failed", "dead.jobs"} <= {
        ".".join(subject.split(".")[:2]) for subject, _ in told
    }, "it was quiet because nothing happened"
    for provider, secrets in SECRETS.items():
        for secret in map(str.encode, secrets):
            assert [subject for subject, said in told if secret in said] == []
            for other, child in workers.items():
                assert secret.decode() not in child.output, f"{provider}'s in the log of {other}"
                assert secret not in Path(f"/proc/{child.pid}/environ").read_bytes()
                assert (secret in _memory(child.pid)) is (other == provider), f"{provider}'s in the memory of {other}"


async def _fetch(connection: Connection, store: RegistryStore, account: str, *, now: datetime) -> None:
    """Every source of the account, also one that was paused; until no job is left. Two within a second are one."""
    for provider, scope in (("evm", "wallet"), ("okx", "defi")):
        await store.resume_source(tenant="acme", provider=provider, feed="balances", target=account, scope=scope)
    state = await store.read()
    jobs = requests_now(state, "acme", account, now=now)
    await Publisher(connection.js, producer="api", clock=SystemClock()).publish_many(jobs)

    async def drained() -> bool:
        return (await connection.js.stream_info("JOBS")).state.messages == 0

    await until(drained, deadline_s=60)


async def _everything_on(js: JetStream) -> list[tuple[str, bytes]]:
    """Each message of each stream and bucket: subject, headers and payload, bodies of answers unpacked."""
    found = []
    for info in await js.streams_info():
        for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
            try:
                message: Any = await js.get_msg(str(info.config.name), seq=sequence)
            except NotFoundError:  # what a newer entry of the bucket replaced
                continue
            payload = message.data or b""
            found.append((str(message.subject), repr(message.headers).encode() + payload + _unpacked(payload)))
    return found


def _unpacked(payload: bytes) -> bytes:
    bodies = re.findall(rb'"body":"([A-Za-z0-9+/=]+)"', payload)
    return b"".join(zlib.decompress(base64.b64decode(body)) for body in bodies)


def _memory(pid: int) -> bytes:
    """What a process has written into its memory."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(text, 16) for text in span.split("-"))
                memory.seek(start)
                try:
                    found.append(memory.read(end - start))
                except OSError:  # a page that is not there, as of the kernel's own
                    continue
    return b"".join(found)


async def _is_ready(child: Child) -> bool:
    answer = await asyncio.to_thread(ready, child)
    return bool(answer and answer["ready"])
