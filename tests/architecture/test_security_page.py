"""docs/security.md names the test for each claim; those tests are there."""

import re
from pathlib import Path

NAMED = re.compile(r"`([\w/.-]*)::(\w+)`")
"""`file::test`; the file of the name before where it is left out."""


def test_every_test_that_it_names_exists(root: Path) -> None:
    page = (root / "docs" / "security.md").read_text(encoding="utf-8")
    file, missing = "", []
    for named in NAMED.finditer(page):
        file = named[1] or file
        if f"def {named[2]}(" not in (root / file).read_text(encoding="utf-8"):
            missing.append(named[0])
    assert file
    assert missing == []
