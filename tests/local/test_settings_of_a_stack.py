"""What stops a stack before it starts: each is one message that names the setting."""

import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from holdfast.settings import SettingsError
from services.local.directory import Credentials, DataDirectory
from services.local.ports import free_port
from services.local.settings import LocalSettings
from services.local.stack import Stack, choose_ports

FREE = LocalSettings(nats_port=0, clickhouse_port=0, api_port=0, simulator_port=0)


def test_every_taken_port_is_named_by_its_setting_at_once() -> None:
    with socket.socket() as api, socket.socket() as nats:
        for one in (api, nats):
            one.bind(("127.0.0.1", 0))
            one.listen()
        settings = LocalSettings(
            nats_port=nats.getsockname()[1], clickhouse_port=0, api_port=api.getsockname()[1], simulator_port=0
        )
        with pytest.raises(SettingsError) as caught:
            choose_ports(settings)
    named = {problem.setting for problem in caught.value.problems}
    assert named == {"local.nats_port", "local.api_port"}
    assert "HOLDFAST_LOCAL__API_PORT" in str(caught.value)


def test_free_ports_are_all_different() -> None:
    ports = choose_ports(FREE)
    numbers = [ports.nats, ports.nats_monitor, ports.clickhouse, ports.api, ports.simulator, ports.scheduler]
    assert len(set(numbers)) == len(numbers)


def test_a_free_port_is_none_that_a_system_gives_to_outgoing_connections() -> None:
    """Linux gives those from 32768 on, others from 49152 on."""
    assert all(1024 < port < 32_768 for port in (free_port() for _ in range(50)))


def test_a_port_that_is_taken_is_not_called_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free = free_port()
        assert free_port(iter([taken.getsockname()[1], free])) == free


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    with pytest.raises(SettingsError, match=r"local\.data_dir: cannot use"):
        DataDirectory(blocked / "data").take()


def test_a_second_stack_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    first.take()
    with pytest.raises(SettingsError, match="another `holdfast up` is running"):
        DataDirectory(tmp_path).take()


def test_credentials_are_made_once_kept_and_private(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path).credentials()
    assert DataDirectory(tmp_path).credentials() == first
    assert (tmp_path / "credentials.toml").stat().st_mode & 0o077 == 0
    assert len({first.nats_password, first.clickhouse_password, first.analyst_password, first.master_key}) == 4


def test_only_the_worker_sees_the_providers_secrets(tmp_path: Path) -> None:
    outer = {"HOLDFAST_PROVIDERS__ACME__API_KEY": "s3cret", "PATH": os.environ["PATH"]}
    credentials = Credentials(nats_password="n", clickhouse_password="c", analyst_password="a", master_key="m" * 32)
    stack = Stack(folder=tmp_path, ports=choose_ports(FREE), credentials=credentials, environment=outer)
    (worker,) = stack.workers({})
    assert worker.environment["HOLDFAST_PROVIDERS__ACME__API_KEY"] == "s3cret"
    for spec in (
        stack.scheduler(),
        stack.aggregator(),
        stack.api(),
        stack.clickhouse(),
        stack.nats(),
        stack.simulator({}),
    ):
        assert "s3cret" not in spec.environment.values(), spec.name
    for spec in (stack.scheduler(), worker, stack.simulator({})):
        assert "HOLDFAST_CLICKHOUSE__PASSWORD" not in spec.environment, spec.name


def test_the_connections_file_is_toml_that_the_command_line_reads(tmp_path: Path) -> None:
    credentials = Credentials(nats_password="n", clickhouse_password="c", analyst_password="a", master_key="m" * 32)
    ports = choose_ports(FREE)
    stack = Stack(folder=tmp_path, ports=ports, credentials=credentials, environment={})
    read = tomllib.loads(stack.connections())
    assert read["nats"] == {"url": f"nats://127.0.0.1:{ports.nats}", "user": "holdfast", "password": "n"}
    assert read["clickhouse"]["url"] == f"http://127.0.0.1:{ports.clickhouse}"


def test_a_bad_setting_is_one_clear_message_and_exit_code_78(tmp_path: Path) -> None:
    environment = {**os.environ, "HOLDFAST_LOCAL__API_PORT": "http", "HOLDFAST_LOCAL__COLOUR": "blue"}
    done = subprocess.run(
        [sys.executable, "-m", "services.local", "--demo"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 78
    assert "local.api_port" in done.stderr
    assert "local.colour: no such setting" in done.stderr
    assert "Traceback" not in done.stderr
