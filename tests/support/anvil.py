"""A real EVM node for tests: anvil, from its npm package.

The binary is installed once into `build/anvil` of the checkout (outside git) and started on a free
port. Where it cannot be installed, tests that need it fail with the reason: they are never skipped.
"""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from services.local.ports import free_port
from tests.support.children import Child

PACKAGE = "@foundry-rs/anvil@1.7.1"
FOLDER = Path(__file__).parents[2] / "build" / "anvil"


class AnvilUnavailableError(Exception):
    """No node can be had here; the message says why."""


class Anvil:
    """A running chain, and the cheats that put code and balances on it."""

    def __init__(self, folder: Path, *, chain_id: int = 31337) -> None:
        self.chain_id = chain_id
        self._holds_blocks = False
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [str(find_anvil()), "--port", str(port), "--chain-id", str(chain_id), "--timestamp", "1760000000"]
        self._child = Child(command, log=folder / "anvil.log")
        self._child.wait_until(self._answers, what="anvil")

    def stop(self) -> None:
        self._child.stop()

    def ask(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"content-type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def put_code(self, address: str, code: bytes) -> None:
        self.ask("anvil_setCode", address, "0x" + code.hex())

    def put_storage(self, address: str, slot: bytes, value: int) -> None:
        self.ask("anvil_setStorageAt", address, "0x" + slot.hex(), "0x" + value.to_bytes(32, "big").hex())

    def put_coins(self, address: str, wei: int) -> None:
        self.ask("anvil_setBalance", address, hex(wei))

    def send(self, sender: str, to: str, data: bytes) -> str:
        """A transaction of whoever it is, in a block of its own unless `hold_blocks`; returns its hash."""
        self.ask("anvil_impersonateAccount", sender)
        self.ask("anvil_setBalance", sender, hex(10**20))
        transaction = {"from": sender, "to": to, "data": "0x" + data.hex(), "gas": hex(500_000)}
        sent = str(self.ask("eth_sendTransaction", transaction))
        deadline = time.monotonic() + 10
        while not self._holds_blocks and self.ask("eth_getTransactionReceipt", sent) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{sent} is in no block")
            time.sleep(0.005)
        return sent

    def hold_blocks(self, held: bool) -> None:
        """Whether transactions wait for `mine`, to share a block."""
        self.ask("evm_setAutomine", not held)
        self._holds_blocks = held

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def _answers(self) -> bool:
        try:
            return int(self.ask("eth_chainId"), 16) == self.chain_id
        except (OSError, urllib.error.URLError):
            return False


def find_anvil() -> Path:
    """The binary, installed with npm if it is not there yet. Raises AnvilUnavailableError."""
    if binary := _installed():
        return binary
    npm = shutil.which("npm")
    if npm is None:
        raise AnvilUnavailableError("the EVM tests need anvil, and npm to install it: put Node.js (npm) on the PATH")
    staging = FOLDER.with_name(f"anvil.{os.getpid()}")
    command = [npm, "install", "--prefix", str(staging), "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    staging.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    if done.returncode != 0:
        shutil.rmtree(staging, ignore_errors=True)
        raise AnvilUnavailableError(f"npm could not install {PACKAGE}:\n{done.stderr[-2000:]}")
    _move(staging)
    if binary := _installed():
        return binary
    raise AnvilUnavailableError(f"npm installed {PACKAGE}, but it holds no binary for this machine")


def _installed() -> Path | None:
    return next(FOLDER.glob("node_modules/@foundry-rs/anvil-*/bin/anvil*"), None)


def _move(staging: Path) -> None:
    """Test processes may install side by side: the first one in its place wins."""
    try:
        staging.rename(FOLDER)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
