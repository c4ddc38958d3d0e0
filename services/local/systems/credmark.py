"""Credmark: REST. Amounts and values cross this wire exactly; what has no price is shown as worth 0."""

from decimal import Decimal

from holdfast.domain.assets import USD
from holdfast.providers.kit.contract import Target
from services.local import probes
from services.local.comparing import Difference
from services.local.systems.bench import Bench, amounts_in, amounts_of, differing

PORTFOLIO = "research"


async def fetched(bench: Bench) -> list[Difference]:
    return bench.provider_differences("credmark")


async def served(bench: Bench) -> list[Difference]:
    """The value, and the returns of as many tokens as are held or more."""
    headers = {"Authorization": f"Bearer {(await bench.key(PORTFOLIO)).presented}"}
    positions = await bench.positions(PORTFOLIO)
    chain, _, address = positions[0]["account"].rpartition(":")
    base = f"{bench.api_url}/v1/portfolio/{chain.partition(':')[2]}/{address}"
    value = await probes.get_json(f"{base}/value?includePositions=true", headers)
    returns = await probes.get_json(f"{base}/returns", headers)
    shown = {
        "value": float(value["value"]),
        "tokens": len(value["positions"]),
        "tokens with a balance": sum(bool(one["balance"]) for one in returns["returns"]),
    }
    ours = {
        "value": float(await bench.net(PORTFOLIO)),
        "tokens": len(amounts_of(positions)),
        "tokens with a balance": len(amounts_of(positions)),
    }
    return list(differing("shown", ours, shown))


async def round_trip(bench: Bench) -> list[Difference]:
    settings = {
        "base_url": bench.api_url,
        "api_key": (await bench.key(PORTFOLIO)).presented,
        "requests_per_second": 1000,
    }
    positions = await bench.positions(PORTFOLIO)
    target = Target(feed="balances", target=positions[0]["account"], scope="wallet")
    again = await bench.fetch("credmark", settings, target)
    (snapshot,), (total,) = again.snapshots, again.totals
    known = {one["asset"]: Decimal(one["value_usd"]) for one in positions if one["value_usd"] is not None}
    read = {line.asset: line.value for line in snapshot.balances if line.value is not None}
    return [
        *differing("total in", {USD: await bench.net(PORTFOLIO)}, {total.currency: total.total}),
        *differing("amount of", amounts_of(positions), amounts_in(snapshot.balances)),
        *differing("value of", known, {str(asset): value for asset, value in read.items()}),
    ]
