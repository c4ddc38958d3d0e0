"""OKX's DeFi holdings, wallet by wallet, signed. Every amount and value crosses this wire exactly."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.domain.accounts import parse_account
from holdfast.domain.money import EXACT
from holdfast.providers.kit.contract import Target
from holdfast.providers.okx.signing import sign
from holdfast.providers.okx.wire import index_of
from holdfast.registry.keys import derive_credentials
from services.local import probes
from services.local.comparing import Difference
from services.local.systems.bench import Bench, amounts_in, amounts_of, differing

PORTFOLIO = "group"
_PATH = "/api/v6/defi/user/asset/platform/list"


async def fetched(bench: Bench) -> list[Difference]:
    return bench.provider_differences("okx")


async def served(bench: Bench) -> list[Difference]:
    """What each platform of each wallet is worth, assets less debt: one request a wallet."""
    differences: list[Difference] = []
    for account, positions in (await _by_account(bench)).items():
        answer = await _ask(bench, account)
        shown: dict[str, Decimal] = {}
        for wallet in answer["data"]["walletIdPlatformList"]:
            for platform in wallet["platformList"]:
                shown[platform["platformName"]] = Decimal(platform["currencyAmount"])
        differences += differing(f"{account} on", _worth(positions), shown)
    return differences


async def round_trip(bench: Bench) -> list[Difference]:
    key = await bench.key(PORTFOLIO)
    credentials = derive_credentials(bench.master_key, key.id, dialect="okx")
    settings = {
        "base_url": bench.api_url,
        "api_key": key.id,
        "secret_key": credentials.secret.reveal(),
        "passphrase": credentials.passphrase.reveal(),
        "requests_per_second": 1000,
    }
    differences: list[Difference] = []
    for account, positions in (await _by_account(bench)).items():
        again = await bench.fetch("okx", settings, Target(feed="balances", target=account, scope="defi"))
        (snapshot,) = again.snapshots
        ours = [one for one in positions if one["asset"] is not None]
        differences += differing(f"{account}: amount of", amounts_of(ours), amounts_in(snapshot.balances))
        total = next(one.total for one in again.totals if not one.platform)
        net = _sum(_worth(positions).values())
        differences += differing(f"{account}: total", {"USD": net}, {"USD": total})
    return differences


async def _by_account(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """Our lines of each wallet that OKX tells of."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in await bench.positions(PORTFOLIO):
        if one["provider"] == "okx":
            found.setdefault(one["account"], []).append(one)
    return found


async def _ask(bench: Bench, account: str) -> Any:
    key = await bench.key(PORTFOLIO)
    credentials = derive_credentials(bench.master_key, key.id, dialect="okx")
    parsed = parse_account(account)
    wallet = {"chainIndex": index_of(parsed.chain or ""), "walletAddress": parsed.address}
    body = msgspec.json.encode({"walletAddressList": [wallet]})
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = {
        "OK-ACCESS-KEY": key.id,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase.reveal(),
        "OK-ACCESS-TIMESTAMP": at,
        "OK-ACCESS-SIGN": sign(credentials.secret.reveal(), timestamp=at, method="POST", path=_PATH, body=body),
    }
    return await probes.post_json(bench.api_url + _PATH, body, headers)


def _worth(positions: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """By platform, in US dollars."""
    worth: dict[str, Decimal] = {}
    for one in positions:
        value = Decimal(one["value_usd"] or 0)
        signed = value.copy_negate() if one["side"] == "debt" else value
        worth[one["platform"]] = EXACT.add(worth.get(one["platform"], Decimal(0)), signed)
    return worth


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = EXACT.add(total, number)
    return total
