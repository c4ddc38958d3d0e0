"""`holdfast feed`: what is fetched of nobody's account, registered against a real registry."""

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.settings.shared import NatsSettings
from tests.support.commands import Done, holdfast, said

Feed = Callable[..., Done]


@pytest.fixture
async def migrated(nats_settings: NatsSettings) -> NatsSettings:
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, ["ecb", "okx"])
    await connection.close()
    return nats_settings


@pytest.fixture
def feed(migrated: NatsSettings, tmp_path: Path) -> Feed:
    """Runs `holdfast feed WORDS`."""
    return lambda *words: holdfast("feed", *words, settings={"HOLDFAST_NATS__URL": migrated.url}, folder=tmp_path)


def test_a_feed_is_added_listed_changed_and_removed(feed: Feed) -> None:
    added = said(feed("add", "ecb", "prices", "--scope", "hist-90d", "--json"))
    assert (added["tenant"], added["target"], added["every_s"]) == ("public", "*", 3600)
    assert feed("add", "ecb", "prices", "--scope", "hist-90d", "--every", "86400").returncode == 0
    assert said(feed("list", "--json")) == [
        {"provider": "ecb", "feed": "prices", "target": "*", "scope": "hist-90d", "every_s": 86400,
         "tenant": "public", "paused": None}
    ]  # fmt: skip
    assert feed("resume", "ecb", "prices", "--scope", "hist-90d").returncode == 0
    assert feed("remove", "ecb", "prices", "--scope", "hist-90d").returncode == 0
    assert said(feed("list", "--json")) == []


@pytest.mark.parametrize(
    "words",
    [("add", "ecb", "prices", "--scope", "hist"), ("add", "ecb", "clusters"), ("add", "nosuch", "prices"),
     ("add", "evm", "balances"), ("remove", "ecb", "prices"), ("resume", "ecb", "prices")],
)  # fmt: skip
def test_a_feed_that_there_is_not_is_refused_with_the_fix(feed: Feed, words: tuple[str, ...]) -> None:
    refused = feed(*words)
    assert refused.returncode == 1
    assert "fix:" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_token_whose_holders_are_to_be_watched_is_added_as_it_is_spelled_canonically(feed: Feed) -> None:
    token = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
    refused = feed("add", "okx", "clusters", token.replace("a0b8", "A0b8"))
    assert (refused.returncode, f"Write {token}" in refused.stderr) == (1, True)
    assert feed("add", "okx", "clusters", token, "--every", "900").returncode == 0
    [watch] = said(feed("list", "--json"))
    assert (watch["target"], watch["every_s"], watch["tenant"]) == (token, 900, "public")
