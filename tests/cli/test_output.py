"""What commands show of names that others chose."""

import contextlib
import io

import pytest

from services.cli.output import PipedConsole, done, show

HOSTILE = "[/] [red]GIFT[/red] \\[b]"


def test_a_name_is_shown_as_it_is_whatever_brackets_are_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"symbol": HOSTILE, "lines": 1}], ["symbol", "lines"], as_json=False)
    done(HOSTILE)
    assert capsys.readouterr().out.count(HOSTILE) == 2


def test_into_a_pipe_no_figure_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    figures = [f"{n}" * 60 for n in range(1, 6)]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        PipedConsole().print(" ".join(figures), highlight=False)
    assert said.getvalue() == " ".join(figures) + "\n"
