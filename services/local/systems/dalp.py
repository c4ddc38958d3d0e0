"""SettleMint DALP: JSON:API. Amounts cross this wire exactly, money to the cent."""

from decimal import ROUND_HALF_EVEN, Decimal

from holdfast.domain.assets import USD
from holdfast.domain.money import EXACT
from holdfast.providers.kit.contract import Target
from services.local import probes
from services.local.comparing import Difference
from services.local.systems.bench import Bench, amounts_in, amounts_of, differing

PORTFOLIO = "tokenised"
_CENT = Decimal("0.01")


async def fetched(bench: Bench) -> list[Difference]:
    return bench.provider_differences("dalp")


async def served(bench: Bench) -> list[Difference]:
    """The breakdown's total, and the newest point of the series."""
    headers = {"X-Api-Key": (await bench.key(PORTFOLIO)).presented}
    statistics = f"{bench.api_url}/api/v2/system/stats"
    breakdown = (await probes.get_json(f"{statistics}/portfolio-breakdowns", headers))["data"]
    preset = f"{statistics}/portfolio-stat-range-presets/trailing24Hours"
    series = (await probes.get_json(preset, headers))["data"]
    ours = _to_cents(await bench.net(PORTFOLIO))
    shown = {
        "breakdown": Decimal(breakdown["totalValue"]),
        "newest point": _to_cents(Decimal(str(series["data"][-1]["totalValueInBaseCurrency"]))),
        "reliable": breakdown["conversionReliable"],
    }
    return list(differing("total of", {"breakdown": ours, "newest point": ours, "reliable": True}, shown))


async def round_trip(bench: Bench) -> list[Difference]:
    settings = {
        "base_url": bench.api_url,
        "api_key": (await bench.key(PORTFOLIO)).presented,
        "requests_per_second": 1000,
    }
    again = await bench.fetch("dalp", settings, Target(feed="balances", target="dalp:me", scope="dalp"))
    (snapshot,), (total,) = again.snapshots, again.totals
    return [
        *differing("total in", {USD: _to_cents(await bench.net(PORTFOLIO))}, {total.currency: total.total}),
        *differing("amount of", amounts_of(await bench.positions(PORTFOLIO)), amounts_in(snapshot.balances)),
    ]


def _to_cents(number: Decimal) -> Decimal:
    return number.quantize(_CENT, rounding=ROUND_HALF_EVEN, context=EXACT)
