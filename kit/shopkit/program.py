"""How the program of a service begins."""

import gc
import sys
from importlib import import_module

UNUSED = ("rich", "pydantic.v1")
"""What structlog imports if it is there, and FastAPI to refuse what is made with it: 4.5 MB."""


def run(module: str) -> None:
    """Import `module` and call its `main`. UNUSED is to all importers as if not installed.

    Nothing of a thousand modules is garbage, and looking for some takes a fifth of their import:
    the collector waits until `serve_apps` sets what is there aside, or for ever in a short command.
    """
    gc.disable()
    for name in UNUSED:
        sys.modules[name] = None  # type: ignore[assignment]
    import_module(module).main()
