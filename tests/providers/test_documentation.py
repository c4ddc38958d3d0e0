"""docs/providers.md has a section for each provider, whose example configures it as it stands."""

import re
import tomllib
from pathlib import Path

import pytest

from holdfast.providers.kit.discovery import ProviderModule, discover
from holdfast.settings import Configuration

DOCUMENT = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(re.findall(r"^## (\w+)$(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))
DOCUMENTED = [module for name, module in discover().items() if name in SECTIONS]


def test_the_price_providers_and_their_elders_are_documented() -> None:
    assert {"okx", "evm", "prices", "coingecko", "defillama", "ecb"} <= {module.name for module in DOCUMENTED}


@pytest.mark.parametrize("module", DOCUMENTED, ids=lambda module: module.name)
def test_the_example_of_a_provider_is_one_that_loads(module: ProviderModule) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", SECTIONS[module.name], re.DOTALL)
    Configuration(tomllib.loads(example)).section(f"providers.{module.name}", module.manifest.settings)


@pytest.mark.parametrize("module", DOCUMENTED, ids=lambda module: module.name)
def test_a_section_says_what_the_provider_needs_and_what_it_cannot_do(module: ProviderModule) -> None:
    body = SECTIONS[module.name]
    assert "Cannot: " in body
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| [{module.name}](#{module.name})"))
    assert all(f"`{scope}`" in row for feed in module.manifest.feeds for scope in feed.scopes)
