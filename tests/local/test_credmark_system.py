"""The self-test's look at Credmark says no when a value, a token or a round trip is wrong, and why."""

from typing import Any

import pytest

from services.local.systems import credmark
from tests.local.test_systems import answering, bench

ADDRESS = "0x" + "a" * 40
COIN, TOKEN = "0x" + "e" * 40, "0x" + "b" * 40
HEAD = {
    "chainId": 1, "blockNumber": 7, "blockTimestamp": 1_700_000_000, "accounts": [ADDRESS],
    "quoteAddress": "0x0000000000000000000000000000000000000348",
}  # fmt: skip


def line(asset: str, amount: str, value: str | None) -> dict[str, Any]:
    return {
        "account": f"eip155:1:{ADDRESS}", "asset": asset, "side": "asset", "amount": amount, "value_usd": value,
        "counted": True,
    }  # fmt: skip


def shown(*, value: float = 30, ether: float = 1.5, returned: int = 2) -> dict[str, Any]:
    """1.5 ETH worth 30, and 4 of a token that nobody prices."""
    positions = [
        {"tokenAddress": TOKEN, "tokenPrice": 0, "balance": 4, "value": 0},
        {"tokenAddress": COIN, "tokenPrice": 20, "balance": ether, "value": 30},
    ]
    returns = [
        {"tokenAddress": one["tokenAddress"], "balance": one["balance"], "value": 0, "return": 0} for one in positions
    ]
    ours = [line("eip155:1/slip44:60", "1.5", "30"), line(f"eip155:1/erc20:{TOKEN}", "4", None)]
    base = f"/v1/portfolio/1/{ADDRESS}"
    return {
        "/v1/portfolios": {"items": []},
        "/v1/portfolios/research/total": {"net": "30"},
        "/v1/portfolios/research/positions": {"items": ours, "next_cursor": None},
        f"{base}/value": HEAD | {"value": value, "positions": positions},
        f"{base}/returns": HEAD | {"totalReturn": 0, "returns": returns[:returned]},
    }


async def test_our_own_figures_are_right_in_both_directions() -> None:
    with answering(shown()) as url:
        assert await credmark.served(bench(url)) == []
        assert await credmark.round_trip(bench(url)) == []


@pytest.mark.parametrize(
    ("wrong", "served", "round_trip"),
    [
        ({"value": 31}, ["shown value"], ["total in iso4217:USD"]),
        ({"ether": 1.6}, [], ["amount of eip155:1/slip44:60"]),
        ({"returned": 1}, ["shown tokens with a balance"], []),
    ],
)
async def test_other_figures_are_wrong_and_said_which(
    wrong: dict[str, Any], served: list[str], round_trip: list[str]
) -> None:
    with answering(shown(**wrong)) as url:
        assert [one.what for one in await credmark.served(bench(url))] == served
        assert [one.what for one in await credmark.round_trip(bench(url))] == round_trip
