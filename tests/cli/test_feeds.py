"""`holdfast feed`: what is fetched of nobody's account, registered against a real registry."""

import json
from collections.abc import Callable

import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings
from services.cli.app import main

Feed = Callable[..., tuple[int, str, str]]


@pytest.fixture
async def migrated(nats_settings: NatsSettings) -> NatsSettings:
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, ["ecb", "okx"])
    await connection.close()
    return nats_settings


@pytest.fixture
def feed(migrated: NatsSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Feed:
    """Runs `holdfast feed WORDS` in this process: its exit code, and what it said on both streams."""
    monkeypatch.setenv("HOLDFAST_NATS__URL", migrated.url)

    def run(*words: str) -> tuple[int, str, str]:
        code: object = 0
        try:
            main(["feed", *words])
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        return int(str(code or 0)), said.out, said.err

    return run


def test_a_feed_is_added_listed_changed_and_removed(feed: Feed) -> None:
    _, said, _ = feed("add", "ecb", "prices", "--scope", "hist-90d", "--json")
    added = json.loads(said)
    assert (added["tenant"], added["target"], added["every_s"]) == ("public", "*", 3600)
    assert feed("add", "ecb", "prices", "--scope", "hist-90d", "--every", "86400")[0] == 0
    assert json.loads(feed("list", "--json")[1]) == [
        {"provider": "ecb", "feed": "prices", "target": "*", "scope": "hist-90d", "every_s": 86400,
         "tenant": "public", "paused": None}
    ]  # fmt: skip
    assert feed("resume", "ecb", "prices", "--scope", "hist-90d")[0] == 0
    assert feed("remove", "ecb", "prices", "--scope", "hist-90d")[0] == 0
    assert json.loads(feed("list", "--json")[1]) == []


@pytest.mark.parametrize(
    "words",
    [("add", "ecb", "prices", "--scope", "hist"), ("add", "ecb", "clusters"), ("add", "nosuch", "prices"),
     ("add", "evm", "balances"), ("remove", "ecb", "prices"), ("resume", "ecb", "prices")],
)  # fmt: skip
def test_a_feed_that_there_is_not_is_refused_with_the_fix(feed: Feed, words: tuple[str, ...]) -> None:
    code, _, said = feed(*words)
    assert code == 1
    assert "fix:" in said
    assert "Traceback" not in said


def test_a_token_whose_holders_are_to_be_watched_is_added_as_it_is_spelled_canonically(feed: Feed) -> None:
    token = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
    code, _, said = feed("add", "okx", "clusters", token.replace("a0b8", "A0b8"))
    assert (code, f"Write {token}" in said) == (1, True)
    assert feed("add", "okx", "clusters", token, "--every", "900")[0] == 0
    [watch] = json.loads(feed("list", "--json")[1])
    assert (watch["target"], watch["every_s"], watch["tenant"]) == (token, 900, "public")
