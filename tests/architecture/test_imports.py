import re
import subprocess
import sys
import tomllib
from pathlib import Path

LAYERED = re.compile(r"\w*(?:routes|repository|schemas|errors)")
PROGRAM = Path(sys.executable).parent / "lint-imports"


def test_imports_go_one_way(root: Path) -> None:
    """The contracts are in pyproject.toml."""
    answer = subprocess.run(
        [PROGRAM, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout


def test_no_module_of_a_layer_is_left_out(root: Path) -> None:
    """What the contract does not name may import whatever it likes."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    [contract] = [one for one in settings["tool"]["importlinter"]["contracts"] if "layers" in one]
    named = set(re.findall(r"\w+", " ".join(contract["layers"])))
    modules = {
        module.stem
        for service in contract["containers"]
        for module in (root / "services" / service / service).iterdir()
    }
    assert {module for module in modules if LAYERED.fullmatch(module)} <= named
