"""CPU time and memory of the shop's processes: CPU says what a request costs whoever else is on the
machine."""

import os
from collections.abc import Callable
from pathlib import Path

TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")
PAGE_MEGABYTES = os.sysconf("SC_PAGE_SIZE") / 2**20
NAMES = ("shop-auth", "shop-catalog", "shop-cart", "shop-orders", "nginx")


def cpu_microseconds(root: int) -> dict[str, float]:
    """CPU time so far of each named process below `root`, in microseconds."""
    return _sums(root, lambda stat: (int(stat[11]) + int(stat[12])) * TICK)


def resident_megabytes(root: int) -> dict[str, float]:
    """Resident memory now."""
    return _sums(root, lambda stat: int(stat[21]) * PAGE_MEGABYTES)


def _sums(root: int, figure: Callable[[list[str]], float]) -> dict[str, float]:
    """By name; `figure` takes it from the fields of /proc/PID/stat that follow the command."""
    parents, figures, names = {}, {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
        except OSError:
            continue  # it has ended meanwhile
        pid = int(folder.name)
        parents[pid], figures[pid] = int(fields[1]), figure(fields)
        names[pid] = next((name for name in NAMES if name in command), "")
    found = dict.fromkeys(NAMES, 0.0)
    for pid, name in names.items():
        if name and _below(pid, root, parents):
            found[name] += figures[pid]
    return found


def _below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == root:
            return True
        pid = parents[pid]
    return False
