"""User asset balances: one row per security, in pages."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from holdfast.providers.dalp.wire import (
    BALANCES_PATH,
    AssetRow,
    Collection,
    CollectionLinks,
    PageMeta,
    TokenRef,
    WalletShare,
    balances_query,
    self_link,
)
from services.simulator.upstreams.dalp.failures import invalid
from services.simulator.world.tokenised import Holdings, InWallet, Participant, Security, holdings_at
from services.simulator.world.world import World

_DEFAULT_LIMIT, _MOST = 50, 200
_WHOLE = re.compile(r"[0-9]{1,6}")
_SORTS = ("balance", "-balance")


def render_page(
    world: World, participant: Participant, query: Mapping[str, str], now: datetime
) -> Collection[AssetRow]:
    """Raises DalpError for a page or an order that there is not."""
    limit, offset = _number(query, "page[limit]", _DEFAULT_LIMIT), _number(query, "page[offset]", 0)
    if not 1 <= limit <= _MOST:
        raise invalid("page[limit]", f"expected 1 to {_MOST}")
    sort = query.get("sort", _SORTS[1])
    if sort not in _SORTS:
        raise invalid("sort", f"expected {' or '.join(_SORTS)}")
    held = sorted(holdings_at(world.seed, participant, now), key=lambda one: one.amount, reverse=sort.startswith("-"))
    return Collection(
        data=tuple(_row(one) for one in held[offset : offset + limit]),
        meta=PageMeta(total_count=len(held), total=len(held), offset=offset, limit=limit),
        links=_links(limit, offset, len(held), sort),
    )


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not _WHOLE.fullmatch(text):
        raise invalid(name, "expected a whole number")
    return int(text)


def _links(limit: int, offset: int, count: int, sort: str) -> CollectionLinks:
    path = self_link(BALANCES_PATH)
    following = f"{path}?{balances_query(limit=limit, offset=offset + limit, sort=sort)}"
    previous = f"{path}?{balances_query(limit=limit, offset=max(0, offset - limit), sort=sort)}"
    return CollectionLinks(
        self_=path, next=following if offset + limit < count else None, prev=previous if offset else None
    )


def _row(held: Holdings) -> AssetRow:
    security = held.security
    return AssetRow(
        token=TokenRef(
            id=security.address,
            address=security.address,
            name=security.name,
            symbol=security.symbol,
            decimals=security.decimals,
            type=security.type,
            asset_class=security.asset_class,
        ),
        value=_units(held.amount, security),
        frozen=_units(held.frozen, security),
        available=_units(held.amount - held.frozen, security),
        by_wallet=tuple(_share(one, security) for one in held.wallets),
        value_in_base_currency=f"{held.value:.2f}",
    )


def _share(one: InWallet, security: Security) -> WalletShare:
    return WalletShare(
        wallet=one.wallet,
        value=_units(one.amount, security),
        frozen=_units(one.frozen, security),
        available=_units(one.amount - one.frozen, security),
    )


def _units(amount: Decimal, security: Security) -> str:
    """With all decimals of the token: trailing zeros are significant."""
    return f"{amount:.{security.decimals}f}"
