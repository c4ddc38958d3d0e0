# ruff: noqa: INP001 (a script in the image, not a module)
"""For HEALTHCHECK: exits 0 when http://127.0.0.1:<port>/ready answers 200, else 1 with what it waits for."""

import sys
import urllib.error
import urllib.request


def main(port: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{int(port)}/ready", timeout=4):
            return 0
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read(2000).decode("utf-8", "replace"))
    except OSError as error:
        sys.stdout.write(str(error))
    return 1


sys.exit(main(sys.argv[1]))
