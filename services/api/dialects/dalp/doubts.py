"""Whether a provider itself said that it lacked a rate: what it could not convert, we cannot vouch for either."""

from datetime import datetime

from msgspec import Struct

from services.api.dialects.dalp.participants import Participant
from services.api.queries import load_sql, read
from services.api.resources import Resources


class _Row(Struct, frozen=True, kw_only=True):
    doubtful: int | bool


async def in_doubt(api: Resources, participant: Participant, start: datetime, end: datetime) -> bool:
    """Of any total in this time."""
    params: dict[str, object] = {"sources": list(participant.sources), "start": start, "end": end}
    return await _read(api, participant, "doubts", params)


async def in_doubt_now(api: Resources, participant: Participant) -> bool:
    """Of the newest totals."""
    params: dict[str, object] = {"sources": list(participant.sources), "tenant": participant.tenant}
    return await _read(api, participant, "doubts_now", params)


async def _read(api: Resources, participant: Participant, name: str, params: dict[str, object]) -> bool:
    if not participant.sources:
        return False
    [row] = await read(api.warehouse, load_sql(__file__, name), params, _Row)
    return bool(row.doubtful)
