"""What `make scan` makes of the answers of a service that may or may not be reached."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import scan

CLEAN: dict[str, Any] = {"dependencies": [{"name": "requests", "version": "2.32.0", "vulns": []}]}
UNKNOWN: dict[str, Any] = {"dependencies": [{"name": "requests", "skip_reason": "not found"}]}
BAD: dict[str, Any] = {
    "dependencies": [
        {
            "name": "requests",
            "version": "2.19.0",
            "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "description": "leaks\nmore"}],
        }
    ]
}


def pip_audit(monkeypatch: pytest.MonkeyPatch, canary: object, locks: object) -> None:
    """Answers this for the canary and that for the project's own locks; None: it breaks."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        answer = canary if Path(command[4]).name == "canary.txt" else locks
        text = json.dumps(answer) if answer else ""
        return subprocess.CompletedProcess(command, 1, text, "it\nbroke")

    monkeypatch.setattr(scan.subprocess, "run", run)


@pytest.mark.parametrize("answer", [CLEAN, UNKNOWN, None])
def test_who_does_not_know_a_bad_package_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: object
) -> None:
    pip_audit(monkeypatch, answer, CLEAN)
    assert list(scan.packages([])) == []
    assert "NOT CHECKED" in capsys.readouterr().out


def test_known_vulnerabilities_fail_unless_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    pip_audit(monkeypatch, BAD, BAD)
    found = list(scan.packages([]))
    assert "requirements.lock: requests 2.19.0: PYSEC-1, CVE-1: leaks" in found
    assert len(found) > 4, "every lock is looked at"
    assert list(scan.packages([{"id": "CVE-1", "reason": "not used"}])) == []


def test_a_lock_that_could_not_be_checked_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    pip_audit(monkeypatch, BAD, None)
    assert "requirements.lock: pip-audit: : broke" in list(scan.packages([]))


def test_nothing_is_wrong_with_clean_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    pip_audit(monkeypatch, BAD, CLEAN)
    assert list(scan.packages([])) == []


def test_a_secret_is_found_and_so_is_an_exception_without_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "settings.py").write_text('key = "' + "AKIA" + 'IOSFODNN7EXAMPLQ"\n')
    monkeypatch.setattr(scan, "ROOT", tmp_path)
    accepted = {"files": ["*.py"], "kinds": ["AWS Access Key"]}
    (found,) = scan.secrets({"skip": [], "secret": []})
    assert found.startswith("settings.py:1: looks like a secret (AWS Access Key)")
    assert list(scan.secrets({"skip": [], "secret": [accepted]})) == []
    (tmp_path / "settings.py").unlink()
    (stale,) = scan.secrets({"skip": [], "secret": [accepted]})
    assert "take the exception out" in stale


def test_every_exception_has_its_reason() -> None:
    exceptions = scan.tomllib.loads(scan.EXCEPTIONS.read_text(encoding="utf-8"))
    entries = [entry for many in exceptions.values() for entry in many]
    assert [entry for entry in entries if not entry.get("reason")] == []
