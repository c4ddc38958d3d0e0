"""The data directory: made, checked, and owned by one stack at a time."""

import fcntl
import os
import secrets
import tomllib
from pathlib import Path
from typing import IO

from msgspec import Struct

from holdfast.settings import SettingsError, SettingsProblem
from holdfast.settings.loading import variable


class Credentials(Struct, frozen=True, kw_only=True):
    """Made at the first start and kept, readable by the owner alone."""

    nats_password: str
    clickhouse_password: str
    analyst_password: str
    master_key: str
    api_key: str = ""
    """The demo's; empty until the registry has made it."""


class DataDirectory:
    """One stack's folder. Holding it means holding its lock, until the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    def take(self) -> None:
        """Raises SettingsError: not writable, or another stack runs on it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refused(
                f"another `holdfast up` is running on {self.path}; stop it or choose another directory"
            ) from None
        except OSError as error:
            told = f"cannot use {self.path}: {error.strerror}; set {variable('local.data_dir')} to a folder to write in"
            raise _refused(told) from error

    def release(self) -> None:
        """Let another stack have it; the end of the process does the same."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def credentials(self) -> Credentials:
        path = self.path / "credentials.toml"
        if path.exists():
            try:
                return Credentials(**tomllib.loads(path.read_text(encoding="utf-8")))
            except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
                raise _refused(f"cannot read {path}: {error}") from error
        made = Credentials(
            nats_password=secrets.token_urlsafe(24),
            clickhouse_password=secrets.token_urlsafe(24),
            analyst_password=secrets.token_urlsafe(24),
            master_key=secrets.token_urlsafe(32),
        )
        self.keep(made)
        return made

    def keep(self, credentials: Credentials) -> None:
        lines = [f'{name} = "{getattr(credentials, name)}"' for name in credentials.__struct_fields__]
        write_private(self.path / "credentials.toml", "\n".join(lines) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody but the owner may read it."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _refused(why: str) -> SettingsError:
    return SettingsError([SettingsProblem("local.data_dir", why)])
