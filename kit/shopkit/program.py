"""How the program of a service begins."""

import gc
import sys
from importlib import import_module

UNUSED = ("rich", "pydantic.v1")
"""What structlog imports if it is there, and FastAPI to refuse what is made with it: 4.5 MB."""


def run(module: str) -> None:
    """Import `module` and call its `main`. UNUSED is to all importers as if not installed.

    Nothing of a thousand modules is garbage, and looking for some takes a fifth of their import:
    the collector waits until `spare_what_stays`, or for ever in a short command.
    """
    gc.disable()
    for name in UNUSED:
        sys.modules[name] = None  # type: ignore[assignment]
    import_module(module).main()


def spare_what_stays() -> None:
    """Leave what is there at the start out of the collector's rounds, and make these rarer.

    A full round over all modules takes 80 ms, about once a second under load: put into a cart had
    a p99 of 95 ms with it and has 22 without.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()  # `run` has switched it off
