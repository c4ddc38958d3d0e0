"""Structured logs. Secrets are redacted by field name and by value; ids travel in context variables."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

_SENSITIVE = re.compile(r"pass(word|phrase)|secret|token$|api_?key|authorization|signature|ok-access", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?i)(bearer\s+)[^\s\"',]+|(://[^\s:/@]+:)[^\s@\"']+(?=@)")
_HIDDEN: list[str] = []
"""The longest first: one that another begins with must not leave the rest of it to be read."""


def hide(secret: str) -> None:
    """Never print this text again, wherever it turns up."""
    if len(secret) >= 4 and secret not in _HIDDEN:
        _HIDDEN.append(secret)
        _HIDDEN.sort(key=lambda text: (-len(text), text))


def redacted(text: str) -> str:
    for secret in _HIDDEN:
        text = text.replace(secret, "***")
    return _IN_TEXT.sub(r"\1\2***", text)


class _Stderr:
    """Whatever standard error is when something is said: loggers are kept, and outlive one that is replaced."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, service: str, level: str = "info", format: str = "auto") -> None:  # noqa: A002
    """Once per process, by its main function. Logs go to stderr."""
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("httpx", "httpcore", "nats", "faststream"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(module=name))


bound = structlog.contextvars.bound_contextvars
"""`with bound(job=…):` adds fields to every log line of the block, in this task."""


def _redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SENSITIVE.search(key):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = redacted(value)
    return event
