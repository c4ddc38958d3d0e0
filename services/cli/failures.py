"""What a failed command says, and its exit code. Loaded only when something failed."""

from typing import NoReturn

from holdfast.messaging.bucket import BucketUnavailableError
from holdfast.messaging.dead_letters import DeadLetterError
from holdfast.messaging.publishing import PublishError
from holdfast.registry.errors import RegistryError
from holdfast.settings import SettingsError
from holdfast.warehouse.errors import WarehouseError, WarehouseUnavailable
from services.cli.output import CONFIGURATION, FAILED, UNAVAILABLE, fail


def explain(error: Exception) -> NoReturn:
    """One clear line with the fix; anything that is not foreseen here is a bug and shows where it is."""
    match error:
        case SettingsError():
            fail("these settings are wrong:\n  " + "\n  ".join(map(str, error.problems)), code=CONFIGURATION)
        case RegistryError():
            fail(f"{error.field}: {error.message}", fix=error.fix)
        case BucketUnavailableError() | PublishError() | WarehouseUnavailable():
            fail(str(error), code=UNAVAILABLE)
        case WarehouseError() | DeadLetterError():
            fail(str(error), code=FAILED)
        case _:
            raise error
