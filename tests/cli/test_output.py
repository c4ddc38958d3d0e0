"""What commands show of names that others chose."""

import pytest

from services.cli.output import done, show

HOSTILE = "[/] [red]GIFT[/red] \\[b]"


def test_a_name_is_shown_as_it_is_whatever_brackets_are_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"symbol": HOSTILE, "lines": 1}], ["symbol", "lines"], as_json=False)
    done(HOSTILE)
    assert capsys.readouterr().out.count(HOSTILE) == 2
