import re
from pathlib import Path

import pytest

SERVICES = ("auth", "catalog", "cart", "orders")
PINNED = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+( ; .+)?( \\)?")
LOCKS = ("requirements.lock", "cli/requirements.lock") + tuple(
    f"services/{name}/requirements.lock" for name in SERVICES
)
BENCH_LOCKS = ("bench/requirements.lock", "bench/baseline/requirements.lock")
# An address of a package index, or a path that only one machine has.
ELSEWHERE = re.compile(r"--(extra-)?index-url|--find-links|file:///|/home/\w+/|/Users/\w+/")
READABLE = {".py", ".md", ".toml", ".yml", ".sh", ".lock", ".in", ".txt", ".template", ""}


def requirements(text: str) -> list[tuple[str, int]]:
    """Each requirement's first line and the number of its hashes."""
    found: list[tuple[str, int]] = []
    for line in text.splitlines():
        if line.startswith("    --hash=sha256:"):
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((line, 0))
    return found


def versions(text: str) -> set[str]:
    return {line.split()[0] for line, _ in requirements(text)}


@pytest.mark.parametrize("name", LOCKS + BENCH_LOCKS)
def test_locks_pin_everything_with_hashes_and_name_no_index(root: Path, name: str) -> None:
    pins = requirements((root / name).read_text())
    assert len(pins) > (0 if name in BENCH_LOCKS else 20)
    assert [line for line, hashes in pins if not PINNED.fullmatch(line) or not hashes] == []


@pytest.mark.parametrize("name", LOCKS[1:])
def test_what_runs_is_what_was_tested(root: Path, name: str) -> None:
    """The versions; a mark such as `; sys_platform != …` is each lock's own."""
    assert versions((root / name).read_text()) <= versions((root / "requirements.lock").read_text())


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_has_the_kit_and_its_own_service_only(root: Path, name: str) -> None:
    text = (root / "services" / name / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    assert copied == [f"services/{name}/requirements.lock", "kit", f"services/{name}"]


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_runs_as_nobody_in_particular_and_tells_its_health(root: Path, name: str) -> None:
    text = (root / "services" / name / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text


def test_nothing_belongs_to_one_machine(root: Path, files: list[Path]) -> None:
    found = [
        f"{file}:{number} {line.strip()[:80]}"
        for file in files
        if file.suffix in READABLE and file != Path(__file__).relative_to(root)
        for number, line in enumerate((root / file).read_text(errors="replace").splitlines(), 1)
        if ELSEWHERE.search(line) or f"{root}/" in line
    ]
    assert found == []
