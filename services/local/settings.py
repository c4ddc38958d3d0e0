"""`[local]`: the one-machine stack."""

from typing import Annotated

from msgspec import Meta, Struct

from holdfast.settings.shared import Port


class LocalSettings(Struct, frozen=True, kw_only=True):
    """Port 0 takes a free one."""

    data_dir: str = "data"
    """Everything that is kept: streams, tables, credentials, logs. The demo has a folder of its own in it."""
    nats_port: Port = 4222
    clickhouse_port: Port = 8123
    api_port: Port = 8080
    simulator_port: Port = 8090
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """Worker processes; each serves every provider that has settings."""
    start_deadline_s: Annotated[int, Meta(ge=5)] = 60
