import json
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

PROGRAMS = Path(sys.executable).parent
ADVICE = "make openapi writes it anew"


@pytest.mark.parametrize("name", ["auth", "catalog", "cart", "orders"])
def test_the_committed_document_is_what_the_service_says(root: Path, name: str) -> None:
    program = PROGRAMS / f"shop-{name}"
    answer = subprocess.run([program, "openapi"], capture_output=True, text=True, check=True)
    committed = (root / "contracts" / "openapi" / f"{name}.json").read_text(encoding="utf-8")
    assert committed == answer.stdout, ADVICE


def test_the_merged_document_is_what_the_services_say(root: Path) -> None:
    command = [sys.executable, "-m", "gateway.merge_openapi", "--check"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"{ADVICE}: {answer.stderr}"


def test_the_merged_document_is_valid(root: Path) -> None:
    text = (root / "contracts" / "openapi" / "shop.json").read_text(encoding="utf-8")
    errors = OpenAPIV31SpecValidator(json.loads(text)).iter_errors()
    assert [error.message for error in errors] == []
