"""`make bench-profile`: flame graphs of the services that a scenario keeps busy, with py-spy."""

import argparse
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.cpu import SERVICES, cpu_microseconds, process_ids
from bench.place import Place
from bench.scenarios import SCENARIOS
from bench.shop import Shop, make_products, running_shop
from bench.venvs import programs_of
from bench.wrk import measure

FOLDER = Path("var/flames")
LOCK = Path(__file__).with_name("requirements.lock")
SAMPLES_PER_SECOND = 250
LEAST_SHARE = 0.05
"""Of all the services' CPU: less makes no flame graph."""
CACHED = {"list, cached", "detail, cached"}


def record(
    shop: Shop, place: Place, name: str, seconds: int, folder: Path, py_spy: Path
) -> list[Path]:
    """One file for each service that had something to do."""
    played, pids = SCENARIOS[name](place), process_ids(shop.process.pid)
    spies, before = [], cpu_microseconds(shop.process.pid)
    files = {
        one: folder / f"{name.replace(', ', '-').replace(' ', '-')}-{one}.svg" for one in SERVICES
    }
    for service, file in files.items():
        command: list[str | Path] = [py_spy, "record", "--output", file]
        command += ["--rate", str(SAMPLES_PER_SECOND), "--duration", str(seconds)]
        command += ["--pid", str(pids[service])]
        spies.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    measure(shop.url, played.visits, seconds=seconds + 1, own=played.own)
    for spy in spies:
        output, _ = spy.communicate()
        if spy.returncode:
            raise SystemExit(f"py-spy failed (it needs root, or ptrace_scope 0): {output.decode()}")
    after = cpu_microseconds(shop.process.pid)
    used = {service: after[service] - before[service] for service in SERVICES}
    for service, file in files.items():
        if used[service] < LEAST_SHARE * sum(used.values()):
            file.unlink()
    return [file for file in files.values() if file.exists()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [name for name in SCENARIOS if name not in CACHED]
    parser.add_argument("scenarios", nargs="*", choices=[[], *names], help="all by default")
    parser.add_argument("--products", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=8)
    chosen = parser.parse_args()
    folder = FOLDER / f"{datetime.now(UTC):%Y-%m-%dT%H%MZ}"
    folder.mkdir(parents=True)
    py_spy = programs_of(LOCK) / "py-spy"
    with running_shop(sample=False) as shop:
        place = Place(shop.url, make_products(shop, chosen.products))
        for name in chosen.scenarios or names:
            for file in record(shop, place, name, chosen.seconds, folder, py_spy):
                print(os.path.relpath(file), flush=True)


if __name__ == "__main__":
    main()
