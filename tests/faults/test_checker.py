"""A checker that cannot fail proves nothing: it passes what is whole, and sees any one thing that is wrong."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.faults.checker import assert_whole
from tests.faults.load import Load
from tests.faults.standing import standing
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

_LEAST = "toDecimal256('0.000000000000000000000000000000000001', 36)"
# By damage: a table, and what a row of it is made into, to stand for it or beside it.
DAMAGE = {
    "a line worth 10^-36 more": ("balances", f"value_usd + {_LEAST} AS value_usd, version + 1 AS version"),
    "a total of 10^-36 more": ("portfolio_totals", f"assets + {_LEAST} AS assets, version + 1 AS version"),
    "a lost part": ("portfolio_totals", "arrayPopBack(breakdown) AS breakdown, version + 1 AS version"),
    "a price too many": ("prices", f"price + {_LEAST} AS price"),
    "a snapshot too many": ("snapshots", f"'{'0' * 32}' AS snapshot_id"),
    "a fetch too many": ("fetches", f"'{'0' * 32}' AS event_id"),
}
_CHOSEN = {"balances": "value_usd > 0"}


async def test_the_checker_passes_what_is_whole_and_sees_each_damage(tmp_path: Path) -> None:
    async with standing(tmp_path) as pipeline:
        await pipeline.start()
        load = Load(pipeline)
        async with load.of(jobs_per_s=10):
            await asyncio.sleep(3)
        await assert_whole(pipeline, load)
        unseen = [name for name, (table, change) in DAMAGE.items() if not await _sees(pipeline, load, table, change)]
        assert unseen == []
        assert await _refuses(pipeline, load, poison={1}), "a poison that was not buried"
        load.acknowledged.add("0" * 32)
        assert await _refuses(pipeline, load), "a lost job"


async def _sees(pipeline: Pipeline, load: Load, table: str, change: str) -> bool:
    """Damage the table, look, and put it back."""
    say = pipeline.warehouse.command
    await say(f"CREATE OR REPLACE TABLE kept ENGINE = Memory AS SELECT * FROM {table}")
    chosen = _CHOSEN.get(table, "1")
    await say(f"INSERT INTO {table} SELECT * REPLACE ({change}) FROM {table} FINAL WHERE {chosen} LIMIT 1")
    seen = await _refuses(pipeline, load)
    await say(f"TRUNCATE TABLE {table}")
    await say(f"INSERT INTO {table} SELECT * FROM kept")
    return seen


async def _refuses(pipeline: Pipeline, load: Load, *, poison: Iterable[int] = ()) -> bool:
    try:
        await assert_whole(pipeline, load, poison=poison)
    except AssertionError:
        return True
    return False
