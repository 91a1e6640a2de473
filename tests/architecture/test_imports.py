import subprocess
import sys
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "lint-imports"


def test_imports_go_one_way(root: Path) -> None:
    """The contracts are in pyproject.toml."""
    answer = subprocess.run(
        [PROGRAM, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout
