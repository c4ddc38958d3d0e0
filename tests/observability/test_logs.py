"""Logs hide what is secret, by the name of its field and wherever its text turns up."""

import json
import subprocess
import sys

import pytest

from holdfast.observability import logs

PROGRAM = """
import logging
from holdfast.observability import logs
logs.configure(service="worker", format="json")
logs.hide("s3cr3t-text")
log = logs.logger("test")
with logs.bound(job="j1", account="eip155:1:0xabc"):
    log.info("asked", api_key="k3y", url="https://user:pa55@node.example/s3cr3t-text", rows=3)
    logging.getLogger("somebody").warning("Authorization: Bearer abcdef")
    try:
        raise ValueError("token s3cr3t-text")
    except ValueError:
        log.exception("failed")
"""


@pytest.fixture(scope="module")
def printed() -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "", "standard output belongs to the command"
    return done.stderr


def test_each_line_is_json_with_the_ids_that_were_bound(printed: str) -> None:
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["event"] for line in lines] == ["asked", "Authorization: Bearer ***", "failed"]
    for line in lines:
        assert (line["service"], line["job"], line["account"]) == ("worker", "j1", "eip155:1:0xabc")
    assert lines[0]["rows"] == 3


def test_no_secret_is_printed_whatever_carried_it(printed: str) -> None:
    for secret in ("k3y", "pa55", "s3cr3t-text", "abcdef"):
        assert secret not in printed


def test_a_host_and_its_port_are_not_taken_for_a_password() -> None:
    assert logs.redacted("listening on http://0.0.0.0:8080 for nats://127.0.0.1:4222") == (
        "listening on http://0.0.0.0:8080 for nats://127.0.0.1:4222"
    )


def test_a_logger_outlives_a_standard_error_that_is_replaced() -> None:
    program = """
import io, sys
from holdfast.observability import logs
real, sys.stderr = sys.stderr, io.StringIO()
logs.configure(service="worker", format="json")
log = logs.logger("test")
log.info("into the first")
sys.stderr.close()
sys.stderr = real
log.error("into the second")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["into the second"]
