"""From TOML, environment and secret files to one settings Struct per section.

Precedence, lowest first: defaults, the TOML file (`HOLDFAST_CONFIG`, else ./holdfast.toml if it
exists), the environment. `HOLDFAST_NATS__URL` is `url` in `[nats]`; two underscores step into a
table. A variable that ends in `_FILE` names a file whose content is the value, as Docker and
Kubernetes mount secrets; the content of its last line break is left out.
"""

import copy
import os
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from holdfast.settings.secret import Secret

PREFIX = "HOLDFAST_"
SECTIONS = frozenset(
    {"nats", "clickhouse", "prices", "log", "scheduler", "worker", "aggregator", "api"}
    | {"simulator", "embedded", "local", "providers"}
)
"""Of all processes together: they share one file, and none of them knows the settings of the others."""
SectionT = TypeVar("SectionT", bound=msgspec.Struct)


class SettingsProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong, with the setting's name and what to do."""

    setting: str
    message: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.message}"


class SettingsError(Exception):
    """All that is wrong with the settings, not just the first."""

    def __init__(self, problems: list[SettingsProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class Configuration:
    """The merged settings before they are typed. `section` turns one table into its Struct."""

    def __init__(self, tree: dict[str, Any], origin: str = "", *, only_sections: bool = False) -> None:
        """`only_sections`: refuse what is none of SECTIONS, as in what people write."""
        self._tree = tree
        self._only_sections = only_sections
        self.origin = origin
        """The TOML file read, or empty."""

    def section(self, path: str, kind: type[SectionT]) -> SectionT:
        """The table at `path` ("nats", "providers.<name>") as `kind`. Raises SettingsError with every problem in it."""
        table: Any = self._tree
        for step in path.split("."):
            table = table.get(step, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            raise SettingsError([SettingsProblem(path, "expected a table")])
        table = copy.deepcopy(table)
        problems = self._of_no_section(path) + _take_unknown(table, kind, path)
        table = _with_nested_defaults(table, kind)
        try:
            settings = msgspec.convert(table, kind, strict=False, dec_hook=_to_secret)
        except msgspec.ValidationError as error:
            # Each field may be right by itself: then it is the Struct's own check that refused.
            invalid = _invalid(table, kind, path) or [SettingsProblem(path, str(error))]
            raise SettingsError(problems + invalid) from None
        if problems:
            raise SettingsError(problems)
        return settings

    def _of_no_section(self, path: str) -> list[SettingsProblem]:
        """Whatever is asked for: a section with a slip in its name is nobody's, and would be passed over by all."""
        own = path.partition(".")[0]
        there_are = f"no such section; there are {', '.join(sorted(SECTIONS))}"
        return [
            SettingsProblem(name, f"expected a table, as [{name}]" if name in SECTIONS else there_are)
            for name, value in self._tree.items()
            if self._only_sections and name != own and (name not in SECTIONS or not isinstance(value, dict))
        ]

    def secret(self, setting: str) -> Secret:
        """One secret of another part's section, as `api.master_key`; empty if it is not set."""
        value: Any = self._tree
        for step in setting.split("."):
            value = value.get(step, "") if isinstance(value, dict) else ""
        return Secret(str(value))

    @property
    def tree(self) -> dict[str, Any]:
        """A copy of what was read, untyped and with its secrets: for showing redacted, not for reading settings."""
        return copy.deepcopy(self._tree)

    def tables(self, path: str) -> list[str]:
        """The names of the tables below `path`, as the providers that have settings."""
        table: Any = self._tree
        for step in path.split("."):
            table = table.get(step, {}) if isinstance(table, dict) else {}
        return sorted(name for name, value in table.items() if isinstance(value, dict))


def read_configuration(
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
    *,
    beneath: dict[str, Any] | None = None,
) -> Configuration:
    """Read the TOML file and the environment, over `beneath`. Raises SettingsError for a file that cannot be read."""
    environment = os.environ if environment is None else environment
    named = file or (Path(environment["HOLDFAST_CONFIG"]) if environment.get("HOLDFAST_CONFIG") else None)
    path = named or Path("holdfast.toml")
    tree: dict[str, Any] = copy.deepcopy(beneath) if beneath else {}
    origin = ""
    if named is not None or path.exists():
        origin = str(path)
        _lay_over(tree, _read_toml(path))
    problems: list[SettingsProblem] = []
    for name, text in sorted(environment.items()):
        if name.startswith(PREFIX) and "__" in name:
            _place(tree, name, text, problems)
    if problems:
        raise SettingsError(problems)
    return Configuration(tree, origin, only_sections=True)


def _lay_over(tree: dict[str, Any], upper: dict[str, Any]) -> None:
    for name, value in upper.items():
        if isinstance(value, dict) and isinstance(tree.get(name), dict):
            _lay_over(tree[name], value)
        else:
            tree[name] = value


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([SettingsProblem("HOLDFAST_CONFIG", f"cannot read {path}: {error.strerror}")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([SettingsProblem(str(path), f"not valid TOML: {error}")]) from error


def _place(tree: dict[str, Any], name: str, text: str, problems: list[SettingsProblem]) -> None:
    steps = name.removeprefix(PREFIX).lower().split("__")
    if steps[-1].endswith("_file"):
        steps[-1] = steps[-1].removesuffix("_file")
        try:
            text = Path(text).read_text(encoding="utf-8").removesuffix("\n")
        except OSError as error:
            problems.append(SettingsProblem(name, f"cannot read {text}: {error.strerror}"))
            return
        except UnicodeDecodeError:
            problems.append(SettingsProblem(name, f"cannot read {text}: it is not text in UTF-8"))
            return
    table = tree
    for step in steps[:-1]:
        table = table.setdefault(step, {})
        if not isinstance(table, dict):
            problems.append(SettingsProblem(name, f"{step} is a value, not a table"))
            return
    table[steps[-1]] = text


def _take_unknown(table: dict[str, Any], kind: type[msgspec.Struct], path: str) -> list[SettingsProblem]:
    """Names that are none of its fields', in the tables below it as well, and out of them: told once is enough."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    told = f"no such setting; known here: {', '.join(sorted(fields))}"
    problems = []
    for name, value in list(table.items()):
        if name not in fields:
            problems.append(SettingsProblem(f"{path}.{name}", told))
            del table[name]
            continue
        for part, nested, inner in _tables_of(fields[name], value):
            problems += _take_unknown(nested, inner, f"{path}.{name}{part}")
    return problems


def _tables_of(
    field: msgspec.structs.FieldInfo, value: object
) -> Iterator[tuple[str, dict[str, Any], type[msgspec.Struct]]]:
    """Each table of settings in a field's value, with where in it it is: itself, or one for each of its names."""
    if not isinstance(value, dict):
        return
    if _is_settings(field.type):
        yield "", value, field.type
    elif get_origin(field.type) is dict and _is_settings(inner := get_args(field.type)[1]):
        yield from ((f".{name}", nested, inner) for name, nested in value.items() if isinstance(nested, dict))


def _is_settings(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _with_nested_defaults(table: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """A nested table that says a part keeps the rest of *this* field's default, not of its type's."""
    filled = dict(table)
    for field in msgspec.structs.fields(kind):
        said = table.get(field.encode_name)
        if isinstance(said, dict) and isinstance(field.default, msgspec.Struct):
            filled[field.encode_name] = {**msgspec.structs.asdict(field.default), **said}
    return filled


def _invalid(table: dict[str, Any], kind: type[msgspec.Struct], path: str) -> list[SettingsProblem]:
    """Each bad or missing field on its own, at any depth: msgspec stops at the first, an operator wants all."""
    hints = get_type_hints(kind, include_extras=True)
    problems = []
    for field in msgspec.structs.fields(kind):
        name = f"{path}.{field.encode_name}"
        if field.encode_name not in table:
            if field.required:
                problems.append(SettingsProblem(name, f"is required (set {variable(name)})"))
            continue
        value = table[field.encode_name]
        try:
            msgspec.convert(value, hints[field.name], strict=False, dec_hook=_to_secret)
        except msgspec.ValidationError as error:
            within = [_invalid(nested, inner, name + part) for part, nested, inner in _tables_of(field, value)]
            told = f"{error}{_choices(hints[field.name])} (set {variable(name)})"
            problems += list(chain.from_iterable(within)) or [SettingsProblem(name, told)]
    return problems


def _choices(hint: object) -> str:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return f"; one of {', '.join(map(str, get_args(hint)))}" if get_origin(hint) is Literal else ""


def variable(setting: str) -> str:
    """The environment variable of a setting: `nats.url` is HOLDFAST_NATS__URL."""
    return PREFIX + setting.upper().replace(".", "__")


def _to_secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(kind)
