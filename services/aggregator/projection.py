"""The registry as SQL sees it, and the points that a change of membership moves.

The rows are a function of the registry at a revision, so replicas may all write them. What is
stored is compared with the registry rather than with what this process remembers: whoever died
halfway, or wrote what a slower look at the registry told it, is put right by the next comparison.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from holdfast.messaging.publishing import Publisher, PublishError
from holdfast.observability.logs import logger
from holdfast.registry.records import Account, RuleSet
from holdfast.registry.rules import excluded_assets, newest_rules
from holdfast.registry.state import RegistryState, counted_sources
from holdfast.registry.watcher import RegistryWatcher
from holdfast.warehouse.client import Warehouse
from holdfast.warehouse.errors import WarehouseError
from holdfast.warehouse.rows import (
    AccountRow,
    AccountSourceRow,
    PortfolioRow,
    PortfolioSourceRow,
    RuleRow,
    RuleSetRow,
    SettledRow,
    stored_time,
)
from holdfast.warehouse.writer import write
from services.aggregator import sql
from services.aggregator.guards.noticing import Guard
from services.aggregator.points import points_of, revalue

log = logger(__name__)

BEGINNING, STILL = "1970-01-01 00:00:00.000", "2200-01-01 00:00:00.000"
_SETTLED_AT_ONCE = 20


class _Known(NamedTuple):
    revision: int
    digest: str
    settled: int
    excluded: Sequence[str]


class Projector:
    """Keeps the registry_* tables like the registry. `run` never ends by itself."""

    def __init__(
        self,
        warehouse: Warehouse,
        publisher: Publisher,
        *,
        every_s: float,
        on_current: Callable[[], None] = lambda: None,
        guard: Guard | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._publisher = publisher
        self._every_s = every_s
        self._on_current = on_current
        self._guard = guard

    async def run(self, watcher: RegistryWatcher) -> None:
        """Compares at once when the registry moved, and every `every_s` seconds when it did not."""
        while True:
            state = watcher.state
            try:
                await self.reconcile(state)
                self._on_current()
            except (WarehouseError, PublishError) as error:
                log.warning("projection will be tried again", error=str(error)[:500])
                await asyncio.sleep(1)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(watcher.wait_until(state.revision + 1), self._every_s)

    async def reconcile(self, state: RegistryState) -> None:
        """Write what differs from `state`, and work it into every point. May be repeated, at any revision."""
        await self._write_accounts(state)
        await self._write_rule_sets(state)
        known = await self._read_known()
        wanted = {(row.tenant, row.portfolio): (row, sources) for row, sources in _portfolios(state, known)}
        changed = [
            (row, sources)
            for key, (row, sources) in wanted.items()
            if key not in known or (known[key].digest != row.digest and known[key].revision < row.revision)
        ]
        # The sources first: a revision that is visible has all of its own.
        await write(self._warehouse, [source for _, sources in changed for source in sources])
        await write(self._warehouse, [row for row, _ in changed])
        await self._settle({(row.tenant, row.portfolio): row.revision for row, _ in changed}, known)

    async def _settle(self, changed: dict[tuple[str, str], int], known: dict[tuple[str, str], _Known]) -> None:
        """Recompute the points of portfolios whose membership is newer than what their points were settled at.

        A portfolio that was removed keeps its points as they are: being taken off the list makes no history 0.
        """
        due = {key: one.revision for key, one in known.items() if one.settled < one.revision} | changed
        portfolios = sorted(due)
        for start in range(0, len(portfolios), _SETTLED_AT_ONCE):
            some = portfolios[start : start + _SETTLED_AT_ONCE]
            points = await points_of(self._warehouse, some)
            revalued = await revalue(self._warehouse, points)
            await self._publisher.publish_many(revalued)
            if self._guard is not None:
                await self._guard.watch(revalued)
            rows = [SettledRow(tenant=tenant, portfolio=name, revision=due[tenant, name]) for tenant, name in some]
            await write(self._warehouse, rows)

    async def _write_accounts(self, state: RegistryState) -> None:
        stored = {
            (row["tenant"], row["account"]): row
            for row in await self._warehouse.query(sql.load("read_registry_accounts"))
        }
        wanted = {key: _account_row(account, state.revision) for key, account in state.accounts.items()}
        rows = [
            row
            for key, row in wanted.items()
            if key not in stored or (stored[key]["revision"] < row.revision and _differs(stored[key], row))
        ]
        rows += [
            msgspec.convert(dict(row, revision=state.revision, deleted=True, sources=()), AccountRow)
            for key, row in stored.items()
            if key not in wanted and not row["deleted"] and row["revision"] < state.revision
        ]
        await write(self._warehouse, rows)

    async def _write_rule_sets(self, state: RegistryState) -> None:
        """A set is never changed: one that is stored needs no second look."""
        stored = set(await self._warehouse.rows(sql.load("read_rule_sets")))
        missing = [one for one in state.rule_sets.values() if (one.tenant, one.number) not in stored]
        await write(self._warehouse, [_rule_set_row(one) for one in missing])

    async def _read_known(self) -> dict[tuple[str, str], _Known]:
        rows = await self._warehouse.rows(sql.load("read_registry_portfolios"))
        return {(tenant, name): _Known(*known) for tenant, name, *known in rows}


def _portfolios(
    state: RegistryState, known: dict[tuple[str, str], _Known]
) -> Iterator[tuple[PortfolioRow, list[PortfolioSourceRow]]]:
    for (tenant, name), portfolio in state.portfolios.items():
        sources = _source_rows(state, tenant, name)
        row = PortfolioRow(
            tenant=tenant,
            portfolio=name,
            revision=state.revision,
            name=portfolio.name,
            base_currency=portfolio.base_currency,
            deleted=False,
            excluded=excluded_assets(newest_rules(state, tenant), name),
            digest="",
        )
        yield _with_digest(row, sources), sources
    for tenant, name in known.keys() - state.portfolios.keys():
        # Its points stay as they are, so the rules that they were computed under do, too.
        gone = PortfolioRow(
            tenant=tenant,
            portfolio=name,
            revision=state.revision,
            name="",
            base_currency="",
            deleted=True,
            excluded=tuple(known[tenant, name].excluded),
            digest="",
        )
        yield _with_digest(gone, []), []


def _source_rows(state: RegistryState, tenant: str, portfolio: str) -> list[PortfolioSourceRow]:
    return [
        PortfolioSourceRow(
            tenant=tenant,
            portfolio=portfolio,
            revision=state.revision,
            source=counted.source.id,
            account=counted.source.account,
            provider=counted.source.provider,
            scope=counted.source.scope,
            valid_from=_bound(counted.valid_from, BEGINNING),
            valid_to=_bound(counted.valid_to, STILL),
        )
        for counted in counted_sources(state, tenant, portfolio)
    ]


def _with_digest(row: PortfolioRow, sources: Sequence[PortfolioSourceRow]) -> PortfolioRow:
    """Of everything but the revision: the same membership under the same rules at two revisions has one digest."""
    content: list[object] = [_content(row), *(_content(one) for one in sources)]
    if row.excluded:  # else it is the digest of a version that knew no rules
        content.append(row.excluded)
    return msgspec.structs.replace(row, digest=hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32])


def _content(row: PortfolioRow | PortfolioSourceRow) -> list[object]:
    fields = msgspec.structs.asdict(msgspec.structs.replace(row, revision=0))
    return [value for name, value in fields.items() if name != "excluded"]


def _rule_set_row(one: RuleSet) -> RuleSetRow:
    return RuleSetRow(
        tenant=one.tenant,
        number=one.number,
        note=one.note,
        created_at=stored_time(one.created_at),
        rules=tuple(
            RuleRow(asset=rule.asset, action=rule.action, portfolio=rule.portfolio or "", why=rule.why)
            for rule in one.rules
        ),
    )


def _bound(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else stored_time(at)


def _account_row(account: Account, revision: int) -> AccountRow:
    return AccountRow(
        tenant=account.tenant,
        account=account.id,
        revision=revision,
        spelling=account.spelling,
        label=account.label,
        sources=tuple(
            AccountSourceRow(
                provider=one.provider,
                feed=one.feed,
                scope=one.scope,
                every_s=one.every_s,
                counted=one.counted,
                paused=one.paused or "",
            )
            for one in account.sources
        ),
        deleted=False,
    )


def _differs(stored: dict[str, object], wanted: AccountRow) -> bool:
    plain = msgspec.to_builtins(wanted)
    return any(_plain(stored[name]) != plain[name] for name in plain if name != "revision")


def _plain(value: object) -> object:
    """As the client reads it: tuples of an array come back as dicts or tuples."""
    return msgspec.to_builtins(value)
