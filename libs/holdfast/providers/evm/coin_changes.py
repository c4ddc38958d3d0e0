"""The blocks in which an account's coin moved, found by halving: what it had, and how many transactions it had sent.

    balance(b) − balance(b − 1)        is what block b did to it, exactly, whatever did it

Where both are the same at the two ends of a stretch, nothing more is asked of it. What that hides is what came in and
went out again in the same amount, between two blocks that were asked about, without a transaction of the account. Only
a contract's coin leaves so. It is looked at in the same blocks by every fetch over them, `looked_at`: then what one
fetch tells is not hidden by the next, nor told by half, where it is in different stretches; in one it is never told.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from holdfast.providers.evm.decoding import to_quantity
from holdfast.providers.evm.envelope import Answer, Request
from holdfast.providers.evm.failures import StateGoneError
from holdfast.providers.evm.node import Node
from holdfast.providers.kit.errors import UnexpectedResponseError


class State(NamedTuple):
    """Of an account, when a block is through."""

    balance: int
    """In the coin's smallest unit."""
    sent: int
    """How many transactions it has sent: its nonce."""


class Change(NamedTuple):
    """One block at whose end the account's state is another than before it."""

    number: int
    delta: int
    """What came in (+) or went out (−) in all. 0 where it paid with what came in."""


class Changes(Struct, frozen=True, kw_only=True):
    after: int
    """Behind it all changes are known. Later than asked for where the node holds no state, or too much moved."""
    found: tuple[Change, ...]
    """In the order of the chain."""


class _Span(NamedTuple):
    first: int
    last: int

    @property
    def is_block(self) -> bool:
        return self.last - self.first == 1

    @property
    def middle(self) -> int:
        return (self.first + self.last) // 2


_States = dict[int, State]


def looked_at(after: int, until: int) -> list[int]:
    """Blocks from `after` on, before `until`, that cut a range into some eight to sixteen stretches.

    Of two ranges of about one length the same, where both have them.
    """
    stretch = max(1, (1 << (until - after - 1).bit_length()) // 16)
    return list(range(-(-after // stretch) * stretch, until, stretch))


async def fetch_changes(
    node: Node, address: str, *, after: int, until: int, most: int, looks: Sequence[int] = ()
) -> Changes | None:
    """Behind block `after` up to `until`, the newest `most` of them. None where the node has no state of these blocks.

    Asks for 2 states at first and for those of `looks`, blocks between them, then at most for `most` at a time, so many
    times as the range can be halved; where the state of the first is gone, for some twenty more. Raises ProviderError.
    """
    points = sorted({after, *looks, until})
    states = await _fetch_states(node, address, points)
    if until not in states:
        return None
    nearer = [] if after in states else _nearer(after, until)
    states |= await _fetch_states(node, address, nearer)
    after = _known_since(states, until, {*points, *nearer})
    spans = [_Span(*ends) for ends in pairwise([after, *(point for point in points if point > after)])]
    while True:
        spans = [span for span in spans if states[span.first] != states[span.last]]
        if len(spans) > most:
            after, spans = spans[-most - 1].last, spans[-most:]
        middles = [span.middle for span in spans if not span.is_block]
        if not middles:
            break
        states |= await _fetch_states(node, address, middles)
        after, spans = _behind_what_is_gone(after, spans, states)
        spans = [part for span in spans for part in _halves(span)]
    if after == until:
        return None
    return Changes(after=after, found=tuple(_to_change(span, states) for span in spans))


def _nearer(after: int, until: int) -> list[int]:
    """Blocks of the range, each a fourth nearer to its end than the one before: a node keeps the newest states."""
    numbers, between = [], (until - after) * 3 // 4
    while between > 0:
        numbers.append(until - between)
        between = between * 3 // 4
    return numbers


def _known_since(states: _States, until: int, asked: Iterable[int]) -> int:
    """The first of those asked about from which on all are known."""
    since = until
    for number in sorted(asked, reverse=True):
        if number not in states:
            break
        since = number
    return since


def _behind_what_is_gone(after: int, spans: Sequence[_Span], states: _States) -> tuple[int, list[_Span]]:
    """Behind one address may be nodes that hold more states and fewer."""
    gone = [span.last for span in spans if not span.is_block and span.middle not in states]
    since = max(gone, default=after)
    return since, [span for span in spans if span.first >= since]


def _halves(span: _Span) -> tuple[_Span, ...]:
    return (span,) if span.is_block else (_Span(span.first, span.middle), _Span(span.middle, span.last))


def _to_change(span: _Span, states: _States) -> Change:
    return Change(span.last, states[span.last].balance - states[span.first].balance)


async def _fetch_states(node: Node, address: str, numbers: Sequence[int]) -> _States:
    """Of those blocks whose state the node holds."""
    methods = ("eth_getBalance", "eth_getTransactionCount")
    answers = await node.ask_many([Request(method, [address, hex(n)]) for n in numbers for method in methods])
    pairs = zip(numbers, answers[::2], answers[1::2], strict=True)
    read = {number: _to_state(node, balance, sent) for number, balance, sent in pairs}
    return {number: state for number, state in read.items() if state is not None}


def _to_state(node: Node, balance: Answer, sent: Answer) -> State | None:
    try:
        return State(_settled(node, "eth_getBalance", balance), _settled(node, "eth_getTransactionCount", sent))
    except StateGoneError:
        return None


def _settled(node: Node, method: str, answer: Answer) -> int:
    quantity = to_quantity(node.settle(method, answer))
    if quantity is None:
        raise UnexpectedResponseError(f"{method}: not a quantity: {str(answer)[:80]}")
    return quantity
