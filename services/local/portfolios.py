"""What the API says of each portfolio, for the live table."""

import urllib.error
from typing import Any
from urllib.parse import quote

from services.local import probes
from services.local.screen import PortfolioLine


async def read(api_url: str, key: str) -> list[PortfolioLine]:
    """Every portfolio that the key may see; those without a total yet are listed as unknown."""
    headers = {"Authorization": f"Bearer {key}"}
    try:
        listed = await probes.get_json(f"{api_url}/v1/portfolios", headers)
        return [await _line(api_url, headers, one) for one in listed["items"]]
    except (OSError, ValueError, KeyError):
        return []


async def _line(api_url: str, headers: dict[str, str], portfolio: dict[str, Any]) -> PortfolioLine:
    try:
        total = await probes.get_json(f"{api_url}/v1/portfolios/{quote(portfolio['id'])}/total", headers)
    except urllib.error.HTTPError:
        total = {}
    return PortfolioLine(
        id=portfolio["id"],
        name=portfolio["name"],
        net=total.get("net"),
        assets=total.get("assets"),
        debt=total.get("debt"),
        unpriced=total.get("quality", {}).get("lines_unpriced", 0),
        as_of=total.get("quality", {}).get("newest_input"),
    )
