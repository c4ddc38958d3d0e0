"""The demo as the README has it: each cell of its table of systems, run as printed, and history from the start."""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from holdfast.registry.keys import derive_credentials
from holdfast.settings import Secret
from services.local.directory import DataDirectory
from services.local.registering import opened
from services.local.running import Running
from services.local.selftest import FREE_PORTS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SECTION = (
    (ROOT / "README.md").read_text(encoding="utf-8").partition("### The same numbers three ways")[2].partition("\n#")[0]
)
PRELUDE = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)[0]
ROWS = {
    cells[1].strip(): [re.findall(r"`(.*)`", cell)[0] for cell in cells[2:5]]
    for cells in (row.split("|") for row in SECTION.splitlines() if row.startswith("| "))
    if "`" in cells[2]
}
SYSTEMS = ("OKX DeFi", "OKX clusters", "Bitpanda", "DALP", "Credmark")
DEADLINE_S = 90
AGAIN_S = 0.5  # each question costs the machine as much as what is waited for


class Shell:
    """bash with the README's own prelude; only addresses and keys are this stack's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}
        functions = [line for line in PRELUDE.splitlines() if not re.match(r"API=|KEY=|CUSTODY_KEY=|holdfast ", line)]
        self._prelude = "\n".join([f'holdfast() {{ {sys.executable} -m holdfast "$@"; }}', *functions])

    async def run(self, command: str) -> str:
        child = await asyncio.create_subprocess_exec(
            "bash", "-c", f"{self._prelude}\n{command}", env=self._environment, cwd=ROOT,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await child.communicate()
        return said.decode()

    async def until(self, command: str, looks_right: str) -> str:
        """What it says once that is in it; the demo has only just begun to fetch."""
        said = ""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not re.search(looks_right, said := await self.run(command)):
                    await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            pytest.fail(f"{command}\nsays\n{said[:2000]}\nwithout {looks_right}")
        return said


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shell(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shell]:
    for tool in ("bash", "curl", "openssl"):
        assert shutil.which(tool), f"the README's commands need {tool}"
    folder = tmp_path_factory.mktemp("demo")
    # Until the past is there the whole demo works, so it is not waited for as long as on a first start.
    parts = {
        "HOLDFAST_SCHEDULER__BACKFILL_DAYS": "1",
        "HOLDFAST_SCHEDULER__BACKFILL_AFTER_S": "0",
    }
    running = Running(FREE_PORTS, DataDirectory(folder), lambda *_: None, simulate={}, settings_of_parts=parts)
    try:
        await running.start()
        async with opened(running.nats_settings, name="test-readme") as store:
            keys = {
                name: (await store.create_key("demo", portfolio=name))[1].reveal()
                for name in ("custody", "tokenised", "group")
            }
        okx = derive_credentials(Secret(running.credentials.master_key), keys["group"].split("_")[1], dialect="okx")
        yield Shell(
            {
                "API": running.api_url,
                "SQL": f"http://127.0.0.1:{running.ports.clickhouse}/?database=holdfast",
                "KEY": running.credentials.api_key,
                "PASSWORD": running.credentials.analyst_password,
                "HOLDFAST_CONFIG": str(folder / "stack.toml"),
                "KEY_ID": okx.key,
                "SECRET": okx.secret.reveal(),
                "PASSPHRASE": okx.passphrase.reveal(),
                **{f"{name.upper()}_KEY": key for name, key in keys.items()},
            }
        )
    finally:
        await running.stop()


async def test_the_table_has_every_system() -> None:
    assert tuple(ROWS) == SYSTEMS


@pytest.mark.parametrize("system", SYSTEMS)
async def test_what_is_followed_is_answered_about_in_the_systems_own_words_and_in_sql(
    system: str, shell: Shell
) -> None:
    followed, asked, in_sql = ROWS[system]
    await shell.until(followed, r'"sources":\[\{"provider"|"feed":"clusters"')
    answer = json.loads(await shell.until(asked, ANSWERS[system]))
    assert "error" not in answer
    assert "errors" not in answer
    rows = await shell.until(in_sql, r"(?m)^1\. │ .*\d")
    assert "Exception" not in rows


ANSWERS = {
    "OKX DeFi": r'"currencyAmount":"-?\d',
    "OKX clusters": r'"holdingAmount":"\d',
    "Bitpanda": r'"total":\s*\{"value":\s*"\d',
    "DALP": r'"totalValue":"\d',
    "Credmark": r'"totalReturn":-?\d',
}


async def test_the_past_is_there_on_the_first_start_with_values_and_without_failures(shell: Shell) -> None:
    past = "observed_at < now() - INTERVAL 2 HOUR"
    await shell.until(
        f'sql "SELECT groupUniqArray(provider) AS found FROM (SELECT provider FROM snapshots WHERE {past} '
        "GROUP BY provider HAVING uniqExact(observed_at) > 15) WHERE provider IN ('bitpanda', 'credmark', 'evm') "
        'HAVING length(found) = 3"',
        r"(?m)^1\. ",
    )
    await shell.until(
        f"sql \"SELECT count() FROM reported_totals WHERE provider = 'dalp' AND {past} HAVING count() > 15\"",
        r"(?m)^1\. ",
    )
    await shell.until(
        'sql "SELECT count() AS lines, countIf(isNull(value_usd)) AS unvalued FROM balances FINAL '
        f"WHERE source LIKE 'demo/evm/%' AND {past} AND isNotNull(amount) AND asset IN (SELECT asset FROM prices) "
        'HAVING lines > 100 AND unvalued = 0"',
        r"(?m)^1\. ",
    )
    failures = await shell.run(
        "sql \"SELECT provider, error, message FROM fetches WHERE isNotNull(window_start) AND outcome != 'finished'\""
    )
    assert failures == "", "a past that there is not was not asked for"
