"""The detail answer: the positions on a platform, token by token.

v6 shows lending as a market with what is supplied and what is borrowed; v5 knows only investments,
where what is borrowed is one of type 6.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from holdfast.providers.okx.wire import (
    V6,
    AssetMap,
    Generation,
    Investment,
    Market,
    NetworkHold,
    PlatformDetail,
    Token,
    TokenGroup,
    WalletDetail,
)
from services.simulator.upstreams.okx.errors import OkxError
from services.simulator.upstreams.okx.lists import logo_of
from services.simulator.upstreams.okx.lookup import Asked
from services.simulator.world.chains import Chain
from services.simulator.world.numbers import plain, total
from services.simulator.world.platforms import Platform
from services.simulator.world.positions import Kind
from services.simulator.world.statements import LegState, PositionState, positions_at
from services.simulator.world.world import World

_INVEST_TYPE: dict[Kind, int] = {
    "deposit": 1,
    "liquidity": 2,
    "staked": 5,
    "borrowed": 6,
    "locked": 8,
    "vesting": 10,
}
_COIN_ADDRESS = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"


def render_detail(
    world: World, platform: Platform, asked: Sequence[Asked], now: datetime, generation: Generation
) -> PlatformDetail:
    """A platform without detail: v5 says that it is not supported, v6 lists it with nothing in it."""
    if not platform.detailed and generation is not V6:
        raise OkxError("84003", "Protocol not supported")
    wallets = tuple(
        WalletDetail(
            network_hold_vo_list=(_network(one, states, generation),) if platform.detailed and states else (),
            account_id=one.account,
        )
        for one in asked
        for states in [_states_on(world, platform, one, now)]
    )
    return PlatformDetail(
        wallet_id_platform_detail_list=wallets,
        platform_name=platform.name,
        analysis_platform_id=str(platform.id),
        platform_logo=logo_of(platform),
        platform_url=platform.url,
    )


def _states_on(world: World, platform: Platform, asked: Asked, now: datetime) -> list[PositionState]:
    return [state for state in positions_at(world, asked.account, now) if state.position.platform == platform]


def _network(asked: Asked, states: Sequence[PositionState], generation: Generation) -> NetworkHold:
    markets = [state for state in states if _is_lending(state)] if generation is V6 else []
    plain_ones = [state for state in states if state not in markets]
    return NetworkHold(
        network=asked.chain.name,
        chain_index=asked.chain.index,
        total_assert=plain(total([state.value for state in states])),
        invest_token_balance_vo_list=tuple(one for state in plain_ones for one in _investments(asked.chain, state)),
        invest_market_token_balance_vo_list=tuple(_market(asked.chain, state) for state in markets),
        # Stated again, as OKX does: whoever adds both counts them twice.
        available_rewards=tuple(group for state in states for group in _reward_groups(asked.chain, _rewards(state))),
    )


def _is_lending(state: PositionState) -> bool:
    return any(leg.leg.kind == "borrowed" for leg in state.legs)


def _market(chain: Chain, state: PositionState) -> Market:
    return Market(
        market_id=str(state.position.id),
        asset_map=AssetMap(
            supply=(_investment(chain, state, "deposit"),), borrow=(_investment(chain, state, "borrowed"),)
        ),
        total_value=plain(state.value),
    )


def _investments(chain: Chain, state: PositionState) -> Iterable[Investment]:
    yield _investment(chain, state, state.position.kind)
    if _is_lending(state):
        yield _investment(chain, state, "borrowed")


def _investment(chain: Chain, state: PositionState, kind: Kind) -> Investment:
    """The legs of one kind; rewards go with the position itself, not with what was borrowed against it."""
    legs = [leg for leg in state.legs if leg.leg.kind == kind]
    rewards = _rewards(state) if kind != "borrowed" else []
    return Investment(
        invest_type=_INVEST_TYPE[kind],
        invest_name=state.position.kind.capitalize(),
        investment_id=str(state.position.id),
        investment_name=state.position.name,
        investment_key=str(state.position.id),
        assets_token_list=tuple(_token(chain, leg) for leg in legs),
        reward_defi_token_info=_reward_groups(chain, rewards),
        total_value=plain(total([leg.value for leg in (*legs, *rewards) if leg.value is not None])),
    )


def _rewards(state: PositionState) -> list[LegState]:
    return [leg for leg in state.legs if leg.leg.kind == "reward"]


def _reward_groups(chain: Chain, rewards: Sequence[LegState]) -> tuple[TokenGroup, ...]:
    if not rewards:
        return ()
    tokens = tuple(_token(chain, leg) for leg in rewards)
    return (TokenGroup(base_defi_token_infos=tokens, reward_type="1"),)


def _token(chain: Chain, state: LegState) -> Token:
    token = state.leg.token
    return Token(
        token_symbol=token.symbol,
        token_logo=f"https://static.example/token/{token.symbol}.png",
        coin_amount=plain(state.amount),
        currency_amount=plain(state.value) if state.value is not None else "",
        token_precision=token.decimals,
        token_address=token.address or (_COIN_ADDRESS if chain.is_evm else ""),
        network=chain.name,
        chain_index=chain.index,
    )
