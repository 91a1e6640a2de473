"""What processes use. CPU time says what a request costs, whatever else runs there."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")
PAGE_MEGABYTES = os.sysconf("SC_PAGE_SIZE") / 2**20
SERVICES = ("shop-auth", "shop-catalog", "shop-cart", "shop-orders")
BESIDE = ("shop-sandbox", "slow_reader", "nginx", "gunicorn", "uvicorn", "postgres", "launcher")
NAMES = (*SERVICES, *BESIDE)


def cpu_microseconds(*roots: int) -> dict[str, float]:
    """CPU time so far of each named process below one of `roots`, in microseconds."""
    return _sums(roots, lambda _, stat: (int(stat[11]) + int(stat[12])) * TICK)


def resident_megabytes(*roots: int) -> dict[str, float]:
    """Resident memory now; what processes share is counted in each."""
    return _sums(roots, lambda _, stat: int(stat[21]) * PAGE_MEGABYTES)


def own_megabytes(*roots: int) -> dict[str, float]:
    """Resident memory now, of which each process has its part of what several share."""

    def share(pid: int, _: list[str]) -> float:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) / 1024 for line in rollup.splitlines() if "Pss:" in line)

    return _sums(roots, share)


def threads(*roots: int) -> dict[str, float]:
    return _sums(roots, lambda _, stat: int(stat[17]))


def open_descriptors(*roots: int) -> dict[str, float]:
    return _sums(roots, lambda pid, _: sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()))


def process_ids(root: int) -> dict[str, int]:
    """Of each named process below `root`; of several the last."""
    return {name: pid for name, pid, _ in _processes((root,))}


def _sums(roots: tuple[int, ...], figure: Callable[[int, list[str]], float]) -> dict[str, float]:
    """By name; `figure` has the id and the fields of /proc/PID/stat that follow the command."""
    found: dict[str, float] = {}
    for name, pid, fields in _processes(roots):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found[name] = found.get(name, 0) + figure(pid, fields)
    return found


def _processes(roots: tuple[int, ...]) -> Iterator[tuple[str, int, list[str]]]:
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
        except OSError:
            continue  # it has ended meanwhile
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        if name := next((name for name in NAMES if name in command), None):
            found.append((name, pid, fields))
    yield from (one for one in found if any(_below(one[1], root, parents) for root in roots))


def _below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid == root:
            return True
        pid = parents[pid]
    return False
