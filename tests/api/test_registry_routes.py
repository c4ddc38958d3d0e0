"""Portfolios and accounts over HTTP, and the on-demand fetch."""

import asyncio
from typing import Any

import pytest

from holdfast.domain.jobs import job_id
from holdfast.events.codec import decode
from holdfast.events.jobs import FetchRequested
from tests.api.conftest import World
from tests.api.world import NOW, A, B, insert

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEW = "eip155:1:0x742d35Cc6634C0532925a3b844Bc454e4438f44e"


async def test_a_portfolio_is_created_shown_changed_and_removed(world: World) -> None:
    created = await world.send("POST", "/v1/portfolios", body={"id": "pf", "name": "Mine", "base_currency": "EUR"})
    assert created.status_code == 201, created.text
    assert (created.json()["base_currency"], created.json()["jump_ratio"]) == ("iso4217:EUR", None)
    member = {"account": B, "valid_from": "2026-01-01T00:00:00Z", "valid_to": None}
    changed = await world.send("PUT", "/v1/portfolios/pf/members", body={"members": [member]})
    assert changed.json()["members"] == [member | {"portfolio": None}]
    assert changed.json()["name"] == "Mine"
    assert (await world.get("/v1/portfolios/pf")).json() == changed.json()
    assert (await world.send("DELETE", "/v1/portfolios/pf")).status_code == 204
    assert (await world.get("/v1/portfolios/pf")).status_code == 404


async def test_a_portfolio_says_how_far_its_total_may_move_until_it_is_replaced(world: World) -> None:
    created = await world.send("POST", "/v1/portfolios", body={"id": "calm", "jump_ratio": "0.050"})
    assert created.json()["jump_ratio"] == "0.05"
    kept = await world.send("PUT", "/v1/portfolios/calm/members", body={"members": []})
    assert kept.json()["jump_ratio"] == "0.05"
    changed = await world.send("PUT", "/v1/portfolios/calm", body={"jump_ratio": "0"})
    assert changed.json()["jump_ratio"] == "0"
    replaced = await world.send("PUT", "/v1/portfolios/calm", body={"name": "Calm"})
    assert (await world.get("/v1/portfolios/calm")).json() == replaced.json()
    assert replaced.json()["jump_ratio"] is None
    assert (await world.send("DELETE", "/v1/portfolios/calm")).status_code == 204


async def test_a_portfolio_that_exists_is_not_created_again(world: World) -> None:
    answer = await world.send("POST", "/v1/portfolios", body={"id": "family"})
    assert (answer.status_code, answer.json()["code"]) == (409, "portfolio_exists")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "Upper"}, "id"),
        ({"name": "no id"}, "id"),
        ({"id": "x", "colour": "red"}, "colour"),
        ({"id": "x", "base_currency": "iso4217:XYZ"}, "base_currency"),
        ({"id": "x", "members": [{"portfolio": "nowhere"}]}, "members[0].portfolio"),
        ({"id": "x", "members": [{}]}, "members[0]"),
        ({"id": "x", "jump_ratio": "-0.1"}, "jump_ratio"),
        ({"id": "x", "jump_ratio": "1000001"}, "jump_ratio"),
        ({"id": "x", "jump_ratio": "a fifth"}, "jump_ratio"),
        ({"id": "x", "jump_ratio": 0.2}, "jump_ratio"),
    ],
)
async def test_a_wrong_portfolio_is_refused_by_the_field_that_is_wrong(
    world: World, body: dict[str, Any], field: str
) -> None:
    answer = await world.send("POST", "/v1/portfolios", body=body)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert field in f"{problem['field']} {problem['message']}"
    assert (await world.get("/v1/portfolios/x")).status_code == 404


async def test_a_cycle_of_portfolios_is_refused(world: World) -> None:
    answer = await world.send("PUT", "/v1/portfolios/family/members", body={"members": [{"portfolio": "both"}]})
    assert (answer.status_code, answer.json()["field"]) == (400, "members")


async def test_an_account_is_added_in_its_canonical_spelling_and_removed(world: World) -> None:
    added = await world.send("POST", "/v1/accounts", body={"account": NEW, "label": "cold"})
    assert added.status_code == 201, added.text
    assert (added.json()["id"], added.json()["spelling"]) == (NEW.lower(), NEW)
    assert {source["provider"] for source in added.json()["sources"]} == {"okx", "evm"}
    assert (await world.get(f"/v1/accounts/{NEW}")).json()["label"] == "cold"
    assert (await world.send("DELETE", f"/v1/accounts/{NEW}")).status_code == 204
    assert (await world.get(f"/v1/accounts/{NEW}")).status_code == 404


async def test_an_address_with_a_wrong_checksum_is_refused(world: World) -> None:
    answer = await world.send("POST", "/v1/accounts", body={"account": NEW.replace("Cc66", "cC66")})
    assert (answer.status_code, answer.json()["field"]) == (400, "account")
    assert "checksum" in answer.json()["message"]


async def test_an_account_of_a_portfolio_is_not_removed(world: World) -> None:
    assert (await world.send("DELETE", f"/v1/accounts/{A}")).status_code == 400
    assert (await world.get(f"/v1/accounts/{A}")).status_code == 200


async def test_fetch_publishes_one_job_for_each_source_in_the_first_lane(world: World) -> None:
    answer = await world.send("POST", f"/v1/accounts/{A}/fetch")
    assert answer.status_code == 202, answer.text
    expected = {
        (provider, job_id(tenant="acme", provider=provider, feed="balances", target=A, scope=scope, slot=NOW))
        for provider, scope in (("okx", "defi"), ("evm", "wallet"))
    }
    assert {(job["provider"], job["job_id"]) for job in answer.json()["jobs"]} == expected
    stored = await _jobs(world)
    assert {(job.provider, job.id) for job in stored} == expected
    assert {job.lane for job in stored} == {"now"}


async def test_the_status_of_a_fetch_is_that_of_its_attempts(world: World) -> None:
    job = "ab" * 16
    assert (await world.get(f"/v1/fetches/{job}")).status_code == 404
    for number, outcome in enumerate(("retry", "finished"), 1):
        await _write_attempt(world, job, number, outcome)
        await _write_attempt(world, job, number, outcome)  # at least once
        status = (await world.get(f"/v1/fetches/{job}")).json()
        assert status["state"] == {"retry": "retrying", "finished": "finished"}[outcome]
        assert [one["attempt"] for one in status["attempts"]] == list(range(1, number + 1))


async def test_a_paused_account_is_not_fetched_and_freshness_says_why(world: World) -> None:
    pause = {"tenant": "acme", "provider": "evm", "feed": "balances", "target": B, "scope": "wallet"}
    await world.resources.store.pause_source(**pause, why="CredentialsRejected: 401")
    await world.resources.watcher.wait_until(world.resources.store.revision)
    answer = await world.send("POST", f"/v1/accounts/{B}/fetch")
    assert (answer.status_code, answer.json()["code"]) == (409, "sources_paused")
    await world.resources.store.resume_source(**pause)
    await world.resources.watcher.wait_until(world.resources.store.revision)


async def test_lists_come_in_pages(world: World) -> None:
    first = (await world.get("/v1/portfolios", limit=2)).json()
    rest = (await world.get("/v1/portfolios", cursor=first["next_cursor"])).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == ["bees", "both", "family"]
    accounts = (await world.get("/v1/accounts", limit=1)).json()
    following = (await world.get("/v1/accounts", limit=1, cursor=accounts["next_cursor"])).json()
    assert [accounts["items"][0]["id"], following["items"][0]["id"]] == [A, B]
    assert following["next_cursor"] is None


async def _jobs(world: World) -> list[FetchRequested]:
    js, jobs = world.connection.js, []
    info = await js.stream_info("JOBS")
    for sequence in range(info.state.first_seq, info.state.last_seq + 1):
        message = await js.get_msg("JOBS", sequence)
        jobs.append(decode(message.data or b"", FetchRequested))
    return jobs


async def _write_attempt(world: World, job: str, number: int, outcome: str) -> None:
    row = {
        "event_id": f"{number:032x}",
        "job_id": job,
        "tenant": "acme",
        "provider": "okx",
        "feed": "balances",
        "target": A,
        "scope": "defi",
        "slot": "2026-03-01 12:00:00.000",
        "lane": "now",
        "started_at": f"2026-03-01 12:0{number}:00.000",
        "finished_at": f"2026-03-01 12:0{number}:01.000",
        "attempts": number,
        "outcome": outcome,
        "error": "" if outcome == "finished" else "RateLimited",
        "message": "",
        "requests": 1,
        "response_bytes": 10,
        "snapshots": 1,
        "lines": 3,
    }
    await insert(world.resources.warehouse, "fetches", [row])
    await asyncio.sleep(0)
