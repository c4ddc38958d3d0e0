"""The list answer: which platforms hold how much of each wallet, and which wallet tokens stand for it."""

from collections.abc import Sequence
from datetime import datetime

from holdfast.providers.okx.wire import Holdings, LpToken, NetworkBalance, Platform, WalletPlatforms
from services.simulator.upstreams.okx.lookup import Asked
from services.simulator.world.instants import unix_ms
from services.simulator.world.numbers import plain, total
from services.simulator.world.platforms import Platform as WorldPlatform
from services.simulator.world.statements import PositionState, positions_at
from services.simulator.world.world import World


def render_holdings(world: World, asked: Sequence[Asked], now: datetime) -> Holdings:
    """A wallet that the world does not know has no entry; one without positions has an empty one."""
    known = [one for one in asked if one.wallet is not None]
    return Holdings(
        wallet_id_platform_list=tuple(_wallet(world, one, now) for one in known),
        lp_token_address_list=tuple(token for one in known for token in _receipts(world, one)),
        update_at=unix_ms(now),
        asset_status=1,
    )


def _wallet(world: World, asked: Asked, now: datetime) -> WalletPlatforms:
    states = positions_at(world, asked.account, now)
    by_platform: dict[int, list[PositionState]] = {}
    for state in states:
        by_platform.setdefault(state.position.platform.id, []).append(state)
    return WalletPlatforms(
        platform_list=tuple(_platform(asked, own) for own in by_platform.values()),
        wallet_id=f"wallet-{asked.wallet.number}" if asked.wallet is not None else "",
        wallet_address=asked.address,
        total_assets=plain(total([state.value for state in states])),
    )


def _platform(asked: Asked, states: Sequence[PositionState]) -> Platform:
    platform = states[0].position.platform
    value = plain(total([state.value for state in states]))
    return Platform(
        platform_name=platform.name,
        analysis_platform_id=str(platform.id),
        platform_logo=logo_of(platform),
        currency_amount=value,
        is_support_invest=platform.detailed,
        bonus_tag=0,
        platform_url=platform.url,
        network_balance_list=(
            NetworkBalance(
                network=asked.chain.name,
                network_logo=f"https://static.example/network/{asked.chain.index}.png",
                chain_index=asked.chain.index,
                currency_amount=value,
            ),
        ),
        investment_count=len(states),
    )


def logo_of(platform: WorldPlatform) -> str:
    return f"https://static.example/platform/{platform.id}.png"


def _receipts(world: World, asked: Asked) -> list[LpToken]:
    return [
        LpToken(chain_index=asked.chain.index, token_address=position.receipt.address)
        for position in world.positions[asked.account]
        if position.receipt is not None
    ]
