"""What is kept of a run: of a good one its figures, of a bad one everything."""

import json
import os
import platform
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from tests.faults.memory import Memory
from tests.faults.plan import FULL, SCALE
from tests.faults.staging import Staging
from tests.faults.verdict import Verdict

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".torture"
KEEP = os.environ.get("KEEP") == "1"
"""Keep everything of good runs too."""
RESULTS = KEPT / "results"


def dialect() -> str:
    return "postgresql" if "TEST_POSTGRES_URL" in os.environ else "sqlite"


def machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def revision() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def keep_figures(scenario: str, figures: dict[str, Any]) -> None:
    """For the report; of the newest run of each scenario."""
    folder = RESULTS / dialect()
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "scenario": scenario,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": revision(),
        "machine": machine(),
        "python": platform.python_version(),
        "full": FULL,
        "scale": SCALE,
    }
    (folder / f"{scenario}.json").write_text(json.dumps(about | figures, indent=2))


async def keep_everything(
    scenario: str, shop: Staging, plan: dict[str, Any], memory: Memory, verdict: Verdict
) -> Path:
    """Databases, logs, the plan with its seed, and what the clients were told."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = KEPT / f"{scenario}-{dialect()}-{stamp}-{os.getpid()}"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan, indent=2, default=str))
    (folder / "verdict.json").write_text(json.dumps(verdict, indent=2))
    with (folder / "clients.jsonl").open("w") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in memory.entries)
    for log in shop.folder.glob("*.log"):
        shutil.copy(log, folder)
    for name, url in shop.databases.items():
        await _copy_database(name, url, folder)
    return folder


async def _copy_database(name: str, url: str, folder: Path) -> None:
    if url.startswith("sqlite"):
        with (
            closing(sqlite3.connect(f"file:{make_url(url).database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(folder / f"{name}.db")) as copy,
        ):
            source.backup(copy)
        return
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    (folder / name).mkdir()
    for row in tables:
        path = folder / name / f"{row['tablename']}.csv"
        await connection.copy_from_table(
            row["tablename"], output=str(path), format="csv", header=True
        )
    await connection.close()
