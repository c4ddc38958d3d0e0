"""What the registry says when it refuses."""


class RegistryError(ValueError):
    """A command that was refused; nothing was stored. `field` names what is wrong, `fix` what to do."""

    def __init__(self, field: str, message: str, fix: str) -> None:
        super().__init__(f"{field}: {message}. {fix}")
        self.field = field
        self.message = message
        self.fix = fix


class UsedUpError(RegistryError):
    """The command would make more of something than the tenant may have."""
