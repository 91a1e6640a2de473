"""`make bench-compare A=… B=…`: two revisions, run in turn, and what changed beyond the noise.

Each is checked out below .tools/compare, with a virtual environment of its own; the scenarios are
those of this checkout. The data of each stay for all of its turns. Turns go A B, B A, A B …
"""

import argparse
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.changes import FEWEST, MOST, Change, change
from bench.cpu import resident_megabytes
from bench.place import Place
from bench.report import cpu, done, machine, p99, write
from bench.run import play, started
from bench.scenarios import SCENARIOS
from bench.shop import make_products

FOLDER = Path(".tools/compare")
CONNECTIONS = 16
MEASURES: dict[str, Callable[[dict[str, Any]], float]] = {
    "a second": done,
    "CPU": cpu,
    "p50": lambda result: float(result["p50_ms"]),
    "p99": p99,
}
Series = dict[str, dict[str, list[float]]]
"""By scenario and measure."""


def checked_out(revision: str) -> Path:
    """The revision's own checkout, ready to run."""
    commit = _git("rev-parse", "--verify", f"{revision}^{{commit}}")
    root = (FOLDER / commit[:12]).resolve()
    if not root.exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", str(root), commit)
    subprocess.run(["make", "--silent", ".venv/.ready"], cwd=root, check=True)
    return root


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


class Side:
    """One revision: its checkout, its data, and what was measured."""

    def __init__(self, name: str, root: Path, data: Path, products: int) -> None:
        self.name, self.root, self.data = name, root, data
        self.series: Series = defaultdict(lambda: defaultdict(list))
        with started(data, None, root) as (shop, _):
            self.products = make_products(shop, products)
            Place(shop.url, self.products)

    def turn(self, scenarios: list[str], seconds: int) -> None:
        with started(self.data, None, self.root) as (shop, start_seconds):
            place, roots = Place(shop.url, self.products, new=False), [shop.process.pid]
            for name in scenarios:
                make = partial(SCENARIOS[name], place)
                result = play(shop.url, roots, make, seconds, CONNECTIONS)
                if not done(result):
                    raise SystemExit(f"{self.name} answers nothing of {name}: leave it out")
                for measure, figure in MEASURES.items():
                    self.series[name][measure].append(figure(result))
            memory = sum(resident_megabytes(*roots).values())
            self.series["whole shop"]["megabytes"].append(memory)
            self.series["whole shop"]["start"].append(start_seconds)


def in_turn(sides: list[Side], pairs: int) -> Iterator[Side]:
    for number in range(pairs):
        yield from sides if number % 2 == 0 else sides[::-1]


def changes(a: Series, b: Series) -> dict[str, dict[str, Change]]:
    return {
        scenario: {measure: change(a[scenario][measure], b[scenario][measure]) for measure in of}
        for scenario, of in a.items()
    }


def lines(found: dict[str, dict[str, Change]]) -> Iterator[str]:
    """The real ones are marked."""
    for scenario, of in found.items():
        for measure, it in of.items():
            mark = "CHANGED" if it.is_real else ""
            yield (
                f"{scenario:20} {measure:10} {it.ratio - 1:+8.1%}"
                f"   ({it.low - 1:+.1%} to {it.high - 1:+.1%})  {mark}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS], help="all by default")
    parser.add_argument("--pairs", type=int, default=6, choices=range(FEWEST, MOST + 1))
    parser.add_argument("--products", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=3)
    chosen = parser.parse_args()
    scenarios = chosen.scenarios or list(SCENARIOS)
    roots = [checked_out(chosen.a), checked_out(chosen.b)]
    with TemporaryDirectory(prefix="shop-compare-") as folder:
        sides = [
            Side(name, root, Path(folder, name), chosen.products)
            for name, root in zip("AB", roots, strict=True)
        ]
        for side in in_turn(sides, chosen.pairs):
            print(side.name, end=" ", flush=True)
            side.turn(scenarios, chosen.seconds)
    found = changes(sides[0].series, sides[1].series)
    print("\n".join(chain(["", "B in relation to A, within (99 %):"], lines(found))))
    told = {scenario: {m: vars(it) for m, it in of.items()} for scenario, of in found.items()}
    about = {"machine": machine(), "a": chosen.a, "b": chosen.b, "pairs": chosen.pairs}
    write(about, told, "-compare")


if __name__ == "__main__":
    main()
