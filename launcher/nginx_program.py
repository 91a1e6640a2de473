"""nginx: the one on this machine, or one got with the system's package manager."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError

MORE_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")
ADVICE = "nginx is missing: install it (apt-get install nginx-light, brew install nginx)"
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Nginx:
    program: Path
    libraries: Path | None = None
    """Where the unpacked one has shared libraries of its own."""

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.libraries)} if self.libraries else {}

    @property
    def version(self) -> tuple[int, ...]:
        answer = subprocess.run(
            [self.program, "-v"], env=self.environment, capture_output=True, text=True, check=False
        )
        found = re.search(r"nginx/([\d.]+)", answer.stderr)
        return tuple(map(int, found[1].split("."))) if found else ()


def find_nginx(tools: Path, say: Callable[[str], None]) -> Nginx:
    """Raises LaunchError when there is none and none can be got. `tools`: for the unpacked one."""
    if found := _on_path() or _unpacked(tools):
        return found
    if shutil.which("apt-get") and os.geteuid() == 0:
        say("nginx is missing; installing it with apt-get")
        _apt_install()
    elif shutil.which("apt-get") and shutil.which("dpkg"):
        say(f"nginx is missing; unpacking it below {tools}")
        _apt_unpack(tools)
    elif shutil.which("brew"):
        say("nginx is missing; installing it with brew")
        _run("brew", "install", "nginx")
    if found := _on_path() or _unpacked(tools):
        return found
    raise LaunchError(ADVICE)


def _on_path() -> Nginx | None:
    folders = os.pathsep.join([os.environ.get("PATH", ""), *MORE_FOLDERS])
    program = shutil.which("nginx", path=folders)
    return Nginx(Path(program)) if program else None


def _unpacked(tools: Path) -> Nginx | None:
    program = tools / "usr/sbin/nginx"
    libraries = next((tools / "usr/lib").glob("*-linux-gnu*"), None)
    nginx = Nginx(program, libraries)
    if not program.exists():
        return None
    try:
        subprocess.run([program, "-v"], env=nginx.environment, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return nginx


def _apt_install() -> None:
    with _no_service_started():
        _run("apt-get", "update", "-qq")
        if not _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx-light"):
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "nginx")


@contextlib.contextmanager
def _no_service_started() -> Iterator[None]:
    """Debian starts what it installs; the system's own nginx on port 80 is not wanted here."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _apt_unpack(tools: Path) -> None:
    """The package and the libraries it names, put below `tools` as any user can."""
    tools.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as download:
        for package in ("nginx", "nginx-core", "nginx-light"):
            _download(download, package, *_libraries(package))
            for archive in Path(download).glob("*.deb"):
                _run("dpkg", "-x", str(archive), str(tools))
            if _unpacked(tools):
                return


def _libraries(package: str) -> list[str]:
    answer = subprocess.run(
        ["apt-cache", "depends", package], capture_output=True, text=True, check=False
    )
    return re.findall(r"^ *Depends: (lib(?!c6|nginx)[\w.+-]+)$", answer.stdout, re.MULTILINE)


def _download(folder: str, *packages: str) -> None:
    for package in packages:
        _run("apt-get", "download", "-qq", package, folder=folder)


def _run(*command: str, folder: str | None = None) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return (
        subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, check=False
        ).returncode
        == 0
    )
