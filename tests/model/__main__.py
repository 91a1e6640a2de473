"""`python -m tests.model [--larger] [WORLD …]`: search the worlds, and count.

`python -m tests.model --without GUARD`: the shortest history in which its lack breaks something.
"""

import argparse
import time

from tests.model.guards import Guard
from tests.model.search import Search
from tests.model.worlds import WORLDS, larger, mutant


def show_mutant(guard: Guard) -> None:
    search = Search(mutant(guard)).run()
    print(f"Without: {guard}\nWorld:   {search.world.name}")
    print("\n".join(search.trace()))


def count(names: list[str], large: bool) -> None:
    row = "{:22} {:>10} {:>12} {:>8} {:>8} {:>8}  {}"
    print(row.format("world", "states", "transitions", "at rest", "endless", "CPU s", "broken"))
    total = 0
    for world in WORLDS:
        if names and world.name not in names:
            continue
        began = time.process_time()
        search = Search(larger(world) if large else world).run()
        total += len(search.states)
        figures = (len(search.states), search.transitions, search.at_rest, search.endless())
        numbers = [f"{figure:,}" for figure in figures]
        seconds = f"{time.process_time() - began:.1f}"
        print(row.format(world.name, *numbers, seconds, search.broken or "-"), flush=True)
    print(f"{total:,} states in all")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("worlds", nargs="*", metavar="WORLD")
    parser.add_argument("--larger", action="store_true")
    parser.add_argument("--without", choices=[guard.name for guard in Guard][1:])
    asked = parser.parse_args()
    if asked.without:
        show_mutant(Guard[asked.without])
    else:
        count(asked.worlds, asked.larger)


if __name__ == "__main__":
    main()
