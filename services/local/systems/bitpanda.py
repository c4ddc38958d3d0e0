"""Bitpanda Custody: GraphQL. Amounts, and totals in dollars, cross this wire exactly."""

from decimal import Decimal

import msgspec

from holdfast.domain.assets import USD
from holdfast.providers.kit.contract import Target
from services.local import probes
from services.local.comparing import Difference
from services.local.systems.bench import Amounts, Bench, amounts_in, amounts_of, differing

PORTFOLIO = "custody"
_LATEST = """{ user { portfolio { items {
    total { value currency } balances { items { amount { value currency } } }
} } } }"""


async def fetched(bench: Bench) -> list[Difference]:
    return bench.provider_differences("bitpanda")


async def served(bench: Bench) -> list[Difference]:
    """The latest item: its total, and each amount by its symbol."""
    headers = {"x-api-key": (await bench.key(PORTFOLIO)).presented}
    answer = await probes.post_json(f"{bench.api_url}/graphql", msgspec.json.encode({"query": _LATEST}), headers)
    (item,) = answer["data"]["user"]["portfolio"]["items"]
    amounts = [balance["amount"] for balance in item["balances"]["items"]]
    shown: Amounts = {f"bitpanda:{one['currency']}": _number(one["value"]) for one in amounts}
    return [
        *differing(
            "total in",
            {"USD": await bench.net(PORTFOLIO)},
            {item["total"]["currency"]: _number(item["total"]["value"])},
        ),
        *differing("amount of", amounts_of(await bench.positions(PORTFOLIO)), shown),
    ]


async def round_trip(bench: Bench) -> list[Difference]:
    settings = {
        "url": f"{bench.api_url}/graphql",
        "user": "again",
        "api_key": (await bench.key(PORTFOLIO)).presented,
        "requests_per_second": 1000,
    }
    again = await bench.fetch("bitpanda", settings, Target(feed="balances", target="bitpanda:again", scope="custody"))
    (snapshot,), (total,) = again.snapshots, again.totals
    return [
        *differing("total in", {USD: await bench.net(PORTFOLIO)}, {total.currency: total.total}),
        *differing("amount of", amounts_of(await bench.positions(PORTFOLIO)), amounts_in(snapshot.balances)),
    ]


def _number(text: str) -> Decimal | None:
    return None if text == "NaN" else Decimal(text)
