"""Whether an answer about a token's holders contradicts the scales and the unit it was read in.

A scale can never be told from one row: 0.5 may be half the supply or half a percent. So it is a setting,
and each statement is held against itself as a whole; what is a hundred times too much or too little
somewhere is refused, with the setting to change.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from holdfast.domain.clusters import Cluster, ClusterAddress, ClusterOverview, HolderGroup, TokenClusters
from holdfast.domain.exact import total
from holdfast.domain.money import EXACT
from holdfast.providers.okx.holders import SECONDS
from holdfast.providers.okx.settings import ClusterSettings

_ALL = Decimal("1.01")
"""The whole supply, with room for what OKX rounds."""
_LEAST_FACTOR, _MOST_FACTOR = Decimal(40), Decimal(250)
"""Between them two figures of one thing are a hundred apart, and not merely worked out differently."""
_FAR = Decimal("0.05")
_ROWS_TO_TELL = 3
_IDLE = timedelta(hours=1)
_FIRST_CHAIN = datetime(2009, 1, 3, tzinfo=UTC)


class ScaleError(ValueError):
    """The answer contradicts a setting; the message names it."""


def check_scales(statement: TokenClusters, settings: ClusterSettings) -> None:
    """Raises ScaleError."""
    _check_shares(statement.clusters, statement.top_holders, settings)
    _check_supply(statement, settings)
    _check_overview(statement.overview, statement.top_holders, settings)
    _check_changes(statement.clusters, statement.top_holders, settings)
    _check_periods(statement, settings)


def _check_shares(clusters: Sequence[Cluster], groups: Sequence[HolderGroup], settings: ClusterSettings) -> None:
    """Nobody holds more than all of it, and clusters do not overlap."""
    largest = max((share for _, share in _held(clusters, groups)), default=Decimal(0))
    together = total(cluster.share for cluster in clusters if cluster.share is not None)
    if max(largest, together) > _ALL:
        raise _contradicted("share_scale", settings.share_scale, "holders have more than the whole supply")


def _check_supply(statement: TokenClusters, settings: ClusterSettings) -> None:
    """Each row implies a supply, amount / share. They must agree with each other and with the one that is set.

    Not of the greatest holders: their amounts leave out pools, and it is not known whether their shares do.
    """
    implied = [
        EXACT.divide(amount, share)
        for amount, share in _held(statement.clusters, ())
        if amount and share and len(share.as_tuple().digits) > 1  # of a single digit half may be rounding
    ]
    if implied and EXACT.divide(max(implied), min(implied)) > _LEAST_FACTOR:
        raise _contradicted("share_scale", settings.share_scale, "rows of one answer imply quite different supplies")
    supply = settings.supplies.get(statement.token)
    if supply and implied and (_are_hundreds_apart(max(implied), supply) or _are_hundreds_apart(min(implied), supply)):
        raise _contradicted("share_scale", settings.share_scale, f"the amounts imply another supply than {supply}")


def _check_overview(overview: ClusterOverview | None, groups: Iterable[HolderGroup], settings: ClusterSettings) -> None:
    """The overview's share of the 100 greatest holders and that of the holders themselves."""
    if overview is None:
        return
    ratios = (
        overview.top_100_share,
        overview.rug_pull_ratio,
        overview.new_holder_ratio,
        overview.same_fund_source_ratio,
        overview.same_creation_time_ratio,
    )
    if any(ratio is not None and ratio > _ALL for ratio in ratios):
        raise _contradicted("overview_scale", settings.overview_scale, "a ratio is more than the whole")
    share = next((group.share for group in groups if group.holders == 100), None)
    if _are_hundreds_apart(share, overview.top_100_share):
        names = "overview_scale and share_scale"
        scales = f"{settings.overview_scale} and {settings.share_scale}"
        raise _contradicted(names, scales, "the 100 greatest holders have a hundred times more in one than in another")


def _check_changes(clusters: Iterable[Cluster], groups: Iterable[HolderGroup], settings: ClusterSettings) -> None:
    """How far a stated price is from the current one, which the clusters' values imply."""
    price = next((EXACT.divide(c.value_usd, c.amount) for c in clusters if c.amount and c.value_usd), None)
    if price is None:
        return
    for group in groups:
        _check_distance(group.average_buy_price_usd, group.average_buy_distance, price, settings)
        _check_distance(group.average_sell_price_usd, group.average_sell_distance, price, settings)


def _check_distance(
    stated: Decimal | None, distance: Decimal | None, price: Decimal, settings: ClusterSettings
) -> None:
    """It is not known from which of the two prices it is measured: only what fits neither is refused.

    Nor of a short distance: the price has moved between two requests.
    """
    if not stated or not distance:
        return
    apart = _apart(stated, price)
    if min(apart) > _FAR and all(_are_hundreds_apart(abs(distance), one) for one in apart):
        raise _contradicted("change_scale", settings.change_scale, "a price is not as far away as is stated")


def _check_periods(statement: TokenClusters, settings: ClusterSettings) -> None:
    """Nothing is held longer than chains exist; and who was idle while others were active has held all the while.

    The youngest activity of the answer is its now: how old the answer is does not matter.
    """
    unit = SECONDS[settings.period_unit]
    if unit is None:
        return
    rows = [
        (period, last_active)
        for cluster in statement.clusters
        for period, last_active in (
            (cluster.average_holding_s, cluster.last_active_at),
            *((one.average_holding_s, one.last_active_at) for one in cluster.addresses),
        )
        if period is not None
    ]
    oldest_s = (statement.observed_at - _FIRST_CHAIN) // timedelta(seconds=1)
    if any(period > oldest_s for period, _ in rows):
        raise _contradicted("period_unit", settings.period_unit, "a holding is older than any chain")
    now = max((at for _, at in rows if at is not None), default=statement.observed_at)
    idle = [(period, now - at) for period, at in rows if at is not None and now - at > _IDLE]
    if len(idle) >= _ROWS_TO_TELL and all(period + unit < since // timedelta(seconds=1) for period, since in idle):
        raise _contradicted("period_unit", settings.period_unit, "all idle holders were so for longer than they hold")


def _held(clusters: Iterable[Cluster], groups: Iterable[HolderGroup]) -> Iterator[tuple[Decimal | None, Decimal]]:
    for cluster in clusters:
        rows: tuple[Cluster | ClusterAddress, ...] = (cluster, *cluster.addresses)
        for row in rows:
            if row.share is not None:
                yield row.amount, row.share
    yield from ((group.amount, group.share) for group in groups if group.share is not None)


def _apart(stated: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """The distance of two prices, measured from either of them."""
    between = abs(EXACT.subtract(stated, price))
    return EXACT.divide(between, price), EXACT.divide(between, stated)


def _are_hundreds_apart(one: Decimal | None, other: Decimal | None) -> bool:
    if not one or not other:
        return False
    factor = EXACT.divide(max(one, other), min(one, other))
    return _LEAST_FACTOR < factor < _MOST_FACTOR


def _contradicted(setting: str, value: str, why: str) -> ScaleError:
    return ScaleError(f"read with {setting} = {value}, {why}: look at [providers.okx.clusters], or set it to unknown")
