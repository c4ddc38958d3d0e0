"""Who holds a token together, read again: a statement about a token supersedes the one before it, whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.events import FetchRequested
from holdfast.providers.kit.contract import Fetched, Target
from holdfast.providers.kit.recording import Case, load_cases
from holdfast.settings import Configuration
from tests.reparse.market import counts
from tests.reparse.past import OKX, Past

HELD = "SELECT cluster FROM token_clusters_current ORDER BY cluster"
KNOWN = "SELECT count() FROM token_clusters_as_known(at = {at:DateTime64(3)}, known_at = {known_at:DateTime64(3)})"


class Reading:
    """It reads so many clusters where the answer states one."""

    def __init__(self, right: Any, count: int) -> None:
        self._right, self._count = right, count

    async def fetch(self, target: Target) -> Fetched:
        fetched = await self._right.fetch(target)
        said = (replace(one, clusters=one.clusters[:1] * self._count) for one in fetched.clusters)
        return replace(fetched, clusters=tuple(said))  # type: ignore[no-any-return]


@pytest.mark.parametrize("wrong", [0, 2])
async def test_a_cluster_that_was_overlooked_is_there_and_one_that_was_not_stated_is_gone(
    past: Past, wrong: int
) -> None:
    one = documented()
    tree = {**past.configuration.tree, "providers": {"okx": one.settings}}
    past.configuration = Configuration(tree)
    await past.hear(replace(OKX, build=lambda *built: Reading(OKX.build(*built), wrong)), one, asked(one))
    before = datetime.now(UTC)
    assert len(await past.warehouse.rows(HELD)) == wrong
    assert counts(await past.reparse(feeds=("clusters",), dry_run=True)) == {"corrected": 1}
    report = await past.reparse()
    [change] = report.changes
    assert (change.kind, change.lines_before, change.lines_after) == ("clusters", wrong, 1)
    assert len(await past.warehouse.rows(HELD)) == 1
    assert await past.warehouse.value(KNOWN, {"at": before, "known_at": before}) == wrong
    assert counts(await past.reparse()) == {"same": 1}


def documented() -> Case:
    [found] = [one for name, one in load_cases(OKX.folder).items() if "scales read as percent" in name]
    return replace(found, now=datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2))


def asked(one: Case) -> FetchRequested:
    return FetchRequested(
        id="c" * 32, tenant="acme", provider="okx", feed="clusters", target=one.target.target, scope="",
        slot=one.now, lane="due", requested_at=one.now,
    )  # fmt: skip
