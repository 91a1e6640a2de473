"""`python -m launcher orders reconcile`: a command of a service, with the settings that the service
has in the shop of this DATA_DIR."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from launcher.data_folder import DataFolder
from launcher.errors import LaunchError
from launcher.services import NAMES, Layout, service_environment
from launcher.settings import Settings
from launcher.vault import Vault

SOCKETS = "sockets"
"""The vault's note of where the sockets are: a long DATA_DIR has them elsewhere."""


def exec_command(
    settings: Settings, environment: Mapping[str, str], root: Path, words: Sequence[str]
) -> None:
    """Becomes that command. Raises LaunchError when there is no such service, or no shop."""
    name, *rest = words
    if name not in NAMES:
        raise LaunchError(f"{name} is no service: there are {', '.join(NAMES)}")
    data = DataFolder(settings.data_dir)
    vault = Vault(data.secrets)
    sockets = vault.note(SOCKETS)
    if sockets is None:
        raise LaunchError(f"no shop was ever started with {data.path}: make run, or set DATA_DIR")
    programs = Path(sys.executable).parent
    layout = Layout(root=root, data=data, sockets=Path(sockets), programs=programs)
    program = layout.program(name)
    os.execve(program, [program.name, *rest], service_environment(name, layout, vault, environment))
