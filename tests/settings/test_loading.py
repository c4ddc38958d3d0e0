"""Settings: where a value comes from, and that everything wrong is told at once."""

from pathlib import Path
from typing import Literal

import pytest
from msgspec import Struct

from holdfast.providers.kit.discovery import discover
from holdfast.settings import Secret, SettingsError, read_configuration
from holdfast.settings.loading import SECTIONS
from holdfast.settings.shared import HealthSettings, LogSettings, NatsSettings, PriceSettings
from tests.support import env_example


class Branch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Secret
    depth: int = 1


class Part(Struct, frozen=True, kw_only=True):
    url: str
    retries: int = 3
    password: Secret = Secret("")
    health: HealthSettings = HealthSettings(port=9101)
    branches: dict[str, Branch] = {}
    mode: Literal["fast", "slow"] = "fast"


def problems(caught: pytest.ExceptionInfo[SettingsError]) -> dict[str, str]:
    return {problem.setting: problem.message for problem in caught.value.problems}


def test_the_environment_overrides_the_file_and_the_file_overrides_what_lies_beneath(tmp_path: Path) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text('[part]\nurl = "from the file"\nretries = 5\n')
    beneath = {"part": {"url": "beneath", "password": "beneath"}}
    read = read_configuration({"HOLDFAST_PART__RETRIES": "7"}, file, beneath=beneath).section("part", Part)
    assert (read.url, read.retries, read.password.reveal()) == ("from the file", 7, "beneath")
    assert beneath == {"part": {"url": "beneath", "password": "beneath"}}, "what lies beneath is not changed"


def test_a_secret_may_be_a_file_and_loses_only_its_last_line_break(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("two\nlines\n")
    environment = {"HOLDFAST_PART__URL": "u", "HOLDFAST_PART__PASSWORD_FILE": str(tmp_path / "password")}
    assert read_configuration(environment, beneath={}).section("part", Part).password.reveal() == "two\nlines"


def test_every_problem_is_told_at_once_with_the_name_to_set() -> None:
    environment = {"HOLDFAST_PART__RETRIES": "many", "HOLDFAST_PART__COLOUR": "blue"}
    with pytest.raises(SettingsError) as caught:
        read_configuration(environment, beneath={}).section("part", Part)
    told = problems(caught)
    assert told.keys() == {"part.url", "part.retries", "part.colour"}
    assert "HOLDFAST_PART__URL" in told["part.url"]
    assert "known here: branches, health, mode, password, retries, url" in told["part.colour"]


def test_a_nested_table_keeps_the_rest_of_its_fields_default() -> None:
    environment = {"HOLDFAST_PART__URL": "u", "HOLDFAST_PART__HEALTH__HOST": "0.0.0.0"}  # noqa: S104
    health = read_configuration(environment, beneath={}).section("part", Part).health
    assert (health.host, health.port) == ("0.0.0.0", 9101)  # noqa: S104


def test_what_is_wrong_in_nested_tables_is_told_by_its_own_name() -> None:
    environment = {
        "HOLDFAST_PART__URL": "u",
        "HOLDFAST_PART__HEALTH__PROT": "1",
        "HOLDFAST_PART__HEALTH__PORT": "http",
        "HOLDFAST_PART__BRANCHES__1__DEPHT": "2",
        "HOLDFAST_PART__BRANCHES__1__KEY": "k",
        "HOLDFAST_PART__BRANCHES__2__DEPTH": "deep",
    }
    with pytest.raises(SettingsError) as caught:
        read_configuration(environment, beneath={}).section("part", Part)
    told = problems(caught)
    assert told.keys() == {
        "part.health.prot", "part.health.port", "part.branches.1.depht", "part.branches.2.depth", "part.branches.2.key",
    }  # fmt: skip
    assert "known here: host, port" in told["part.health.prot"]
    assert "HOLDFAST_PART__HEALTH__PORT" in told["part.health.port"]
    assert "known here: depth, key" in told["part.branches.1.depht"]
    assert "HOLDFAST_PART__BRANCHES__2__KEY" in told["part.branches.2.key"]


def test_a_value_of_a_few_is_refused_with_all_of_them() -> None:
    environment = {"HOLDFAST_PART__URL": "u", "HOLDFAST_PART__MODE": "soon"}
    with pytest.raises(SettingsError, match=r"part\.mode: .*'soon'; one of fast, slow \(set HOLDFAST_PART__MODE\)"):
        read_configuration(environment, beneath={}).section("part", Part)


def test_a_section_with_a_slip_in_its_name_is_told_whatever_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text('[nast]\nurl = "nats://elsewhere:4222"\n')
    with pytest.raises(SettingsError) as caught:
        read_configuration({"HOLDFAST_LGO__LEVEL": "debug"}, file).section("log", LogSettings)
    told = problems(caught)
    assert told.keys() == {"nast", "lgo"}
    assert "there are aggregator, api, clickhouse, embedded, local, log, nats, prices, providers" in told["nast"]


def test_the_sections_are_those_of_the_example_and_the_providers() -> None:
    assert {*env_example.SECTIONS, "providers"} == SECTIONS


def test_a_file_that_cannot_be_read_or_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"HOLDFAST_CONFIG: cannot read .*nowhere\.toml"):
        read_configuration({"HOLDFAST_CONFIG": str(tmp_path / "nowhere.toml")})
    broken = tmp_path / "broken.toml"
    broken.write_text("[part\n")
    with pytest.raises(SettingsError, match=r"broken\.toml: not valid TOML"):
        read_configuration({}, broken)
    with pytest.raises(SettingsError, match="HOLDFAST_PART__URL_FILE: cannot read"):
        read_configuration({"HOLDFAST_PART__URL_FILE": str(tmp_path / "gone")}, beneath={})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"HOLDFAST_PART__URL_FILE: cannot read .*binary: it is not text"):
        read_configuration({"HOLDFAST_PART__URL_FILE": str(tmp_path / "binary")}, beneath={})


def test_a_value_where_a_table_is_expected_is_told() -> None:
    with pytest.raises(SettingsError, match="part: expected a table"):
        read_configuration({}, beneath={"part": 1}).section("part", Part)
    with pytest.raises(SettingsError, match=r"nats: expected a table, as \[nats\]"):
        read_configuration({}, beneath={"nats": 1}).section("log", LogSettings)


def test_a_variable_that_steps_into_a_value_is_told() -> None:
    environment = {"HOLDFAST_PART": "ignored", "HOLDFAST_PART__URL__DEEP": "x"}
    with pytest.raises(SettingsError, match="url is a value, not a table"):
        read_configuration(environment, beneath={"part": {"url": "u"}})


def test_sections_and_providers_are_found_by_name() -> None:
    configuration = read_configuration({"HOLDFAST_PROVIDERS__ACME__KEY": "k"}, beneath={})
    assert configuration.tables("providers") == ["acme"]
    assert configuration.section("nats", NatsSettings).url == "nats://127.0.0.1:4222"
    assert configuration.secret("providers.acme.key").reveal() == "k"
    assert not configuration.secret("api.master_key")


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert not Secret("")


@pytest.mark.parametrize("written", ['sources = ["ecb", "coingecko"]', 'sources = "ecb, coingecko"'])
def test_sources_of_prices_are_a_list_or_one_text(tmp_path: Path, written: str) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text(f"[prices]\n{written}\n")
    assert read_configuration({}, file).section("prices", PriceSettings).ranking == ("ecb", "coingecko")
    named = read_configuration({"HOLDFAST_PRICES__SOURCES": "ecb"}, file).section("prices", PriceSettings)
    assert named.ranking == ("ecb",)
    none = read_configuration({"HOLDFAST_PRICES__SOURCES": ""}, file).section("prices", PriceSettings)
    assert none.ranking == ()


@pytest.mark.parametrize("written", ['["ecb","coingecko"]', "['ecb']", '"ecb,coingecko"', "ecb coingecko", "ecb;csv"])
def test_a_list_of_sources_in_the_environment_is_refused_with_what_to_write(written: str) -> None:
    configuration = read_configuration({"HOLDFAST_PRICES__SOURCES": written}, beneath={})
    with pytest.raises(SettingsError, match=r"^prices: sources: .*HOLDFAST_PRICES__SOURCES.* as first,second"):
        configuration.section("prices", PriceSettings)


def test_two_sources_in_one_entry_of_a_list_are_refused() -> None:
    with pytest.raises(SettingsError, match="'ecb,coingecko' is no name of a price feed"):
        read_configuration({}, beneath={"prices": {"sources": ["ecb,coingecko"]}}).section("prices", PriceSettings)


def test_whatever_a_source_may_be_called_can_be_ranked() -> None:
    """Providers, rates worked out from others, the names of `[providers.prices]`, and what rows call themselves."""
    in_text = [*discover(), "ecb-cross", "csv", "http", "Bloomberg", "prices.example", "desk_2"]
    named = read_configuration({"HOLDFAST_PRICES__SOURCES": ", ".join(in_text)}, beneath={})
    assert named.section("prices", PriceSettings).ranking == tuple(in_text)
    in_list = [*in_text, "O'Brien & Co", "Börse Wien [EOD]"]
    listed = read_configuration({}, beneath={"prices": {"sources": in_list}})
    assert listed.section("prices", PriceSettings).ranking == tuple(in_list)


def test_what_a_section_refuses_as_a_whole_is_told_beside_what_it_does_not_know() -> None:
    tree = {"prices": {"sources": "[ecb]", "order": "x"}}
    with pytest.raises(SettingsError) as caught:
        read_configuration({}, beneath=tree).section("prices", PriceSettings)
    assert problems(caught).keys() == {"prices", "prices.order"}
