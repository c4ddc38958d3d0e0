"""A parameter that a route does not have, or that is there twice, is refused by its name: it would be passed over."""

from typing import Any

import pytest

from tests.api.conftest import World, bearer

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOTAL = "/v1/portfolios/family/total"


async def refusal(world: World, path: str, params: Any, *, method: str = "GET") -> tuple[str, str, str]:
    answer = await world.client.request(method, path, params=params, headers=bearer(world.keys["acme"]))
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    return problem["code"], problem["field"], problem["fix"]


@pytest.mark.parametrize("name", ["known_At", "knownat", "KNOWN_AT", "portfolio", "api", "caller", "<b>"])
async def test_one_that_a_route_does_not_have_is_refused_and_those_that_it_has_are_named(
    world: World, name: str
) -> None:
    """Also where it is the name of something else that the route works with."""
    asked = {name: "2020-01-01T00:00:00Z", "currency": "EUR"}
    fix = "There are currency, at, known_at"
    assert await refusal(world, TOTAL, asked) == ("parameter_unknown", name, fix)


async def test_a_route_without_any_says_so(world: World) -> None:
    asked = await refusal(world, "/v1/portfolios/family", {"currency": "EUR"})
    assert asked == ("parameter_unknown", "currency", "There are none")


async def test_one_that_is_given_twice_is_refused_unless_it_may_be_repeated(world: World) -> None:
    twice = [("currency", "USD"), ("currency", "EUR")]
    assert await refusal(world, TOTAL, twice) == ("parameter_repeated", "currency", "Give it once")
    methods = [("method", "simple"), ("method", "fifo")]
    answer = await world.client.get("/v1/portfolios/family/returns", params=methods, headers=bearer(world.keys["acme"]))
    assert [one["method"] for one in answer.json()["items"][0]["returns"]] == ["simple", "fifo"]


async def test_writing_is_held_to_the_same(world: World) -> None:
    asked = {"provider": "okx", "feed": "clusters", "target": "x", "scpoe": "y"}
    code, field, _ = await refusal(world, "/v1/watches", asked, method="DELETE")
    assert (code, field) == ("parameter_unknown", "scpoe")


async def test_who_is_nobody_learns_no_names(world: World) -> None:
    answer = await world.client.get(TOTAL, params={"nonsense": "1"})
    assert answer.status_code == 401
