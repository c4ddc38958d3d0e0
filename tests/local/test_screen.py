"""What a person sees of a running stack: whole figures and keys, however narrow the window."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from services.local.screen import PortfolioLine, Screen

KEY = "hf_" + "k" * 69
FACTS = {"API": "http://127.0.0.1:8080/v1   (OpenAPI: http://127.0.0.1:8080/v1/openapi.json)", "API key": KEY}


def line(**said: object) -> PortfolioLine:
    at = datetime.now(UTC).isoformat()
    told = {"id": "treasury", "name": "Treasury", "net": "2312509.519", "assets": "2338103.7", "debt": "25594.26"}
    return PortfolioLine(**{**told, "unpriced": 17, "as_of": at, **said})  # type: ignore[arg-type]


def shown(width: int, *portfolios: PortfolioLine) -> str:
    file = io.StringIO()
    Screen(Console(file=file, width=width)).running(FACTS, portfolios)
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_neither_a_key_nor_a_figure_is_cut(width: int) -> None:
    said = shown(width, line(), line(id="tokenised", as_of=(datetime.now(UTC) - timedelta(minutes=37)).isoformat()))
    assert "…" not in said
    assert KEY in said, "in one piece, so that it can be copied"
    assert FACTS["API"] in said
    if width >= 80:
        assert said.count("2,312,509.51") == said.count("2,338,103.70") == 2
        assert "tokenised" in said
        assert "37 min ago" in said


def test_a_frame_is_drawn_where_all_fits_it() -> None:
    assert "Holdfast is running" in shown(140)
    assert "Holdfast is running" not in shown(80)


def test_without_portfolios_there_is_no_empty_table() -> None:
    assert "net USD" not in shown(140)
    assert "net USD" in shown(140, line())


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=451), "451 s ago"),
        (timedelta(minutes=20), "20 min ago"),
        (timedelta(hours=30), "30 h ago"),
    ],
)
def test_an_age_is_in_the_unit_of_its_size(age: timedelta, told: str) -> None:
    assert told in shown(140, line(as_of=(datetime.now(UTC) - age).isoformat()))


def test_what_is_older_than_two_days_has_its_day_and_what_was_never_seen_is_unknown() -> None:
    said = shown(140, line(as_of="2026-01-31T00:00:00Z"), line(id="new", net=None, as_of=None))
    assert "2026-01-31 │" in said
    assert "unknown" in said
    assert "never" in said
