"""The whole stack against the simulated world's own truth, as `holdfast selftest --json` runs it."""

import json
import subprocess
import sys


def test_the_selftest_finds_every_number_equal_to_the_worlds_truth() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "holdfast", "selftest", "--json"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["ok"] is True
    assert {portfolio["id"] for portfolio in verdict["portfolios"]} >= {"treasury", "trading", "group", "savings"}
    for portfolio in verdict["portfolios"]:
        assert portfolio["expected"] == portfolio["actual"]
        assert float(portfolio["expected"]) > 0, "an empty world would prove nothing"
    assert verdict["balances"] > verdict["snapshots"] > 0
    for name in ("okx_defi", "okx_clusters", "bitpanda", "dalp", "credmark"):
        system = verdict["systems"][name]
        assert (system["fetched"], system["served"], system["round_trip"]) == (True, True, True), (name, system)
        assert system["differences"] == []
