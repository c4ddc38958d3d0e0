"""What is stored of branches that replaced each other, against a plain reading of the same statements: block by block
the last word, of tokens and of the coin apart, in whatever order they came, how often, and as known at any time."""

import random
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from holdfast.domain.transfers import CoinMovement, CoinMovements, TokenTransfer
from holdfast.events import TransfersObserved
from holdfast.history.transfers import Stretch, read_stretches, read_transfers
from holdfast.settings.shared import ClickHouseSettings
from holdfast.warehouse.client import Warehouse, connect
from services.aggregator.batch import Arrival
from services.aggregator.commit import insert
from services.aggregator.prepared import prepare
from tests.support.transfers import ACCOUNT, START, block, coin, moved, stated, transfer

WALLET = f"acme/evm/{ACCOUNT}/wallet"
HEIGHT = 40_000
"""Over several of the stretches that the statements of a block are looked for in (16,384 blocks)."""
Moved = tuple[bool, int, Decimal, str]
"""Of the coin, block, what came or went, hash."""
Told = tuple[TransfersObserved, datetime]
"""When it was recorded, too."""


@pytest.fixture
async def warehouse(clickhouse_settings: ClickHouseSettings) -> AsyncIterator[Warehouse]:
    connected = await connect(clickhouse_settings)
    yield connected
    await connected.close()


@pytest.mark.parametrize("seed", range(6))
async def test_of_each_block_the_last_word_holds(warehouse: Warehouse, seed: int) -> None:
    chance = random.Random(seed)
    told = _told(chance)
    for one, recorded_at in [*chance.sample(told, len(told)), *chance.choices(told, k=5)]:
        arrival = Arrival(event=one, sequence=1, recorded_at=recorded_at + timedelta(seconds=chance.randrange(2)))
        await insert(warehouse, prepare([Arrival(event=one, sequence=1, recorded_at=recorded_at), arrival]), ranking=())
    for known_at in (None, *(recorded_at for _, recorded_at in chance.sample(told, 3))):
        heard = [one for one, recorded_at in told if known_at is None or recorded_at <= known_at]
        stretches = await read_stretches(warehouse, [WALLET], known_at=known_at)
        assert _ends(stretches.get(WALLET, [])) == _known(heard), known_at
        read = (await read_transfers(warehouse, stretches, known_at=known_at)).transfers
        found = [(one.of_coin, one.block, one.delta, one.hash) for one in read.get(WALLET, [])]
        assert sorted(found) == sorted(_last_words(heard)), known_at
    shown = await warehouse.rows("SELECT block_number, block_hash, amount FROM transfers")
    assert len(shown) == len(_last_words([one for one, _ in told]))


def _told(chance: random.Random) -> list[Told]:
    """Statements of three branches, which overlap, leave gaps, say nothing, or the same again a little later."""
    told: list[Told] = []
    for place in range(chance.randint(4, 14)):
        fork = chance.choice("abc")
        after = chance.randrange(HEIGHT)
        until = after + chance.choice((1, 3, 300, 20_000))
        fetched_s = chance.choice((1000, 1000 + place, 5000 - place))
        events = _moved_in(chance, after, until, fork)
        of_coin = _coin_in(chance, after, until, fork) if chance.random() < 0.7 else None
        one = stated(after, until, fetched_s, *events, coin=of_coin, fork=fork)
        named = replace(one, id=f"{_identity(chance):032x}")
        told.append((named, START + timedelta(seconds=chance.randrange(4000))))
    return told


def _identity(chance: random.Random) -> int:
    """Ids say nothing of the order; of what was fetched at one instant the greater one holds."""
    return chance.getrandbits(120)


def _moved_in(chance: random.Random, after: int, until: int, fork: str) -> list[TokenTransfer]:
    places = {(_block_in(chance, after, until), chance.randrange(3)) for _ in range(chance.randrange(5))}
    return [transfer(number, index, str(chance.randint(1, 9)), fork) for number, index in sorted(places)]


def _coin_in(chance: random.Random, after: int, until: int, fork: str) -> CoinMovements:
    since = chance.choice((after, _block_in(chance, after, until)))
    numbers = {_block_in(chance, since, until) for _ in range(chance.randrange(4))} if since < until else set()
    parts: list[CoinMovement] = []
    for number in sorted(numbers):
        parts += [moved(number, index, str(chance.choice((-1, 1)) * (index + 1)), fork=fork) for index in range(2)]
    return coin(since, *parts)


def _block_in(chance: random.Random, after: int, until: int) -> int:
    """Now and then one at an end of a stretch of 16,384 blocks."""
    borders = [number for number in (16_383, 16_384, 32_767, 32_768) if after < number <= until]
    return chance.choice(borders) if borders and chance.random() < 0.4 else chance.randint(after + 1, until)


def _ranges(heard: Iterable[TransfersObserved]) -> Iterable[tuple[bool, int, int, Any, Sequence[Any]]]:
    for one in heard:
        word = one.fetched_at, one.id
        yield False, one.after.number, one.until.number, word, one.transfers
        if one.coin is not None:
            yield True, one.coin.after.number, one.until.number, word, one.coin.movements


def _last_words(heard: Sequence[TransfersObserved]) -> list[Moved]:
    found: list[Moved] = []
    ranges = list(_ranges(heard))
    for of_coin, _, _, word, parts in ranges:
        for part in parts:
            number = part.block.number
            over = [r[3] for r in ranges if r[0] is of_coin and r[1] < number <= r[2]]
            if word == max(over):
                delta = -part.amount if part.direction == "out" else part.amount
                found.append((of_coin, number, delta, part.tx_hash or part.block.hash))
    return found


def _known(heard: Sequence[TransfersObserved]) -> set[tuple[bool, int, int]]:
    known: set[tuple[bool, int, int]] = set()
    for kind in (False, True):
        reached: list[list[int]] = []
        for of_coin, after, until, _, _ in sorted(_ranges(heard), key=lambda r: r[1:3]):
            if of_coin is not kind:
                continue
            if reached and after <= reached[-1][1]:
                reached[-1][1] = max(until, reached[-1][1])
            else:
                reached.append([after, until])
        known |= {(kind, after, until) for after, until in reached}
    return known


def _ends(stretches: Iterable[Stretch]) -> set[tuple[bool, int, int]]:
    return {(one.of_coin, one.after, one.until) for one in stretches}


def test_a_branch_has_hashes_of_its_own() -> None:
    assert len({block(7, fork).hash for fork in "abc"}) == 3
