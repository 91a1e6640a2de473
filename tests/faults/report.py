"""Writes docs/reliability/report-<database>.{md,json} from the figures of the newest runs.

python -m tests.faults.report
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.evidence import RESULTS, ROOT

DOCS = ROOT / "docs" / "reliability"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
Figures = dict[str, Any]
COLUMNS = {
    "scenario": "scenario",
    "clients": "clients",
    "checkouts": "checkouts",
    "orders": "orders",
    "refused": "refused",
    "kills": "kills",
    "lost": "lost",
    "repeated": "repeated",
    "orders_per_second": "orders/s",
    "seconds_to_rest": "s to rest",
    "wrong": "wrong",
    "seed": "seed",
}
BESIDE = (
    *("pauses", "disk_full", "postgres_stopped", "longest_start_seconds"),
    *("trials", "refunds", "webhooks", "forged"),
)
LOST = ("lost_request", "lost_answer", "cut_answer", "silence")
REPEATED = ("twice", "late_copy")


def read(folder: Path) -> list[Figures]:
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return [{**one, **calls(one)} for one in found]


def calls(run: Figures) -> Figures:
    carried: Counter[str] = Counter(run.get("calls", {}))
    if not carried:
        return {}
    return {
        "lost": sum(carried[fate] for fate in LOST),
        "repeated": sum(carried[fate] for fate in REPEATED),
    }


def cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {name}" for name, number in value.items() if number) or "0"
    return str(value)


def markdown(database: str, runs: list[Figures]) -> str:
    heads = [title for name, title in COLUMNS.items() if any(name in run for run in runs)]
    names = [name for name in COLUMNS if any(name in run for run in runs)]
    rows = [[cell(run.get(name, "")) for name in names] for run in runs]
    table = [heads, ["---"] * len(heads), *rows]
    lines = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join([*head(database, runs), *lines, "", *beside(runs), *checks(runs), ""])


def head(database: str, runs: list[Figures]) -> list[str]:
    about = {
        name: sorted({str(run[name]) for run in runs}) for name in ("machine", "python", "scale")
    }
    checkouts, orders = (sum(run.get(name, 0) for run in runs) for name in ("checkouts", "orders"))
    killed = sum(sum(run.get("kills", {}).values()) for run in runs)
    wrong = sum(sum(run["wrong"].values()) for run in runs)
    revisions = ", ".join(sorted({run["revision"] for run in runs}))
    return [
        f"# The last torture on {NAMES[database]}",
        "",
        f"{len(runs)} runs: {checkouts} checkouts, {orders} orders, {killed} kills; "
        f"**{wrong} broken promises**.",
        f"Revision {revisions}; {'; '.join(about['machine'])}; "
        f"Python {', '.join(about['python'])}; scale {', '.join(about['scale'])}.",
        "",
        "Made by `make torture FULL=1`, as [told here](../../tests/faults/README.md).",
        "`TORTURE_SEED=`, with the part of a seed before the colon, repeats a run's plan.",
        "",
    ]


def beside(runs: list[Figures]) -> list[str]:
    """Figures that only one scenario has."""
    found = [
        f"- {run['scenario']}: {name.replace('_', ' ')} {run[name]}"
        for run in runs
        for name in BESIDE
        if name in run
    ]
    return ["Beside that:", "", *found, ""] if found else []


def checks(runs: list[Figures]) -> list[str]:
    names = list(dict.fromkeys(name for run in runs for name in run["wrong"]))
    broken = {name: sum(run["wrong"].get(name, 0) for run in runs) for name in names}
    rows = [f"| {name} | {number} |" for name, number in broken.items()]
    return ["| checked after every run | broken |", "|---|---|", *rows]


def main() -> None:
    DOCS.mkdir(parents=True, exist_ok=True)
    for database in NAMES:
        if runs := read(RESULTS / database):
            (DOCS / f"report-{database}.json").write_text(json.dumps(runs, indent=2) + "\n")
            (DOCS / f"report-{database}.md").write_text(markdown(database, runs))


if __name__ == "__main__":
    main()
