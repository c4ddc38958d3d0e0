"""What may not be stored is refused: by decoding where types can tell, else by the checks."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.money import LIMIT
from holdfast.events.balances import BalancesObserved
from holdfast.events.catalog import CATALOG
from holdfast.events.checks import InvalidMessageError, check
from holdfast.events.codec import UndecodableError, decode
from holdfast.events.examples import load_examples

STRUCTS = {kind.name: kind.struct for kind in CATALOG}
LEFT_OUT = object()


def hostile(name: str, path: str, value: Any, *, title: str = "ordinary") -> bytes:
    """An example with one place changed: `balances.0.amount`."""
    message = json.loads(load_examples(name)[title])
    node, steps = message, [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps[:-1]:
        node = node[step]
    if value is LEFT_OUT:
        del node[steps[-1]]
    else:
        node[steps[-1]] = value
    return json.dumps(message).encode()


C, G = "clusters.observed.v1", "returns.reported.v1"
B, P, R, T = "balances.observed.v1", "prices.observed.v1", "responses.recorded.v1", "totals.reported.v1"
X = "transfers.observed.v1"


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        (X, "until", LEFT_OUT),
        (X, "transfers.0.direction", "sideways"),
        (X, "transfers.0.block.hash", None),
        (B, "observed_at", "2026-03-01T12:00:00"),
        (B, "observed_at", 1772366400),
        (B, "observed_at", "yesterday"),
        (B, "id", "ABC"),
        (B, "tenant", "Acme"),
        (B, "tenant", "a.b"),
        (B, "provider", "*"),
        (B, "scope", ""),
        (B, "lines", LEFT_OUT),
        (B, "lines", "3"),
        (B, "balances", None),
        (B, "balances.0", 7),
        (B, "balances.0.amount", True),
        (B, "balances.0.amount", ""),
        (B, "balances.0.amount", "0x10"),
        (B, "balances.0.amount", [1]),
        (B, "balances.0.amount", LEFT_OUT),
        (B, "balances.0.side", "ASSET"),
        (B, "balances.0.kind", "unheard_of"),
        (B, "balances.0.reason", "because"),
        (R, "body", "not base64!"),
        ("jobs.v1", "lane", "fast"),
        ("jobs.v1", "window", {"start": "2026-02-27T12:00:00Z", "end": "2026-02-27T12:00:00Z", "every_s": 0}),
        ("jobs.v1", "window", {"start": "2026-02-27T12:00:00", "end": "2026-02-27T12:00:00Z", "every_s": 1}),
        (C, "clusters.0.trends.0", "up"),
    ],
)
def test_a_wrong_type_does_not_decode(name: str, path: str, value: Any) -> None:
    with pytest.raises(UndecodableError):
        decode(hostile(name, path, value), STRUCTS[name])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("asset", "ETH"),
        ("after.chain", "eip155:10"),
        ("after.number", 24560099),
        ("after.number", 24560175),
        ("after.number", 24560130),
        ("movements.0.amount", "-1"),
        ("movements.0.counterparty", "\n"),
        ("movements.0.tx_hash", ""),
        ("movements.1.tx_hash", ""),
        ("movements.1.index", 0),
        ("movements.1.index", 2**32),
        ("movements.2.block.number", 24560176),
        ("movements.2.block.chain", "eip155:10"),
    ],
)
def test_what_cannot_be_true_of_a_coin_is_refused_by_name(path: str, value: Any) -> None:
    message = decode(hostile(X, f"coin.{path}", value, title="coin"), STRUCTS[X])
    with pytest.raises(InvalidMessageError, match="coin"):
        check(message)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        (X, "after.time", "2026-03-01T11:40:11"),
        (X, "after.number", 24560175),
        (X, "until.number", 24560175 + 50_000_001),
        (X, "until.time", "2026-03-01T11:40:10Z"),
        (X, "until.chain", "eip155"),
        (X, "transfers.0.amount", "-1"),
        (X, "transfers.0.asset", "USDC"),
        (X, "transfers.0.log_index", -1),
        (X, "transfers.0.tx_hash", ""),
        (X, "transfers.0.block.number", 24560100),
        (X, "transfers.0.block.chain", "eip155:10"),
        (X, "transfers.1.log_index", 17),
        (X, "transfers.2.block.number", 24560176),
        (B, "balances.0.amount", "NaN"),
        (B, "balances.0.amount", "sNaN"),
        (B, "balances.0.amount", "-NaN"),
        (B, "balances.0.amount", "Infinity"),
        (B, "balances.0.price", "-Infinity"),
        (B, "balances.0.amount", "1e400"),
        (B, "balances.0.amount", "1" + "0" * 40),
        (B, "balances.0.amount", "-0.000000000000000000000000000000000001"),
        (B, "balances.0.value", "-1"),
        (B, "balances.0.price", "-1"),
        (B, "balances.0.asset", "ETH"),
        (B, "balances.0.asset", "eip155:1/erc20:0xA0B86991C6218B36C1D19D4A2E9EB0CE3606EB48"),
        (B, "balances.0.currency", "USD"),
        (B, "balances.0.chain", "ethereum"),
        (B, "covers.0", "stETH"),
        (B, "raw.0", "abc"),
        (B, "account", "eip155:1:0x742d35Cc6634C0532925a3b844Bc9e7595f0bEb5"),
        (B, "account", "a/b"),
        (B, "account", ""),
        (B, "observed_at", "1969-12-31T23:59:59Z"),
        (B, "observed_at", "9999-12-31T23:59:59Z"),
        (B, "observed_at", "2026-03-01T12:01:01.251Z"),  # more than a minute after it was fetched
        (B, "snapshot_id", "0" * 32),
        (B, "lines", 2),
        (B, "lines", 4),
        (B, "lines", -1),
        (B, "lines", 2**70),
        (B, "part", 0),
        (B, "part", -1),
        (B, "part", 2),
        (B, "parts", 0),
        (B, "parts", -2),
        (B, "offset", 1),
        (B, "offset", -1),
        (P, "prices.0.price", "NaN"),
        (P, "prices.0.price", "-2"),
        (P, "prices.0.asset", "ETH"),
        (P, "prices.0.quote", "usd"),
        (P, "prices.0.at", "2026-03-01T12:00:00"),
        (R, "sha256", "xyz"),
        (R, "status", 0),
        (R, "parts", 0),
        (R, "size_bytes", -1),
        (T, "observed_at", "2027-03-01T12:00:00Z"),
        (T, "total", "Infinity"),
        (T, "total", "-1" + "0" * 40),
        (T, "currency", "$"),
        ("jobs.v1", "target", ""),
        ("jobs.v1", "target", "a\nb"),
        (G, "account", "0x742d35cc6634c0532925a3b844bc9e7595f0beb5"),
        (G, "observed_at", "2027-03-01T12:00:00Z"),
        (G, "quote", "USD"),
        (G, "total_return", "NaN"),
        (G, "items.0.asset", "ETH"),
        (G, "items.0.value", "Infinity"),
        (G, "items.1.total_return", "-1" + "0" * 40),
        (G, "block_number", -1),
        (G, "raw.0", "abc"),
        (C, "observed_at", "2027-03-01T12:00:00Z"),
        (C, "token", "USDC"),
        (C, "clusters.0.amount", "-1"),
        (C, "clusters.0.share", "NaN"),
        (C, "clusters.0.pnl_usd", "-1e400"),
        (C, "clusters.0.last_active_at", "3000-01-01T00:00:00Z"),
        (C, "clusters.0.addresses.0.address", ""),
        (C, "clusters.0.addresses.0.rank", 0),
        (C, "clusters.0.addresses.1.amount", "-0.1"),
        (C, "overview.rug_pull_ratio", "-0.1"),
        (C, "top_holders.0.holders", 0),
        (C, "top_holders.0.average_buy_price_usd", "-2"),
        ("fetches.finished.v1", "attempts", -1),
        ("fetches.failed.v1", "retry_at", "3000-01-01T00:00:00Z"),
        ("portfolios.revalued.v1", "assets", "-1"),
        ("portfolios.revalued.v1", "net", "NaN"),
        ("portfolios.revalued.v1", "version", "١٢"),
        ("portfolios.revalued.v1", "version", "1.5"),
    ],
)
def test_what_a_type_cannot_refuse_the_checks_do(name: str, path: str, value: Any) -> None:
    message = decode(hostile(name, path, value), STRUCTS[name])
    with pytest.raises(InvalidMessageError):
        check(message)


@pytest.mark.parametrize("name", [B, T, G, C])
def test_two_clocks_may_differ_by_a_minute(name: str) -> None:
    check(decode(hostile(name, "observed_at", "2026-03-01T12:01:01.250Z"), STRUCTS[name]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("lane", "due"),
        ("window.start", "2026-02-28T11:00:00.001Z"),
        ("window.start", "1969-02-28T11:00:00Z"),
        ("window.start", "1971-01-01T00:00:00Z|every second"),
    ],
)
def test_a_window_that_cannot_be_fetched_is_refused(path: str, value: str) -> None:
    value, _, dense = value.partition("|")
    data = hostile("jobs.v1", path, value, title="window")
    if dense:
        data = data.replace(b'"every_s": 3600', b'"every_s": 1')
    with pytest.raises(InvalidMessageError, match=path if not dense else "window: "):
        check(decode(data, STRUCTS["jobs.v1"]))


def test_the_refusal_names_the_line_and_the_field() -> None:
    message = decode(hostile(B, "balances.1.price", "NaN"), BalancesObserved)
    with pytest.raises(InvalidMessageError, match=r"balances\[1\]\.price: NaN is not a number") as refused:
        check(message)
    assert refused.value.field == "balances[1].price"


@pytest.mark.parametrize(("spelling", "number"), [("1_000", "1000"), ("١٢", "12"), ("1e3", "1000"), (1000, "1000")])
def test_an_odd_spelling_is_the_one_number_it_can_only_be(spelling: object, number: str) -> None:
    """Readers are lenient where nothing can be misread; the schema holds writers to plain digits."""
    message = decode(hostile(B, "balances.0.amount", spelling), BalancesObserved)
    check(message)
    assert message.balances[0].amount == Decimal(number)


@pytest.mark.parametrize("part", [1, 2])
@pytest.mark.parametrize(("field", "value"), [("offset", 99), ("lines", 3), ("parts", 1), ("part", 3)])
def test_parts_that_do_not_add_up_are_refused(part: int, field: str, value: int) -> None:
    message = decode(hostile(B, field, value, title=f"part_{part}_of_2"), BalancesObserved)
    with pytest.raises(InvalidMessageError):
        check(message)


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"id": "\\ud800"}', b"NaN"])
def test_what_is_no_message_does_not_decode(data: bytes) -> None:
    for struct in STRUCTS.values():
        with pytest.raises(UndecodableError):
            decode(data, struct)


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_exactly_the_numbers_in_range_pass(amount: Decimal) -> None:
    ordinary = decode(load_examples(B)["ordinary"], BalancesObserved)
    line = msgspec.structs.replace(ordinary.balances[0], amount=amount)
    message = msgspec.structs.replace(ordinary, balances=(line, *ordinary.balances[1:]))
    if amount.is_finite() and 0 <= amount < LIMIT:
        check(message)
    else:
        with pytest.raises(InvalidMessageError):
            check(message)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(data: bytes) -> None:
    for struct in STRUCTS.values():
        with pytest.raises(UndecodableError):
            decode(data, struct)
