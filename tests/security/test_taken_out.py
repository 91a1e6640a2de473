"""Each guard of access is needed: with it taken out, a test that is there anyway fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.guard import Guard
from tests.security.guards import GUARDS

ROOT = Path(__file__).parents[2]
FAILED = 1  # pytest's exit status where tests ran and some failed; others mean that none could run
FEW_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the others take two seconds of each run
PLUGINS = ("xdist.plugin", "anyio", "pytest_socket", "tests.security.without")


@pytest.mark.torture
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_its_lack_is_noticed(guard: Guard) -> None:
    plugins = [f"-p{name}" for name in (*PLUGINS, "no:cacheprovider")]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *plugins, guard.noticed_by],
        cwd=ROOT,
        env={**os.environ, **FEW_PLUGINS, "WITHOUT_GUARD": guard.name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == FAILED, f"not noticed by {guard.noticed_by}:\n{run.stdout[-2000:]}"
    assert "1 failed" in run.stdout, run.stdout[-2000:]


def test_names_are_said_once() -> None:
    names = [guard.name for guard in GUARDS]
    assert len(set(names)) == len(names) >= 25


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_it_is_in_the_code(guard: Guard) -> None:
    """Quick, so that whoever changes a guard learns at once that its entry must follow."""
    guard.taken_out_of((ROOT / guard.path).read_text())
    assert (ROOT / guard.noticed_by.partition("::")[0]).is_file()
