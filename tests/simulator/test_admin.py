"""The clock, the log, what to register, the price feed, and the process itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from holdfast.domain.accounts import parse_account
from holdfast.providers.kit.discovery import discover
from holdfast.settings import SettingsError
from holdfast.settings.loading import Configuration
from services.simulator.admin.registration import Registration
from services.simulator.app import build_clock
from services.simulator.clock import WorldClock
from services.simulator.settings import SimulatorSettings
from services.simulator.world.tokens import ETH, QUIET, TOKENS
from services.simulator.world.world import build_world, price_of
from tests.simulator.conftest import FROZEN_AT
from tests.simulator.running import running
from tests.support.clients import http_client

WORLD = build_world(seed=7)


def test_a_fast_clock_runs_as_many_seconds_in_one_as_its_rate_says() -> None:
    now_ns = [0]
    clock = WorldClock(start=FROZEN_AT, rate=60, monotonic_ns=lambda: now_ns[0])
    now_ns[0] = 2_000_000_000
    assert (clock.now() - FROZEN_AT).total_seconds() == 120
    clock.change(rate=1)
    now_ns[0] += 1_000_000_000
    assert (clock.now() - FROZEN_AT).total_seconds() == 121
    clock.change(frozen=True)
    now_ns[0] += 10**12
    assert (clock.now() - FROZEN_AT).total_seconds() == 121


async def test_the_clock_is_set_over_http(client: httpx.AsyncClient) -> None:
    assert (await client.get("/_clock")).json() == {"now": "2026-03-14T15:09:26.535Z", "rate": 1, "frozen": True}
    at = "2026-05-01T00:00:00.000Z"
    assert (await client.post("/_clock", json={"at": at, "rate": 60})).json() == {"now": at, "rate": 60, "frozen": True}
    assert (await client.post("/_clock?frozen=false")).json()["frozen"] is False
    assert (await client.post("/_clock?frozen")).json()["frozen"] is True


@pytest.mark.parametrize(
    "body", ['{"at": "2026-05-01"}', '{"at": "2019-01-01T00:00:00Z"}', '{"speed": 2}', '{"rate": 0}', "x"]
)
async def test_a_bad_clock_is_refused(client: httpx.AsyncClient, body: str) -> None:
    answer = await client.post("/_clock", content=body)
    assert answer.status_code == 400
    assert answer.json()["fix"]


async def test_the_truth_moves_with_the_instant_and_not_with_the_asking(client: httpx.AsyncClient) -> None:
    now = (await client.get("/_truth")).json()
    assert now == (await client.get("/_truth", params={"at": "2026-03-14T15:09:26.535Z"})).json()
    later = (await client.get("/_truth", params={"at": "2026-03-14T16:09:26.535+00:00"})).json()
    assert later["portfolios"][0]["net"] != now["portfolios"][0]["net"]


@pytest.mark.parametrize("at", ["yesterday", "2026-03-14T15:09:26", "2019-01-01T00:00:00Z"])
async def test_a_bad_instant_is_refused(client: httpx.AsyncClient, at: str) -> None:
    answer = await client.get("/_truth", params={"at": at})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("at:")


async def test_prices_are_those_of_the_world_now(client: httpx.AsyncClient) -> None:
    rows = (await client.get("/prices")).json()["prices"]
    assert {row["asset"] for row in rows} == {token.asset for token in TOKENS if token.path is not None}
    ether = price_of(WORLD, ETH, FROZEN_AT)
    assert ether is not None
    row = next(row for row in rows if row["asset"] == ETH.asset)
    assert Decimal(row["price"]) == ether.price
    assert (row["quote"], row["at"]) == ("iso4217:USD", "2026-03-14T15:09:00.000Z")


async def test_an_asset_that_nobody_quotes_is_left_out(client: httpx.AsyncClient) -> None:
    asked = f"{QUIET.asset},{ETH.asset},eip155:1/erc20:0xdead"
    rows = (await client.get("/prices", params={"assets": asked})).json()["prices"]
    assert [row["asset"] for row in rows] == [ETH.asset]


async def test_what_to_register_is_complete_and_valid(client: httpx.AsyncClient) -> None:
    world = (await client.get("/_world")).json()
    manifests = {name: module.manifest for name, module in discover().items()}
    registered = {(one["tenant"], one["account"]) for one in world["accounts"]}
    for account in world["accounts"]:
        namespace = parse_account(account["account"]).namespace
        for source in account["sources"]:
            feed = manifests[source["provider"]].feed(source["feed"])
            assert feed is not None
            assert source["scope"] in feed.scopes
            assert namespace in feed.namespaces
    created: set[tuple[str, str]] = set()
    for portfolio in world["portfolios"]:
        for member in portfolio["members"]:
            if "account" in member:
                assert (portfolio["tenant"], member["account"]) in registered
            else:
                assert (portfolio["tenant"], member["portfolio"]) in created
        created.add((portfolio["tenant"], portfolio["id"]))
    configuration = Configuration({"providers": world["providers"]})
    for name in world["providers"]:
        configuration.section(f"providers.{name}", manifests[name].settings)


def test_every_source_of_the_demo_has_its_pace_or_that_of_the_settings() -> None:
    def paces(**settings: int) -> list[int]:
        world = Registration(WORLD, SimulatorSettings(**settings))._registered("http://here")
        sources = [source for account in world["accounts"] for source in account["sources"]]
        return [one["every_s"] for one in [*sources, *world["watches"]]]

    assert set(paces()) == {30, 60, 300, 3600}
    assert set(paces(fetch_every_s=7200)) == {7200}


async def test_the_log_names_key_route_and_status(client: httpx.AsyncClient) -> None:
    await client.get("/prices")
    await client.post("/api/v6/defi/user/asset/platform/list", headers={"OK-ACCESS-KEY": "someone"})
    log = (await client.get("/_log")).json()
    assert log["counts"] == {"okx": {"401": 1}, "prices": {"200": 1}}
    newest = log["requests"][0]
    assert (newest["upstream"], newest["key"], newest["status"]) == ("okx", "someone", 401)
    assert newest["route"] == "/api/v6/defi/user/asset/platform/list"
    assert len((await client.get("/_log", params={"limit": 1, "upstream": "prices"})).json()["requests"]) == 1
    assert (await client.delete("/_log")).json() == {"counts": {}, "requests": []}


async def test_an_unknown_path_says_what_there_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")
    assert answer.status_code == 404
    assert "/_truth" in answer.json()["fix"]


async def test_an_oversized_body_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/rpc/1", content=b" " * (8 * 1024 * 1024 + 1))).status_code == 413


async def test_a_world_of_a_thousand_wallets_is_served() -> None:
    settings = SimulatorSettings(port=0, wallets=1000)
    with running(settings) as url:
        async with http_client(url, timeout=30) as client:
            world = (await client.get("/_world")).json()
            truth = (await client.get("/_truth", params={"portfolio": "fund-0001"})).json()["portfolios"]
    demo = [account for account in world["accounts"] if account["tenant"] == "demo"]
    assert len(demo) == 1000 + 1 + 1 + 1  # wallets, what is in custody, securities, and a fund
    assert len(truth[0]["breakdown"]["account"]) == 50


def started(**settings: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, **{f"HOLDFAST_SIMULATOR__{name}": text for name, text in settings.items()}}
    return subprocess.Popen(
        [sys.executable, "-m", "services.simulator"], env=environment, stderr=subprocess.PIPE, text=True
    )


def test_the_process_says_its_port_and_ends_cleanly() -> None:
    process = started(PORT="0", CLOCK_START="2026-01-01T00:00:00Z", CLOCK_FROZEN="true")
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert '"event": "listening"' in line
        port = int(line.partition('"port": ')[2].partition(",")[0])
        deadline = time.monotonic() + 10
        while True:
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/_clock")
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline
        assert answer.json()["now"] == "2026-01-01T00:00:00.000Z"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        process.stderr.close()


def test_a_taken_port_is_one_clear_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = started(PORT=str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=20)
    assert process.returncode == 78
    assert said.startswith("simulator.port: cannot listen on 127.0.0.1:")


def test_bad_settings_are_all_told_at_once() -> None:
    process = started(WALLETS="3", CLOCK_RATE="0")
    _, said = process.communicate(timeout=20)
    assert process.returncode == 78
    assert "simulator.wallets" in said
    assert "simulator.clock_rate" in said


def test_a_start_before_the_world_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"simulator\.clock_start: 2019"):
        build_clock(SimulatorSettings(clock_start=datetime(2019, 1, 1, tzinfo=UTC)))
