"""The command line against a real registry, and its messages when something is wrong."""

import contextlib
import os
import re
import sysconfig
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from holdfast.messaging.connection import connect
from holdfast.messaging.streams import migrate
from holdfast.providers.kit.discovery import discover
from holdfast.registry.keys import derive_credentials
from holdfast.settings import Secret
from holdfast.settings.shared import NatsSettings
from services.cli.app import GROUPS, build_app
from tests.support.commands import Done, holdfast, holdfast_from_nothing, said

WALLET = "eip155:1:0x742d35Cc6634C0532925a3b844Bc454e4438f44e"


@pytest.fixture
async def system(nats_settings: NatsSettings) -> dict[str, str]:
    """The variables of a migrated NATS server."""
    connection = await connect(nats_settings, name="test")
    await migrate(connection.js, sorted(discover()))
    await connection.close()
    return {"HOLDFAST_NATS__URL": nats_settings.url}


async def test_a_tenant_a_wallet_and_a_portfolio_are_registered_and_listed(
    system: dict[str, str], tmp_path: Path
) -> None:
    def run(*words: str) -> Done:
        return holdfast(*words, settings=system, folder=tmp_path)

    created = holdfast_from_nothing("tenant", "create", "acme", "--name", "Acme", settings=system, folder=tmp_path)
    assert created.returncode == 0, created.stderr
    assert run("portfolio", "create", "family").returncode == 0
    added = said(run("account", "add", WALLET, "--source", "evm:wallet:120", "--portfolio", "family", "--json"))
    assert added["sources"] == [
        {"provider": "evm", "feed": "balances", "scope": "wallet", "every_s": 120, "counted": True, "paused": None}
    ]
    (account,) = said(run("account", "list", "--json"))
    assert account["account"] == WALLET, "the spelling that came in is echoed"
    shown = said(run("portfolio", "show", "family", "--json"))
    assert [m["account"] for m in shown["accounts"]] == [WALLET.lower()]
    key = said(run("key", "create", "--portfolio", "family", "--json"))
    assert re.fullmatch(r"hf_[a-z2-7]{16}_[a-z2-7]{52}", key["key"])
    listed = run("key", "list", "--json").stdout
    assert key["key"].rpartition("_")[2] not in listed, "a secret is shown once"
    jobs = said(run("fetch", WALLET, "--json"))
    assert [(job["lane"], job["provider"]) for job in jobs] == [("now", "evm")]
    assert said(run("dead", "list", "--json")) == []


async def test_a_portfolio_says_how_far_its_total_may_move(system: dict[str, str]) -> None:
    assert holdfast("tenant", "create", "acme", settings=system).returncode == 0
    made = said(holdfast("portfolio", "create", "calm", "--jump-ratio", "0.05", "--json", settings=system))
    assert made["jump_ratio"] == "0.05"
    changed = holdfast("portfolio", "jumps", "calm", "0.5", settings=system)
    assert "may move by 0.5 of what it was unseen" in changed.stdout
    assert said(holdfast("portfolio", "jumps", "calm", "--json", settings=system))["jump_ratio"] is None
    refused = holdfast("portfolio", "jumps", "calm", "a fifth", settings=system)
    assert (refused.returncode, "jump_ratio: 'a fifth' is not a number" in refused.stderr) == (1, True), refused.stderr


async def test_what_the_registry_refuses_is_told_with_the_field_and_the_fix(system: dict[str, str]) -> None:
    holdfast("tenant", "create", "acme", settings=system)
    wrong = WALLET.replace("0x742d35Cc", "0x742d35cC")
    done = holdfast("account", "add", wrong, "--source", "evm", settings=system)
    assert done.returncode == 1
    assert "checksum" in done.stderr
    assert "Traceback" not in done.stderr
    done = holdfast("account", "add", WALLET, "--source", "nosuch", settings=system)
    assert done.returncode == 1
    assert "nosuch" in done.stderr
    assert "fix:" in done.stderr
    assert said(holdfast("account", "list", "--json", settings=system)) == []


async def test_an_account_is_not_touched_for_a_portfolio_that_there_is_not(system: dict[str, str]) -> None:
    def run(*words: str) -> Done:
        return holdfast("account", *words, settings=system)

    holdfast("tenant", "create", "acme", settings=system)
    before = said(run("add", WALLET, "--source", "evm:wallet:300", "--source", "okx", "--json"))["sources"]
    refused = run("add", WALLET, "--source", "evm:wallet:5", "--portfolio", "nosuch")
    assert (refused.returncode, "no portfolio 'nosuch'" in refused.stderr) == (1, True), refused.stderr
    assert said(run("add", WALLET, "--json"))["sources"] == before, "without a source it keeps those that it has"


async def test_a_source_that_is_not_named_again_is_told_to_be_dropped(system: dict[str, str]) -> None:
    holdfast("tenant", "create", "acme", settings=system)
    every = said(holdfast("account", "add", WALLET, "--json", settings=system))["sources"]
    assert {source["provider"] for source in every} == {"evm", "okx"}, "every provider that takes it unasked"
    named = holdfast("account", "add", WALLET, "--source", "okx", settings=system)
    assert named.returncode == 0, named.stderr
    told = named.stdout.partition("no longer fetched: ")[2]
    assert "evm/wallet balances" in told
    assert "evm/wallet transfers" in told
    assert "okx" not in told


async def test_the_stack_is_found_in_the_folder_that_the_file_names(system: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "mine" / "live").mkdir(parents=True)
    (tmp_path / "mine" / "live" / "stack.toml").write_text(f'[nats]\nurl = "{system["HOLDFAST_NATS__URL"]}"\n')
    (tmp_path / "holdfast.toml").write_text('[local]\ndata_dir = "mine"\n')
    assert said(holdfast("tenant", "list", "--json", folder=tmp_path)) == []


async def test_who_and_what_there_is_not_is_refused_by_its_name(system: dict[str, str]) -> None:
    holdfast("tenant", "create", "acme", settings=system)
    for words, told in (
        (("portfolio", "create", "family", "--tenant", "nosuch"), "there is no tenant 'nosuch'"),
        (("key", "dialect", "nosuch", "okx"), "there is no live key 'nosuch'"),
        (("key", "revoke", "nosuch"), "tenant 'acme' has no key 'nosuch'"),
    ):
        done = holdfast(*words, settings=system)
        assert (done.returncode, told in done.stderr) == (1, True), done.stderr
        assert "fix:" in done.stderr
    nothing = holdfast("dead", "replay", settings=system)
    assert (nothing.returncode, "name at least one letter" in nothing.stderr) == (2, True), nothing.stderr


async def test_a_signing_client_is_configured_by_a_live_key(system: dict[str, str]) -> None:
    settings = {**system, "HOLDFAST_API__MASTER_KEY": "m" * 32}
    holdfast("tenant", "create", "acme", settings=settings)
    key = said(holdfast("key", "create", "--json", settings=settings))["id"]
    derived = derive_credentials(Secret("m" * 32), key, dialect="okx")
    shown = said(holdfast("key", "dialect", key, "okx", "--json", settings=settings))
    assert shown == {"key": key, "secret": derived.secret.reveal(), "passphrase": derived.passphrase.reveal()}
    holdfast("key", "revoke", key, settings=settings)
    assert "no live key" in holdfast("key", "dialect", key, "okx", settings=settings).stderr


def test_what_there_is_not_to_watch_is_refused_with_what_there_is() -> None:
    done = holdfast("watch", "balances")
    assert done.returncode == 1
    assert "there is no 'balances' to watch" in done.stderr
    assert "There are: balances.observed, " in done.stderr


def test_an_unreachable_server_is_one_line_and_exit_code_69(tmp_path: Path) -> None:
    away = {"HOLDFAST_NATS__URL": "nats://127.0.0.1:1"}
    done = holdfast_from_nothing("tenant", "list", settings=away, folder=tmp_path)
    assert done.returncode == 69
    assert "cannot reach NATS at nats://127.0.0.1:1" in done.stderr
    assert "fix:" in done.stderr


def test_config_show_hides_every_secret(tmp_path: Path) -> None:
    (tmp_path / "holdfast.toml").write_text('[providers.acme]\napi_key = "k3y-in-file"\nregion = "eu"\n')
    password = {"HOLDFAST_NATS__PASSWORD": "pa55word"}
    done = holdfast("config", "show", "--json", settings=password, folder=tmp_path)
    assert said(done) == {"providers": {"acme": {"api_key": "***", "region": "eu"}}, "nats": {"password": "***"}}


@pytest.mark.parametrize("name", [name for commands in GROUPS.values() for name in commands])
def test_every_command_loads_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        build_app()([name, "--help"])
    assert f"Usage: holdfast {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for commands in GROUPS.values() for name in commands])
def test_every_word_of_every_command_is_explained_in_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of the frames begin with a word's name; what says no more than its default or that it is needed is bare."""
    group = build_app()[name]
    for words in [[name, one] for one in group if not one.startswith("-")] or [[name]]:
        with contextlib.suppress(SystemExit):
            build_app()([*words, "--help"], console=Console(width=300))
        rows = re.findall(r"^│ (?:\* )?\s*((?:[A-Z-]+ )?(?:--)?\w.*?)\s*│$", capsys.readouterr().out, re.MULTILINE)
        meant = {row: re.sub(r"^\S+( --\S+)*( STR\S*| INT\S*)*|\[[^]]*\]", "", row).strip() for row in rows}
        assert [row for row, meaning in meant.items() if not meaning] == [], words
        assert not any("--empty-" in row for row in rows), words


def test_the_command_is_declared_once_and_installed(tmp_path: Path) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {"holdfast": "holdfast.__main__:main"}
    installed = (str(Path(sysconfig.get_path("scripts")) / "holdfast"),)
    done = holdfast_from_nothing("config", "show", "--json", folder=tmp_path, entry=installed)
    assert said(done) == {}
    wrong = holdfast_from_nothing("nosuch", folder=tmp_path, entry=installed)
    assert (wrong.returncode, wrong.stdout) == (2, ""), wrong.stderr


def test_it_ends_quietly_when_nobody_reads_any_more(tmp_path: Path) -> None:
    """As under `| head`."""
    reading, writing = os.pipe()
    os.close(reading)
    settings = {"HOLDFAST_NATS__URL": "nats://127.0.0.1:1"}
    done = holdfast_from_nothing("config", "show", settings=settings, folder=tmp_path, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


async def test_rules_are_sets_that_can_be_looked_at_and_gone_back_to(system: dict[str, str]) -> None:
    def run(*words: str) -> Done:
        return holdfast("rules", *words, settings=system)

    spam = "eip155:1/erc20:0x" + "5" * 40
    holdfast("tenant", "create", "acme", settings=system)
    assert "rule set 1 of acme holds, 1 rules" in run("exclude", spam, "--why", "airdrop").stdout
    assert "rule set 2 of acme holds, 1 rules" in run("keep", spam).stdout
    assert "rule set 3 of acme holds, 0 rules" in run("drop", spam).stdout
    assert "rule set 4 of acme holds, 1 rules" in run("use", "1").stdout
    sets = said(run("list", "--json"))
    assert [(one["number"], one["rules"]) for one in sets] == [(1, 1), (2, 1), (3, 0), (4, 1)]
    shown = said(run("show", "--json"))
    assert shown["rules"] == [{"asset": spam, "action": "exclude", "portfolio": None, "why": "airdrop"}]
    assert run("drop", "eip155:1/slip44:60").returncode == 1
    assert "no rule set 9" in run("use", "9").stderr


async def test_a_tenants_access_is_given_anew_without_another_password(system: dict[str, str]) -> None:
    holdfast("tenant", "create", "acme", settings=system)
    first = holdfast("tenant", "access", "acme", settings=system)
    assert re.fullmatch(r"analyst-acme: \S{32}\n", first.stderr)
    again = holdfast("tenant", "access", "acme", "--grants-only", settings=system)
    assert (again.returncode, again.stderr) == (0, "")
    assert first.stdout.startswith(again.stdout)
    assert "GRANT SELECT ON holdfast.portfolio_value TO `tenant_acme`;\n" in again.stdout
    assert "USER" not in again.stdout
    unknown = holdfast("tenant", "access", "nobody", "--grants-only", settings=system)
    assert (unknown.returncode, unknown.stdout) == (1, "")
