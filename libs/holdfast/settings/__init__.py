"""Settings: a TOML file, the environment and secret files become frozen Structs, all problems at once."""

from holdfast.settings.loading import Configuration, SettingsError, SettingsProblem, read_configuration
from holdfast.settings.secret import Secret

__all__ = ["Configuration", "Secret", "SettingsError", "SettingsProblem", "read_configuration"]
