"""The `holdfast` command. It lives with the services, which the subscriber's wheel does not hold."""

import importlib
import sys


def main() -> None:
    try:
        cli = importlib.import_module("services.cli.app")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("services"):
            raise
        sys.exit(
            "holdfast: this installation holds the library for subscribers only; "
            "the services and their command run from a checkout (`make setup`) or from the image."
        )
    cli.main()


if __name__ == "__main__":
    main()
