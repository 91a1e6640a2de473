"""`make bench-plots`: pictures and tables of the newest full run, for docs/performance.md."""

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bench.figures import put_into, tables
from bench.plan import plan
from bench.report import RESULTS, Figures, cpu, done, p99

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
PLANNING = PAGE.with_name("scaling.md")
TARGET = PAGE.with_suffix("")
COLORS = {
    "SQLite": "#2563a8",
    "PostgreSQL": "#7c3aed",
    "baseline": "#9a9a9a",
    "1": "#93c5e8",
    "16": "#2563a8",
    "64": "#123a66",
    "nginx": "#9a9a9a",
    "auth": "#d97706",
    "catalog": "#2563a8",
    "slow_reader": "#7fb0e0",
    "cart": "#059669",
    "orders": "#b91c1c",
    "sandbox": "#d8b4a0",
    "postgres": "#7c3aed",
    "launcher": "#d4d4d4",
}
PARTS = ("SQLite", "PostgreSQL", "baseline")
LABEL, WIDTH, BAR, GAP = 150, 560, 12, 10
Rows = Sequence[tuple[str, Mapping[str, float]]]
"""A label, and a figure of each series."""


def bars(title: str, rows: Rows, unit: str) -> str:
    """A bar for each figure, on a logarithmic scale."""
    most = max(value for _, figures in rows for value in figures.values())
    least = min(value for _, figures in rows for value in figures.values()) / 2
    scale = WIDTH / math.log(most / least)
    shapes, y = list[str](), 60
    for label, figures in rows:
        middle = y + BAR * len(figures) / 2 + 4
        shapes.append(_text(LABEL - 8, middle, label, "end"))
        for series, value in figures.items():
            length = math.log(value / least) * scale
            shapes.append(_bar(LABEL, y, length, series))
            shapes.append(_text(LABEL + length + 4, y + 10, f"{_short(value)}{unit}", size=10))
            y += BAR
        y += GAP
    return _picture(title, shapes, y, [name for name in COLORS if name in _series(rows)])


def stacks(title: str, rows: Rows, unit: str) -> str:
    """One bar for each row, of what each series has of it, in hundredths."""
    shapes, y = list[str](), 60
    for label, figures in rows:
        whole, x = sum(figures.values()), float(LABEL)
        shapes.append(_text(LABEL - 8, y + 10, label, "end"))
        for series, value in figures.items():
            length = value / whole * (WIDTH - 60)
            shapes.append(_bar(x, y, length, series))
            x += length
        shapes.append(_text(x + 4, y + 10, f"{_short(whole)}{unit}", size=10))
        y += BAR + GAP
    return _picture(title, shapes, y, [name for name in COLORS if name in _series(rows)])


def _series(rows: Rows) -> set[str]:
    return {series for _, figures in rows for series in figures}


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _bar(x: float, y: float, length: float, series: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="{BAR - 1}" '
        f'fill="{COLORS[series]}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f"<text {where}>{escape(text)}</text>"


def _picture(title: str, shapes: list[str], height: float, series: list[str]) -> str:
    legend, x = list[str](), float(LABEL)
    for name in series:
        legend += [_bar(x, 34, 12, name), _text(x + 16, 44, name)]
        x += 30 + 7.5 * len(name)
    width = LABEL + WIDTH + 70
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="system-ui, sans-serif">',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            _text(LABEL, 22, title, size=14),
            *legend,
            *shapes,
            "</svg>\n",
        ]
    )


def pictures(results: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of files, and what is in them."""
    played = {part: of["scenarios"] for part, of in results.items()}
    names = list(played["SQLite"])
    rates = [
        (name, {part: done(played[part][name]["16"]) for part in PARTS if name in played[part]})
        for name in names
    ]
    yield "throughput.svg", bars("A second with 16 connections, logarithmic", rates, "")
    waits = [(name, {c: p99(r) for c, r in played["SQLite"][name].items()}) for name in names]
    yield (
        "latency.svg",
        bars("p99 with 1, 16 and 64 connections, SQLite, logarithmic", waits, " ms"),
    )
    for part in ("SQLite", "PostgreSQL"):
        if part in played:
            used = [(name, _shares(of["16"])) for name, of in played[part].items()]
            title = f"CPU of a request, or of an order with its requests, {part}"
            yield f"cpu-{part.lower()}.svg", stacks(title, used, " µs")


def _shares(result: Figures) -> dict[str, float]:
    """By process; of whom more than a hundredth is."""
    whole = sum(result["cpu_us"].values())
    return {
        name.removeprefix("shop-"): used / whole * cpu(result)
        for name, used in result["cpu_us"].items()
        if used > whole / 100
    }


def newest() -> list[Path]:
    """Runs that together have both databases and the baseline: the newest of each part."""
    parts: dict[str, Path] = {}
    for file in sorted(RESULTS.glob("*Z.json")):
        parts |= dict.fromkeys(json.loads(file.read_text())["results"], file)
    if not {*PARTS} <= parts.keys():
        raise SystemExit("there is no full run yet: make bench")
    return sorted({parts[part] for part in PARTS})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="*", help="the newest by default")
    files = parser.parse_args().files or newest()
    runs = [json.loads(file.read_text()) for file in files]
    results = {part: of for run in runs for part, of in run["results"].items()}
    TARGET.mkdir(exist_ok=True)
    for name, text in pictures(results):
        (TARGET / name).write_text(text)
    names = [file.name for file in files]
    PAGE.write_text(put_into(PAGE.read_text(), tables(runs[-1]["about"], results, names)))
    planned = "\n".join(plan(results["PostgreSQL"]["scenarios"]))
    PLANNING.write_text(put_into(PLANNING.read_text(), f"{planned}\n"))
    print(f"{' and '.join(names)}: drawn in {PAGE.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
