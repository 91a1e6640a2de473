import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

ADVICE = "make openapi writes it anew"


@pytest.mark.parametrize("name", ["auth", "catalog", "cart", "orders"])
def test_the_committed_document_is_what_the_service_says(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setattr("sys.argv", [f"shop-{name}", "openapi"])
    import_module(f"{name}.main").main()
    committed = (root / "contracts" / "openapi" / f"{name}.json").read_text(encoding="utf-8")
    assert committed == capsys.readouterr().out, ADVICE


def test_the_merged_document_is_what_the_services_say(root: Path) -> None:
    command = [sys.executable, "-m", "gateway.merge_openapi", "--check"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{ADVICE}: {answer.stderr}"


def test_the_merged_document_is_valid(root: Path) -> None:
    text = (root / "contracts" / "openapi" / "shop.json").read_text(encoding="utf-8")
    errors = OpenAPIV31SpecValidator(json.loads(text)).iter_errors()
    assert [error.message for error in errors] == []


def test_e5_what_creates_takes_an_idempotency_key(root: Path) -> None:
    document = json.loads((root / "contracts/openapi/shop.json").read_text(encoding="utf-8"))
    posts = {
        path: methods["post"] for path, methods in document["paths"].items() if "post" in methods
    }
    creating = {path for path, post in posts.items() if "201" in post["responses"]}
    keyed = {
        path
        for path, post in posts.items()
        if any(each.get("name") == "Idempotency-Key" for each in post.get("parameters", ()))
    }
    assert creating - keyed == {"/api/auth/keys"}  # a key is shown once: revoke it, make another
