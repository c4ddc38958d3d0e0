"""What is worked out of portfolios, and what looks wrong."""

from holdfast.events.alerts import AlertRaised
from holdfast.events.checks.fields import (
    InvalidMessageError,
    check_account,
    check_asset,
    check_number,
    check_text,
    check_times,
    check_version,
    check_within,
)
from holdfast.events.guards import CheckCrossed, PortfolioJumped, ReturnCrossed
from holdfast.events.portfolios import PortfolioRevalued


def check_revalued(message: PortfolioRevalued) -> None:
    check_times(message, "bucket", "as_of", "oldest_input")
    check_asset("currency", message.currency)
    check_number("assets", message.assets)
    check_number("debt", message.debt)
    check_number("net", message.net, signed=True)
    for field in ("lines", "lines_unpriced", "lines_excluded"):
        check_within(field, getattr(message, field), 0, 2**63 - 1)
    check_version(message.version)


def check_jumped(message: PortfolioJumped) -> None:
    check_times(message, "bucket", "since")
    for field in ("net", "net_before", "asset_value", "asset_value_before"):
        check_number(field, getattr(message, field), signed=True)
    check_number("ratio", message.ratio)
    check_version(message.version)
    if message.asset is not None:
        check_asset("asset", message.asset)
    if message.since >= message.bucket:
        raise InvalidMessageError("since", "is not before bucket")


def check_crossed(message: CheckCrossed) -> None:
    check_text("against", message.against)
    check_times(message, "at")
    _crossed(message)


def check_return_crossed(message: ReturnCrossed) -> None:
    check_times(message, "since", "at")
    if message.since >= message.at:
        raise InvalidMessageError("since", "is not before at")
    _crossed(message)


def _crossed(message: CheckCrossed | ReturnCrossed) -> None:
    check_account(message.account)
    check_text("source", message.source)
    for field in ("ours", "theirs", "asset_difference"):
        check_number(field, getattr(message, field), signed=True)
    check_number("tolerance", message.tolerance)
    if message.asset is not None:
        check_asset("asset", message.asset)


def check_alert(message: AlertRaised) -> None:
    check_text("subject", message.subject)
    check_times(message, "raised_at")
