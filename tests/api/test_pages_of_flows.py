"""Flows page by page: each once, also where several are of one line of a source at one instant."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.api.native.returns.flows import Place, page_of
from services.api.native.returns.ledger_views import FlowView
from services.api.paging import parse_cursor, to_cursor

FIRST, SECOND = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


def flow(at: datetime, source: str, asset: str, side: str, delta: str) -> FlowView:
    return FlowView(
        at=at,
        source=source,
        account="a",
        asset=asset,
        side=side,
        delta=delta,
        held=delta,
        price=None,
        rate=None,
        value=None,
        reason="no_price",
        transfer="",
        crossed=None,
        moved=None,
        requoted=None,
    )


FLOWS = st.lists(
    st.builds(
        flow,
        st.sampled_from([FIRST, SECOND]),
        st.sampled_from(["s", "t"]),
        st.sampled_from(["eth", "usdc"]),
        st.sampled_from(["asset", "debt"]),
        st.sampled_from(["5", "10"]),
    ),
    max_size=20,
)


def paged(flows: Sequence[FlowView], size: int) -> list[list[FlowView]]:
    """By the text of each cursor, as a caller follows it."""
    pages: list[list[FlowView]] = []
    after: Place | None = None
    while not pages or after is not None:
        page, following = page_of(flows, after, size)
        pages.append(page)
        after = None if following is None else parse_cursor(to_cursor(following), Place)
    return pages


@given(flows=FLOWS, size=st.integers(1, 25))
def test_pages_of_any_size_are_the_whole_list(flows: Sequence[FlowView], size: int) -> None:
    whole, following = page_of(flows, None, 1000)
    assert following is None
    assert sorted(map(repr, whole)) == sorted(map(repr, flows))
    pages = paged(flows, size)
    assert [one for page in pages for one in page] == whole
    assert all(len(page) == size for page in pages[:-1])


def test_a_receipt_and_what_else_there_is_of_its_asset_are_two_flows_on_two_pages() -> None:
    """Both came at one instant: 10 to the wallet and 5 staked."""
    both = [flow(FIRST, "s", "receipt", "asset", "10"), flow(FIRST, "s", "receipt", "asset", "5")]
    assert [[one.delta for one in page] for page in paged(both, 1)] == [["10"], ["5"]]
