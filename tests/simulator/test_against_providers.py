"""What the providers make of the simulator, over real sockets, is the world's truth, line by line."""

from datetime import timedelta
from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

import httpx
import msgspec
import pytest

from holdfast.domain.accounts import parse_account
from holdfast.domain.balances import Balance, Snapshot
from holdfast.domain.time import SystemClock
from holdfast.providers import bitpanda, credmark, dalp, evm, okx, prices
from holdfast.providers.kit.contract import Budget, Fetched, Target
from holdfast.providers.kit.session import Session
from holdfast.settings.loading import Configuration
from tests.simulator.conftest import FROZEN_AT

WIDE = Context(prec=200, rounding=ROUND_DOWN)
UNLIMITED = Budget(requests=100_000, per_s=1)


class Fetcher:
    """The providers, configured as `/_world` says."""

    def __init__(self, settings: dict[str, Any]) -> None:
        configuration = Configuration({"providers": settings})
        self._sessions = {name: Session(provider=name, budget=UNLIMITED, clock=SystemClock()) for name in settings}
        self._providers = {
            module.MANIFEST.name: module.build(
                configuration.section(f"providers.{module.MANIFEST.name}", module.MANIFEST.settings),  # type: ignore[arg-type]
                self._sessions[module.MANIFEST.name],
                SystemClock(),
            )
            for module in (bitpanda, credmark, dalp, okx, evm, prices)
        }

    async def fetch(self, source: dict[str, Any], target: str) -> Fetched:
        return await self._providers[source["provider"]].fetch(
            Target(feed=source["feed"], target=target, scope=source["scope"], spelling=target)
        )

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()


def value_of(line: Balance, snapshot: Snapshot, feed: dict[str, Any]) -> Decimal | None:
    """As stated, else amount × price cut to 36 decimals."""
    if line.value is not None:
        return line.value
    price = feed.get(line.asset or "")
    if line.amount is None or price is None:
        return None
    assert timedelta(0) <= snapshot.observed_at - price.at < timedelta(hours=24)
    return WIDE.multiply(line.amount, price.price).quantize(Decimal("1e-36"), context=WIDE)


@pytest.mark.parametrize("version", ["v5", "v6"])
async def test_providers_see_exactly_the_truth(client: httpx.AsyncClient, version: str) -> None:
    world = (await client.get("/_world")).json()
    world["providers"]["okx"]["version"] = version
    fetcher = Fetcher(world["providers"])
    feed = {price.asset: price for price in (await fetcher.fetch(world["watches"][0], "*")).prices}
    snapshots: dict[str, list[tuple[str, Snapshot]]] = {}
    for account in world["accounts"]:
        if account["tenant"] == "demo":
            target = parse_account(account["account"]).id
            for source in account["sources"]:
                fetched = await fetcher.fetch(source, target)
                own = snapshots.setdefault(target, [])
                own += [(source["provider"], snapshot) for snapshot in fetched.snapshots]
    await fetcher.close()
    truths = {one["id"]: one for one in (await client.get("/_truth")).json()["portfolios"]}
    in_custody = {account: own for account, own in snapshots.items() if account.startswith("bitpanda:")}
    tokenised = {account: own for account, own in snapshots.items() if account.startswith("dalp:")}
    funds = {account: own for account, own in snapshots.items() if own[0][0] == "credmark"}
    of_group = {account: own for account, own in snapshots.items() if account not in in_custody | tokenised | funds}
    in_all = {"group": of_group, "custody": in_custody, "tokenised": tokenised, "research": funds}
    for portfolio, members in in_all.items():
        assert summed(members, feed) == {
            axis: {key: (Decimal(part["net"]), part["lines"], part["lines_unpriced"]) for key, part in parts.items()}
            for axis, parts in truths[portfolio]["breakdown"].items()
        }


def summed(
    snapshots: dict[str, list[tuple[str, Snapshot]]], feed: dict[str, Any]
) -> dict[str, dict[str, tuple[Decimal, int, int]]]:
    """Net, lines and unpriced lines by axis and key, receipt tokens left out."""
    axes: dict[str, dict[str, tuple[Decimal, int, int]]] = {}
    for account, own in snapshots.items():
        covered = {asset for _, snapshot in own for asset in snapshot.covers}
        for provider, snapshot in own:
            for line in snapshot.balances:
                if line.kind == "wallet" and line.asset in covered:
                    continue
                value = value_of(line, snapshot, feed)
                known = value or Decimal(0)
                signed = known.copy_negate() if line.side == "debt" else known
                keys = {
                    "asset": line.asset or "",
                    "type": line.asset_type,
                    "class": line.asset_class,
                    "chain": line.chain or "",
                    "platform": line.platform,
                    "account": account,
                    "provider": provider,
                    "kind": line.kind,
                    "side": line.side,
                }
                for axis, key in keys.items():
                    net, lines, unpriced = axes.setdefault(axis, {}).get(key, (Decimal(0), 0, 0))
                    axes[axis][key] = (WIDE.add(net, signed), lines + 1, unpriced + (value is None))
    return axes


async def test_sources_state_their_numbers_at_the_instants_that_the_truth_names(client: httpx.AsyncClient) -> None:
    world = (await client.get("/_world")).json()
    instants = (await client.get("/_truth")).json()["valued_at"]
    fetcher = Fetcher(world["providers"])
    account = world["accounts"][0]
    target = parse_account(account["account"]).id
    balances, transfers, positions = [await fetcher.fetch(source, target) for source in account["sources"]]
    await fetcher.close()
    (wallet,), (logged,), (defi,) = balances.snapshots, transfers.transfers, positions.snapshots
    assert wallet.observed_at == msgspec.convert(instants["evm"]["eip155:1"]["at"], type=type(FROZEN_AT))
    assert wallet.block is not None
    assert wallet.block.number == instants["evm"]["eip155:1"]["block"]
    assert logged.until == wallet.block
    assert {transfer.direction for transfer in logged.transfers} == {"in", "out"}
    assert logged.coin is not None
    assert logged.coin.after == logged.after
    assert {movement.cause for movement in logged.coin.movements} == {"other"}
    assert defi.observed_at == FROZEN_AT
