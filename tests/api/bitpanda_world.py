"""More of the world for the custody dialect: a portfolio in pounds whose history reaches back to 2021.

Portfolio `vault`, base GBP: the wallet of 0xccc… alone. One pound is 1.25 dollars in 2026 and 1.4 in 2021.

    2021-02-20 10:00   0.5 ETH 900, 0.2 BTC 9600              USD 10500 = GBP 7500
    2021-03-01 11:30   0.5 ETH 800, 0.25 BTC 12000, 7 XYZ     USD 12800, XYZ without a value
    2026-03-01 12:10   2 ETH 4000                             USD 4000 = GBP 3200

Portfolio `pounds`: the family of tests.api.world, in pounds.
"""

from typing import Any

from holdfast.registry.commands import SourceChoice
from holdfast.registry.records import Member
from tests.api.conftest import World
from tests.api.world import XYZ, A, B, insert, line, write_snapshot

C = "eip155:1:0x" + "c" * 40
VAULT = f"acme/evm/{C}/wallet"
COIN = "eip155:1/slip44:60"
BTC = "bitpanda:BTC"


async def write_vault(world: World) -> None:
    """Registers it, with keys `vault` and `pounds`."""
    store = world.resources.store
    await store.add_account("acme", C, sources=[SourceChoice(provider="evm")])
    await store.put_portfolio("acme", "vault", base_currency="GBP", members=[Member(account=C)])
    await store.put_portfolio("acme", "pounds", base_currency="GBP", members=[Member(account=A), Member(account=B)])
    for name in ("vault", "pounds"):
        _, secret = await store.create_key("acme", portfolio=name, label=name)
        world.keys[name] = secret.reveal()
    await world.resources.watcher.wait_until(store.revision)
    await _write_snapshots(world)
    await insert(world.resources.warehouse, "prices", _prices())


async def _write_snapshots(world: World) -> None:
    warehouse = world.resources.warehouse
    await write_snapshot(
        warehouse,
        VAULT,
        "2021-02-20 10:00:00.000",
        [
            line(COIN, kind="wallet", amount="0.5", value="900", symbol="ETH", price_at="2021-02-20 09:58:00.000"),
            line(BTC, kind="wallet", amount="0.2", value="9600", symbol="BTC", price_at="2021-02-20 09:59:00.000"),
        ],
    )
    await write_snapshot(
        warehouse,
        VAULT,
        "2021-03-01 11:30:00.000",
        [
            line(COIN, kind="wallet", amount="0.5", value="800", symbol="ETH", price_at="2021-03-01 11:28:00.000"),
            line(BTC, kind="wallet", amount="0.25", value="12000", symbol="BTC", price_at="2021-03-01 11:29:00.000"),
            line(XYZ, kind="wallet", amount="7", value=None, symbol="XYZ", reason="no_price"),
        ],
    )
    await write_snapshot(
        warehouse,
        VAULT,
        "2026-03-01 12:10:00.000",
        [line(COIN, kind="wallet", amount="2", value="4000", symbol="ETH", price_at="2026-03-01 12:09:00.000")],
    )


def _prices() -> list[dict[str, Any]]:
    """Pounds and euros in dollars, a token in euros alone. Of two claims for one instant the later fetched counts."""
    rows = [
        ("iso4217:GBP", "iso4217:USD", "2021-02-19 16:00:00.000", "1.4", "2021-02-19 16:01:00.000"),
        ("iso4217:GBP", "iso4217:USD", "2021-03-01 10:00:00.000", "1.4", "2021-03-01 10:01:00.000"),
        ("iso4217:GBP", "iso4217:USD", "2026-03-01 08:00:00.000", "9", "2026-03-01 08:01:00.000"),
        ("iso4217:GBP", "iso4217:USD", "2026-03-01 08:00:00.000", "1.25", "2026-03-01 08:02:00.000"),
        ("iso4217:GBP", "iso4217:USD", "2026-03-01 12:45:00.000", "77", "2026-03-01 12:45:00.000"),
        ("iso4217:EUR", "iso4217:USD", "2026-02-27 15:00:00.000", "1.6", "2026-02-27 15:00:00.000"),
        ("bitpanda:BEST", "iso4217:EUR", "2026-02-28 12:00:00.000", "0.5", "2026-02-28 12:00:00.000"),
        ("iso4217:CHF", "iso4217:USD", "2026-02-20 12:00:00.000", "1.1", "2026-02-20 12:00:00.000"),
    ]
    names = ("asset", "quote", "at", "price", "fetched_at")
    return [
        dict(zip(names, row, strict=True)) | {"source": "test", "event_id": f"{at:032}", "recorded_at": row[4]}
        for at, row in enumerate(rows)
    ]
