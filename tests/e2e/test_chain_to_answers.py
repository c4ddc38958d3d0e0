"""A real EVM node's balances, through the whole stack, into `/v1` and into SQL; and what survives a restart."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.domain.time import SystemClock
from holdfast.messaging.connection import connect as connect_nats
from holdfast.providers.kit.discovery import discover
from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from holdfast.registry.store import RegistryStore
from holdfast.settings import Secret
from holdfast.settings.shared import ClickHouseSettings, NatsSettings
from holdfast.warehouse.client import connect as connect_warehouse
from services.local import probes, running
from services.local.directory import DataDirectory
from services.local.settings import LocalSettings
from services.local.stack import NATS_USER
from tests.support.anvil import Anvil
from tests.support.bytecode import text as abi_text
from tests.support.bytecode import token, word

CHAIN = "eip155:31337"
WALLET = "0x" + "ab" * 20
ACCOUNT = f"{CHAIN}:{WALLET}"
COIN, TOKEN = f"{CHAIN}/slip44:60", "0x" + "11" * 20
FREE = LocalSettings(nats_port=0, clickhouse_port=0, api_port=0, simulator_port=0)


@pytest.fixture(scope="module")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    node = Anvil(tmp_path_factory.mktemp("anvil"))
    node.put_coins(WALLET, 3 * 10**18 + 7)
    balance = word(12_345_678_901)
    node.put_code(TOKEN, token(decimals=6, symbol=abi_text("TST"), balance=balance))
    node.mine()
    yield node
    node.stop()


@pytest.fixture
async def prices(anvil: Anvil, tmp_path: Path) -> Path:
    """A price an hour before the newest block: young enough, and not of the future."""
    stamp = int(anvil.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    at = (datetime.fromtimestamp(stamp, UTC) - timedelta(hours=1)).isoformat()
    file = tmp_path / "prices.csv"
    file.write_text(f"asset,at,price\n{COIN},{at},2000.5\n{CHAIN}/erc20:{TOKEN},{at},0.9999\n")
    return file


@pytest.fixture
async def stack(
    anvil: Anvil, prices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[running.Running]:
    prefix = "HOLDFAST_PROVIDERS__EVM__CHAINS__31337"
    monkeypatch.setenv(f"{prefix}__RPC_URL", anvil.url)
    monkeypatch.setenv(f"{prefix}__TOKENS", TOKEN)
    monkeypatch.setenv("HOLDFAST_PROVIDERS__PRICES__CSV_PATH", str(prices))
    made = running.Running(FREE, DataDirectory(tmp_path / "data"), lambda *_: None, simulate=None)
    yield made
    await made.stop()


async def test_balances_of_a_real_chain_appear_over_http_and_in_sql_and_survive_a_restart(
    stack: running.Running, tmp_path: Path
) -> None:
    await stack.start()
    key = await register(stack)
    positions = await answer_with(stack, key, "positions", lambda found: len(found["items"]) == 2)
    amounts = {item["asset"]: item["amount"] for item in positions["items"]}
    assert amounts == {COIN: "3.000000000000000007", f"{CHAIN}/erc20:{TOKEN}": "12345.678901"}
    # 3.000000000000000007 × 2000.5 + 12345.678901 × 0.9999, by hand:
    expected = Decimal("6001.5000000000000140035") + Decimal("12344.4443331099")
    total = await answer_with(stack, key, "total", lambda found: found["net"] == str(expected))
    assert total["net"] == str(expected)
    assert await sql(stack, "SELECT net FROM portfolio_value WHERE tenant = 'acme'") == [{"net": expected}]

    await stack.stop()
    again = running.Running(
        FREE, DataDirectory(stack.folder.rename(tmp_path / "moved")), lambda *_: None, simulate=None
    )
    try:
        await again.start()
        assert (await answer_with(again, key, "total", lambda found: found["net"] is not None))["net"] == str(expected)
    finally:
        await again.stop()


async def register(stack: running.Running) -> str:
    nats = NatsSettings(
        url=f"nats://127.0.0.1:{stack.ports.nats}", user=NATS_USER, password=Secret(stack.credentials.nats_password)
    )
    connection = await connect_nats(nats, name="test")
    try:
        catalogue = {name: module.manifest for name, module in discover().items()}
        store = RegistryStore(connection.js, clock=SystemClock(), catalogue=catalogue)
        await store.create_tenant("acme")
        await store.put_watch("public", provider="prices", feed="prices", target="*", every_s=5)
        await store.add_account("acme", ACCOUNT, sources=[SourceChoice(provider="evm", every_s=5)])
        await store.create_portfolio("acme", "family", members=[Member(account=ACCOUNT)])
        return (await store.create_key("acme"))[1].reveal()
    finally:
        await connection.close()


async def answer_with(stack: running.Running, key: str, what: str, fits: Any) -> Any:
    """Ask until the answer fits, for at most a minute."""
    headers = {"Authorization": f"Bearer {key}"}
    deadline = time.monotonic() + 60
    while True:
        found = await probes.get_json(f"{stack.api_url}/v1/portfolios/family/{what}", headers)
        if fits(found) or time.monotonic() > deadline:
            assert fits(found), found
            return found
        await asyncio.sleep(0.2)


async def sql(stack: running.Running, query: str) -> list[dict[str, Any]]:
    warehouse = await connect_warehouse(
        ClickHouseSettings(
            url=f"http://127.0.0.1:{stack.ports.clickhouse}", password=Secret(stack.credentials.clickhouse_password)
        )
    )
    try:
        return await warehouse.query(query)
    finally:
        await warehouse.close()
