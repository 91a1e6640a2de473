"""How the program of a service begins."""

import gc
from importlib import import_module


def run(module: str) -> None:
    """Import `module` and call its `main`.

    Nothing of a thousand modules is garbage, and looking for some takes a fifth of their import:
    the collector waits until `serve_apps` sets what is there aside, or for ever in a short command.
    """
    gc.disable()
    import_module(module).main()
