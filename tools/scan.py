"""`make scan`: known vulnerabilities of the locked packages, and secrets in the project's files.

What may stay is in tools/scan.toml, each with its reason. Code itself is looked at by ruff
(`make lint`).
"""

import fnmatch
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).resolve().parent.parent
EXCEPTIONS = ROOT / "tools" / "scan.toml"
KNOWN_TO_BE_BAD = "requests==2.19.0\n"
"""Who does not know this one's vulnerabilities knows none, and would call everything clean."""


def main() -> int:
    exceptions = tomllib.loads(EXCEPTIONS.read_text(encoding="utf-8"))
    wrong = [*packages(exceptions.get("package", [])), *secrets(exceptions)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def packages(accepted: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Every lock; a service that cannot be asked is said, and fails nothing."""
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "canary.txt"
        canary.write_text(KNOWN_TO_BE_BAD, encoding="utf-8")
        if not any(_vulnerabilities(canary, "--no-deps")):
            print("packages: NOT CHECKED: the service of known vulnerabilities does not answer")
            return
    allowed = {entry["id"] for entry in accepted}
    for lock in sorted(ROOT.glob("**/requirements.lock")):
        if {".venv", ".tools"} & {*lock.parts}:
            continue
        for package, ids, text in _vulnerabilities(lock, "--require-hashes", "--strict"):
            if not allowed & set(ids):
                yield f"{lock.relative_to(ROOT)}: {package}: {', '.join(ids)}: {text}"
    print("packages: checked")


def _vulnerabilities(file: Path, *options: str) -> Iterator[tuple[str, list[str], str]]:
    """Package, the vulnerability's names, and what it is; one without a verdict counts as one."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(file), "--disable-pip", *options]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if not answer.stdout:
        if "--strict" in options:
            last = answer.stderr.strip().splitlines()[-1:]
            yield "pip-audit", [], "".join(last) or "said nothing"
        return
    for package in json.loads(answer.stdout)["dependencies"]:
        for found in package.get("vulns", []):
            first = str(found["description"]).strip().partition("\n")[0][:100]
            name = f"{package['name']} {package['version']}"
            yield name, [found["id"], *found["aliases"]], first


def secrets(exceptions: Mapping[str, Any]) -> Iterator[str]:
    """Findings without an exception, and exceptions without a finding."""
    skipped = [pattern for entry in exceptions["skip"] for pattern in entry["files"]]
    accepted = {
        (pattern, kind): 0
        for entry in exceptions["secret"]
        for pattern in entry["files"]
        for kind in entry["kinds"]
    }
    for file, line, kind in _findings(skipped):
        allowing = [key for key in accepted if key[1] == kind and fnmatch.fnmatch(file, key[0])]
        if not allowing:
            yield f"{file}:{line}: looks like a secret ({kind}): remove it, or say why in scan.toml"
        for key in allowing:
            accepted[key] += 1
    for (pattern, kind), times in accepted.items():
        if times == 0:
            yield f"scan.toml: {pattern} has no {kind} any more: take the exception out"
    print("secrets: checked")


def _findings(skipped: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [
        file
        for file in listed.splitlines()
        if (ROOT / file).is_file() and not any(fnmatch.fnmatch(file, p) for p in skipped)
    ]
    collection = SecretsCollection(root=str(ROOT))
    with default_settings():
        for file in files:
            collection.scan_file(file)
    for file, found in collection:
        yield file, found.line_number, found.type


if __name__ == "__main__":
    sys.exit(main())
