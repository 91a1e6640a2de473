"""`python -m launcher`, which is what `make run` does; `python -m launcher SERVICE COMMAND…` runs a
command of a service with the settings it has there."""

import os
import sys
from pathlib import Path

from launcher.env_file import read_env_file, refuse_misspelt
from launcher.errors import LaunchError
from launcher.interruption import stop_on_signals
from launcher.service_command import exec_command
from launcher.settings import read_settings
from launcher.shop import run_shop

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    stop_on_signals()
    os.umask(0o077)  # data and logs are the owner's alone
    try:
        environment = {**read_env_file(ROOT / ".env"), **os.environ}
        refuse_misspelt(environment)
        settings = read_settings(environment, ROOT)
        if words := sys.argv[1:]:
            exec_command(settings, environment, ROOT, words)
        run_shop(settings, environment, ROOT)
    except LaunchError as error:
        print(f"shop: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
