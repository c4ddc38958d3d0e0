"""Rows of closed days beside what HTTP answers of the same windows."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.api.conftest import World


async def rows(world: World, sql: str) -> list[dict[str, Any]]:
    return await world.resources.warehouse.query(sql)


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


MONEY = (
    "gain", "opening", "closing", "invested", "realised", "unrealised", "unrealised_opening", "cost", "rate", "covered",
)  # fmt: skip
SAME = ("available", "detail", "annual")
QUALITY = (
    "complete", "lines_priced", "lines_unpriced", "lines_stale", "lines_excluded",
    "sources", "sources_missing", "reasons",
)  # fmt: skip


async def assert_same_as_http(world: World, *days: date, portfolios: Sequence[str] = ("worked", "nest")) -> int:
    """Every row of the views of these days, of all without any; returns how many were compared."""
    compared = 0
    chosen = f"portfolio IN {[*portfolios]} AND (day IN {[str(one) for one in days]} OR {not days})"
    returns = await rows(world, f"SELECT * FROM portfolio_returns WHERE {chosen}")
    for portfolio, closed, span in sorted({(row["portfolio"], row["day"], row["span"]) for row in returns}):
        mine = [row for row in returns if (row["portfolio"], row["day"], row["span"]) == (portfolio, closed, span)]
        window = {"to": mine[0]["end"].isoformat(), "currency": "USD"}
        if span == "day":
            window["from"] = mine[0]["start"].isoformat()
        answer = (await world.get(f"/v1/portfolios/{portfolio}/returns", **window)).json()
        assert instant(answer["start"]) == mine[0]["start"]
        assert instant(answer["end"]) == mine[0]["end"]
        assert [one["method"] for one in answer["items"][0]["returns"]] == [row["method"] for row in mine]
        for said, row in zip(answer["items"][0]["returns"], mine, strict=True):
            assert {name: number(said[name]) for name in MONEY} == {name: row[name] for name in MONEY}
            assert {name: said[name] or "" for name in SAME} == {name: row[name] or "" for name in SAME}
            assert (said["reason"] or "", len(said["missing"])) == (row["reason"], row["missing"])
            assert {name: answer["quality"][name] for name in QUALITY} == {name: row[name] for name in QUALITY}
            for name in ("oldest_input", "newest_input"):
                assert instant(answer["quality"][name]) == row[name]
            compared += 1
        await assert_same_attribution(world, portfolio, closed, span, window)
        if span == "day":
            await assert_same_flows(world, portfolio, closed, window)
    return compared


ADDED = ("price", "flows", "moved", "fx", "rounding")
EFFECTS = {"start": "opening", "end": "closing"} | {name: name for name in ADDED}
"""By their names in an answer: in SQL `start` and `end` are those of the window."""


def effects(said: dict[str, str] | None) -> dict[str, Decimal | None]:
    return {shown: number(said and said[name]) for name, shown in EFFECTS.items()}


async def assert_same_attribution(
    world: World, portfolio: str, closed: date, span: str, window: dict[str, str]
) -> None:
    key = f"tenant = 'acme' AND portfolio = '{portfolio}' AND day = '{closed}'"
    [row] = await rows(world, f"SELECT * FROM portfolio_attribution WHERE {key} AND span = '{span}'")
    said = (await world.get(f"/v1/portfolios/{portfolio}/attribution", **window)).json()
    assert (instant(said["start"]), instant(said["end"])) == (row["start"], row["end"])
    assert (said["complete"], said["reason"], said["reason"] == "") == tuple(
        row[name] for name in ("complete", "reason", "available")
    )
    assert effects(said["total"]) == {name: row[name] for name in EFFECTS.values()}
    unknown = Counter(line["missing"][0]["reason"] for line in said["items"] if line["missing"])
    assert (dict(unknown), unknown.total()) == (row["unknown"], row["lines_unknown"])
    assert len(said["items"]) - unknown.total() == row["lines_known"]
    for name in ("lines_excluded", "sources", "sources_missing"):
        assert said["quality"][name] == row[name]
    if span == "day":
        await assert_same_lines(world, said["items"], key)


async def assert_same_lines(world: World, items: list[dict[str, Any]], key: str) -> None:
    """Those that were neither held nor moved that day are not stored."""
    names = ("source", "account", "asset", "side")
    stored = await rows(world, f"SELECT * FROM portfolio_attribution_lines WHERE {key} ORDER BY source, asset, side")
    shown = [line for line in items if line["missing"] or any(effects(line["effects"]).values())]
    assert [
        {name: line[name] for name in names}
        | {"missing": len(line["missing"]), "reason": line["missing"][0]["reason"] if line["missing"] else ""}
        | effects(line["effects"])
        for line in shown
    ] == [{name: row[name] for name in (*names, "missing", "reason", *EFFECTS.values())} for row in stored]


async def assert_same_flows(world: World, portfolio: str, closed: date, window: dict[str, str]) -> None:
    stored = await rows(
        world,
        "SELECT at, source, account, asset, side, delta, held, price, value, reason, transfer, crossed, moved, "
        f"requoted FROM portfolio_flows WHERE tenant = 'acme' AND portfolio = '{portfolio}' AND day = '{closed}' "
        "ORDER BY at, source, asset, side",
    )
    said = (await world.get(f"/v1/portfolios/{portfolio}/flows", **window)).json()["items"]
    money = ("delta", "held", "price", "value", "crossed", "moved", "requoted")
    assert [
        {k: number(v) if k in money else instant(v) if k == "at" else v for k, v in one.items() if k != "rate"}
        for one in said
    ] == stored
