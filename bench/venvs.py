"""Virtual environments of the bench's own, so that the shop's has only what the shop needs."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

FOLDER = Path(".tools")


def programs_of(lock: Path) -> Path:
    """The folder of programs with what `lock` names; installed when that has changed."""
    text = lock.read_bytes()
    venv = (FOLDER / f"bench-{sha256(text).hexdigest()[:12]}").resolve()
    ready = venv / "ready"
    if not ready.exists():
        print(f"installing {lock} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        install: list[str | Path] = [
            venv / "bin" / "python",
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
        ]
        install += ["install", "--no-deps", "--require-hashes"]
        subprocess.run([*install, "-r", lock], check=True)
        ready.touch()
    return venv / "bin"
