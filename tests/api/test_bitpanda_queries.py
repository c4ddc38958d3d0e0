"""Custody's query language: what is understood, what is refused and how, who may ask, and how much at once."""

import pytest
import pytest_asyncio
from graphql import build_client_schema, build_schema, get_introspection_query, print_schema

from holdfast.providers.bitpanda import wire
from tests.api.bitpanda_asking import amounts, items, post
from tests.api.bitpanda_world import write_vault
from tests.api.conftest import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vault(world: World) -> World:
    await write_vault(world)
    return world


async def test_variables_and_fragments_are_understood(vault: World) -> None:
    query = """query ($end: String, $into: String!) {
            user { portfolio(endDate: $end) { items { total { ...Worth } } } }
        }
        fragment Worth on Amount { in(currency: $into) { value } }"""
    variables = {"end": "2026-03-01T12:30:00Z", "into": "EUR"}
    answer = (await post(vault, query, variables=variables)).json()
    assert answer == {"data": {"user": {"portfolio": {"items": [{"total": {"in": {"value": "2500"}}}]}}}}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ('startDate: "2021-03-01T12:00:00Z"', "go together"),
        ("timePeriod: DAILY", "go together"),
        ('startDate: "2021-03-01T12:00:00Z", endDate: "2021-03-02T12:00:00Z"', "go together"),
        ('endDate: "2021-03-02T12:00:00Z", timePeriod: DAILY', "go together"),
        ('startDate: "2021-03-03T12:00:00Z", endDate: "2021-03-02T12:00:00Z", timePeriod: DAILY', "after endDate"),
        ('endDate: "yesterday"', "endDate: 'yesterday' is not an instant"),
        ('endDate: "2021-03-02T12:00:00"', "is not an instant"),
        ('endDate: "2021-13-02T12:00:00Z"', "is not an instant"),
        ('endDate: ""', "is not an instant"),
    ],
)
async def test_arguments_that_do_not_fit_are_an_error_of_the_portfolio(
    vault: World, arguments: str, complaint: str
) -> None:
    answer = await post(vault, f"{{ user {{ portfolio({arguments}) {{ items {{ timestamp }} }} }} }}")
    assert answer.status_code == 200
    assert answer.json()["data"] == {"user": {"portfolio": None}}
    (error,) = answer.json()["errors"]
    assert complaint in error["message"]
    assert (error["path"], error["extensions"]) == (["user", "portfolio"], {"code": "BAD_USER_INPUT"})


async def test_a_key_is_needed_and_must_be_bound_to_a_portfolio(vault: World) -> None:
    body = {"query": "{ user { portfolio { items { timestamp } } } }"}
    missing = await vault.client.post("/graphql", json=body)
    assert (missing.status_code, missing.json()["errors"][0]["message"]) == (
        401,
        "AuthenticationInput or API key must be provided",
    )
    wrong = await vault.client.post("/graphql", json=body, headers={"x-api-key": vault.keys["vault"][:-1] + "1"})
    assert (wrong.status_code, wrong.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    whole = await post(vault, body["query"], key="acme")
    assert (whole.status_code, whole.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


async def test_a_key_shows_its_own_portfolio_and_no_other(vault: World) -> None:
    assert amounts((await items(vault, key="vault"))[0]) == {"ETH": "2"}
    assert list(amounts((await items(vault, key="bees"))[0]).values()) == ["7"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"query": 7}', 400),
        (b'{"query": ""}', 400),
        (b'{"query": "{ user"}', 400),
        (b'{"query": "{ user { wallet } }"}', 400),
        (b'{"query": "{ user { portfolio { items { timestamp } } } }", "variables": 7}', 400),
        (b'{"query": "mutation { user { portfolio { items { timestamp } } } }"}', 400),
        (b'{"query": "{ user { portfolio(timePeriod: YEARLY) { items { timestamp } } } }"}', 400),
        (b'{"query": "{ user { portfolio(endDate: 7) { items { timestamp } } } }"}', 400),
        (b"[" * 9000, 400),
        (b'{"query": "' + b"{a" * 900 + b'"}', 400),
        (b'{"query": "{ user { portfolio(endDate: ' + b"[" * 900 + b'"}', 400),
        (b'{"query": "{ a ' + b"b " * 3000 + b'}"}', 400),
        (b'{"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}', 400),
    ],
)
async def test_what_is_no_query_is_refused_as_graphql_refuses(vault: World, body: bytes, status: int) -> None:
    answer = await vault.client.post("/graphql", content=body, headers={"x-api-key": vault.keys["vault"]})
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["message"]
    assert "data" not in answer.json()


def nested(levels: int) -> str:
    """A conversion of a conversion of …: 6 levels around it."""
    inner = "value"
    for _ in range(levels):
        inner = f'in(currency: "USD") {{ {inner} }}'
    return f"{{ user {{ portfolio {{ items {{ total {{ {inner} }} }} }} }} }}"


async def test_depth_is_limited(vault: World) -> None:
    assert (await post(vault, nested(11))).status_code == 200
    answer = await post(vault, nested(12))
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (400, {"code": "QUERY_TOO_COMPLEX"})


async def test_cost_is_limited_also_through_fragments(vault: World) -> None:
    many = " ".join(f"p{at}: portfolio {{ items {{ timestamp }} }}" for at in range(26))
    heavy = " ".join(f'c{at}: in(currency: "USD") {{ value }}' for at in range(70))
    window = 'startDate: "2021-02-20T10:00:00Z", endDate: "2026-03-01T12:00:00Z", timePeriod: DAILY'
    series = f"portfolio({window}) {{ items {{ total {{ {heavy} }} }} }}"
    for query in (f"{{ user {{ {many} }} }}", f"{{ user {{ {series} }} }}"):
        answer = await post(vault, query)
        assert answer.json()["errors"][0]["extensions"] == {"code": "QUERY_TOO_COMPLEX"}, answer.text
    bomb = (
        "{ user { ...F0 } } "
        + " ".join(f"fragment F{at} on User {{ ...F{at + 1} ...F{at + 1} }}" for at in range(40))
        + " fragment F40 on User { portfolio { items { timestamp } } }"
    )
    answer = await post(vault, bomb)
    assert answer.json()["errors"][0]["extensions"] == {"code": "QUERY_TOO_COMPLEX"}, answer.text


async def test_introspection_is_the_documented_schema(vault: World) -> None:
    answer = await post(vault, get_introspection_query())
    assert answer.status_code == 200, answer.text
    told = build_client_schema(answer.json()["data"])
    assert print_schema(told) == print_schema(build_schema(wire.load_schema()))
    amount = told.type_map["Amount"].fields  # type: ignore[attr-defined]
    types = {name: str(field.type) for name, field in amount.items()}
    assert types == {"value": "String", "currency": "String!", "timestamp": "String", "in": "Amount!"}
    balance = {name: str(field.type) for name, field in told.type_map["Balance"].fields.items()}  # type: ignore[attr-defined]
    assert balance == {"asset": "Asset", "amount": "Amount", "available": "Amount"}
