"""A folder is the registration."""

from pathlib import Path

import pytest

from holdfast.providers.kit.discovery import InvalidProviderError, discover, load_provider

SOURCE = """
from msgspec import Struct
from holdfast.providers.kit.contract import Budget, FeedManifest, Manifest

class Settings(Struct): pass

MANIFEST = Manifest(name="{name}", title="", documentation="", budget=Budget(requests=1, per_s=1), feeds=(), settings=Settings)

def build(settings, session, clock): ...
"""  # noqa: E501
TOLD = """
from msgspec.structs import replace
from holdfast.providers.kit.contract import FeedManifest, History
PAST = History(every_s=(3600,), points=24, told=True)
MANIFEST = replace(MANIFEST, feeds=(FeedManifest(name="balances", every_s=60, history=PAST),))
"""


@pytest.fixture(autouse=True)
def _forget_added_roots(monkeypatch: pytest.MonkeyPatch) -> None:
    import holdfast.providers as package  # noqa: PLC0415

    monkeypatch.setattr(package, "__path__", list(package.__path__))


def write_provider(root: Path, name: str, source: str) -> None:
    (root / name).mkdir(parents=True)
    (root / name / "__init__.py").write_text(source)


def test_the_kit_is_no_provider_and_the_folders_are() -> None:
    found = discover()
    assert "okx" in found
    assert "kit" not in found
    assert list(found) == sorted(found)
    assert found["okx"].manifest.name == "okx"
    assert (found["okx"].folder / "fixtures").is_dir()


def test_a_further_root_adds_its_folders(tmp_path: Path) -> None:
    write_provider(tmp_path, "discovered_one", SOURCE.format(name="discovered_one"))
    assert discover([tmp_path])["discovered_one"].folder == tmp_path / "discovered_one"


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("without_manifest", "", "must expose MANIFEST"),
        ("misnamed", SOURCE.format(name="other"), "is 'other'"),
        ("broken", "import no_such_module_anywhere", "cannot be imported"),
        ("secretive", SOURCE.format(name="secretive") + TOLD, "needs targets_with_past"),
    ],
)
def test_a_folder_that_is_no_provider_is_named_with_what_it_lacks(
    tmp_path: Path, name: str, source: str, complaint: str
) -> None:
    write_provider(tmp_path, name, source)
    with pytest.raises(InvalidProviderError, match=complaint):
        discover([tmp_path])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InvalidProviderError, match="no_such"):
        load_provider("no_such")
