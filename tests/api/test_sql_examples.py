"""Each example of docs/sql.md says on the small world what the page says it does."""

import os

import pytest

from tests.api.conftest import World
from tests.api.contract_world import write_what_examples_ask_for
from tests.support.sql_answers import load_examples, to_answer, write_answers

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEPENDS_ON_NOW = {
    "source_freshness": "ages",
    "history_coverage": "times of fetches, which the engine forgets by its own clock",
    "raw_response_bodies": "the same",
    "price_freshness": "ages",
    "feed_freshness": "ages",
    "throttled_prices": "what is refused at the moment",
}
"""Sections whose answers are another one each second: of these only the columns are compared."""


async def test_every_example_answers_as_the_page_says(world: World) -> None:
    warehouse = world.resources.warehouse
    await write_what_examples_ask_for(warehouse)
    examples = load_examples()
    answers = {}
    for example in examples:
        tsv = (await warehouse.read_bytes(example.sql, format="TSVWithNames")).decode()
        elided = example.section in DEPENDS_ON_NOW
        assert elided or tsv.count("\n") > 1, f"nothing to show for it in the small world:\n{example.sql}"
        answers[example.sql] = to_answer(tsv, elided=elided)
    if os.environ.get("HOLDFAST_WRITE_ANSWERS"):
        write_answers(answers)
        return
    for example in examples:
        why = "HOLDFAST_WRITE_ANSWERS=1 pytest tests/api/test_sql_examples.py writes the answers; look at what changed"
        assert example.answer == answers[example.sql], f"{example.sql}\n{why}"
