"""What asks for a few lines reads those, however many others are stored."""

from holdfast.warehouse.client import Warehouse
from tests.bench.stored import Sources, fill_members, fill_statements

EVERYBODY = Sources(first=0, number=100, lines=50)
HOURS = 40
MEMBERS = 2


async def test_lines_of_the_past_are_looked_up_by_key(warehouse: Warehouse) -> None:
    await fill_members(warehouse, "few", MEMBERS)
    await fill_statements(warehouse, EVERYBODY, first=0, until=HOURS)
    looked_at = await warehouse.query("EXPLAIN ESTIMATE " + _POSITIONS)
    stored = await warehouse.value("SELECT count() FROM balances")
    lines = await warehouse.rows(_POSITIONS)
    assert stored == HOURS * EVERYBODY.lines_an_hour
    assert len(lines) == MEMBERS * EVERYBODY.lines
    assert sum(read["rows"] for read in looked_at if read["table"] == "balances") < stored / 10


_POSITIONS = """
SELECT source, line FROM positions_as_known(
    tenant = 'bench', portfolio = 'few', at = '2026-03-02 00:00:00', known_at = '2200-01-01 00:00:00', ranking = [])
"""
