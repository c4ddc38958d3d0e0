"""Ranges of transfers as events: one, or as many as it takes, each complete in itself."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from holdfast.domain.transfers import TokenTransfer, TransferRange
from holdfast.events import FetchRequested, TransfersObserved
from holdfast.events.checks import check
from holdfast.events.codec import encode
from holdfast.events.splitting import UnsplittableError
from holdfast.providers.kit.contract import Fetched
from services.worker.results import MismatchedResultError, Run, fetched_events
from tests.support.transfers import ACCOUNT, block, coin, moved, transfer

NOW = datetime(2026, 3, 2, tzinfo=UTC)
JOB = FetchRequested(
    id="5" * 32, tenant="acme", provider="evm", feed="transfers", target=ACCOUNT, scope="wallet", slot=NOW, lane="due",
    requested_at=NOW,
)  # fmt: skip
LIMIT = 4096


def a_range(*transfers: TokenTransfer) -> TransferRange:
    return TransferRange(
        account=ACCOUNT, scope="wallet", after=block(100), until=block(200), fetched_at=NOW, transfers=transfers
    )


def to_events(stated: TransferRange, *, limit_bytes: int = LIMIT) -> list[TransfersObserved]:
    run = Run(job=JOB, attempt=1, started_at=NOW)
    events = fetched_events(run, Fetched(transfers=(stated,)), finished_at=NOW, limit_bytes=limit_bytes)
    for event in events:
        check(event)
    return [event for event in events if isinstance(event, TransfersObserved)]


def test_a_range_is_one_event_with_the_same_id_each_time() -> None:
    stated = a_range(transfer(120, 3, "5"))
    (event,) = to_events(stated)
    assert (event.after, event.until, event.transfers) == (stated.after, stated.until, stated.transfers)
    assert to_events(stated) == [event]
    assert to_events(replace(stated, transfers=()))[0].id != event.id


@pytest.mark.parametrize(
    ("numbers", "limit"),
    [(list(range(101, 201)), 4096), ([101] * 50 + list(range(150, 200)), 32_768), ([150] * 6 + [200] * 6, 4096)],
)
def test_a_range_too_large_for_a_message_is_cut_between_blocks(numbers: list[int], limit: int) -> None:
    moved = tuple(transfer(number, place, "5") for place, number in enumerate(numbers))
    events = to_events(a_range(*moved), limit_bytes=limit)
    assert len(events) > 1
    assert all(len(encode(event)) <= limit for event in events)
    assert [one for event in events for one in event.transfers] == list(moved)
    assert events[0].after == block(100)
    assert events[-1].until == block(200)
    assert [event.after for event in events[1:]] == [event.until for event in events[:-1]]


def test_a_single_block_with_too_many_is_not_cut() -> None:
    moved = tuple(transfer(200, place, "5") for place in range(100))
    with pytest.raises(UnsplittableError, match="block 200"):
        to_events(a_range(*moved))


def test_a_range_of_somebody_else_is_never_published() -> None:
    with pytest.raises(MismatchedResultError):
        to_events(replace(a_range(), account="eip155:1:0x00000000219ab540356cbb839cbe05303d7705fa"))


@pytest.mark.parametrize("known_behind", [100, 140, 170])
def test_what_the_coin_did_is_cut_with_the_range(known_behind: int) -> None:
    """Half of the transfers lie where the coin is not known yet, or none do."""
    transfers = tuple(transfer(number, 0, "5") for number in range(101, 201, 2))
    movements = tuple(moved(number, 0, "-1") for number in range(known_behind + 1, 201, 3))
    events = to_events(replace(a_range(*transfers), coin=coin(known_behind, *movements)))
    assert len(events) > 3
    assert all(len(encode(event)) <= LIMIT for event in events)
    assert [one for event in events for one in event.transfers] == list(transfers)
    known = [event for event in events if event.coin]
    assert [one for event in known for one in event.coin.movements] == list(movements)  # type: ignore[union-attr]
    assert [event.coin.after for event in known if event.coin] == [
        block(known_behind),
        *(event.until for event in known[:-1]),
    ]
    assert known == events[-len(known) :]


def test_a_range_in_which_the_coin_alone_moved_is_cut_too() -> None:
    movements = tuple(moved(number, 0, "-1") for number in range(101, 200))
    events = to_events(replace(a_range(), coin=coin(100, *movements)))
    assert len(events) > 1
    assert [one for event in events if event.coin for one in event.coin.movements] == list(movements)
