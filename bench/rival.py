"""The baseline (bench/baseline), running with the same number of products."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.programs import running
from bench.shop import Shop, free_port, product_texts
from bench.venvs import programs_of

HERE = Path(__file__).with_name("baseline")
SCENARIOS = ["list", "detail", "search", "login", "cart add", "cart read", "checkout", "mixed"]


@contextmanager
def running_baseline(products: int) -> Iterator[tuple[Shop, list[int]]]:
    """With the ids of its products."""
    programs = programs_of(HERE / "requirements.lock")
    with TemporaryDirectory(prefix="shop-bench-") as name:
        folder, url = Path(name), f"http://127.0.0.1:{free_port()}"
        file = folder / "products.json"
        file.write_text(json.dumps([_row(text) for text in product_texts(products)]))
        settings = {
            "BASELINE_DATABASE": str(folder / "baseline.db"),
            "BASELINE_SECRET": secrets.token_hex(32),
        }
        fill: list[str | Path] = [programs / "flask", "--app", HERE / "app.py", "fill", file]
        subprocess.run(fill, env=settings, check=True)
        serve: list[str | Path] = [programs / "gunicorn", "--config", HERE / "gunicorn.conf.py"]
        serve += ["--chdir", HERE, "--bind", url.removeprefix("http://"), "app:app"]
        ready = f"{url}/api/products"
        with running(serve, ready, log=folder / "log", more=settings) as process:
            yield Shop(url, process), list(range(1, products + 1))


def _row(text: dict[str, object]) -> dict[str, object]:
    """As its table has it."""
    price = text["price"]
    assert isinstance(price, dict)
    kept = {name: text[name] for name in ("sku", "name", "description", "stock")}
    return {**kept, "price": price["amount"]}
