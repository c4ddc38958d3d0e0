"""Statements without their lines, and the sums over these, as they are valued in the store."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import Struct

from holdfast.domain.exact import ZERO
from holdfast.domain.series import State
from holdfast.warehouse.rows import stored_time
from services.api.native.series.together import Hidden
from services.api.queries import load_sql, read
from services.api.resources import Resources
from services.api.vocabulary import Time

_ENCODER = msgspec.json.Encoder()


class Head(Struct, frozen=True, kw_only=True):
    """A whole snapshot, without its lines."""

    source: str
    at: Time
    snapshot_id: str
    covers: tuple[str, ...]


class _Sum(Struct, frozen=True, kw_only=True):
    number: int
    assets: Decimal
    debt: Decimal
    lines: int
    unpriced: int
    excluded: int
    reasons: dict[str, int]
    waits: dict[str, int]


async def read_heads(
    api: Resources, sources: Sequence[str], *, since: datetime, until: datetime
) -> dict[str, list[Head]]:
    """By source, oldest first: what each stated up to `until`, from its last word at or before `since` on."""
    found: dict[str, list[Head]] = defaultdict(list)
    if sources:
        asked = {"sources": list(sources), "since": since, "until": until}
        for head in await read(api.warehouse, load_sql(__file__, "statements_between"), asked, Head):
            found[head.source].append(head)
    return found


async def read_states(
    api: Resources, statements: Collection[tuple[Head, Hidden]], *, excluded: Hidden
) -> dict[tuple[Head, Hidden], State]:
    """Each without the wallet lines of its hidden assets and the lines of excluded ones."""
    states = {(head, hidden): State(head.at, ZERO, ZERO) for head, hidden in statements}
    numbered = list(states)
    if not numbered:
        return states
    rows = [(number, *_key(head), sorted(hidden)) for number, (head, hidden) in enumerate(numbered)]
    asked = {
        "snapshots": sorted({_key(head) for head, _ in numbered}),
        "excluded": sorted(excluded),
        "statements": _ENCODER.encode_lines(rows).decode(),
    }
    for one in await read(api.warehouse, load_sql(__file__, "statement_sums"), asked, _Sum):
        states[numbered[one.number]] = State(
            states[numbered[one.number]].observed_at,
            one.assets,
            one.debt,
            one.unpriced,
            lines=one.lines,
            excluded=one.excluded,
            stale=one.reasons.get("stale", 0),
            reasons=one.reasons,
            waits=one.waits,
        )
    return states


def _key(head: Head) -> tuple[str, str, str]:
    return head.source, stored_time(head.at), head.snapshot_id
