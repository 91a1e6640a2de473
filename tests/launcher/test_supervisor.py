import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.child import Child
from launcher.errors import LaunchError
from launcher.supervisor import Supervisor

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    made: list[Child] = []

    def make(name: str, script: str, is_ready: Callable[[], bool] = lambda: True) -> Child:
        command = [sys.executable, "-c", textwrap.dedent(script)]
        log = tmp_path / f"{name}.log"
        made.append(Child(name, command, dict(os.environ), log, is_ready))
        return made[-1]

    yield make
    for child in made:
        child.wait(0.0)


SLEEP = "import time; time.sleep(60)"


def run_until(supervisor: Supervisor, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    supervisor.run_while(lambda: not condition() and time.monotonic() < deadline)
    assert condition()


def test_what_is_killed_is_started_again_and_said(children: Callable[..., Child]) -> None:
    said: list[str] = []
    auth, gateway = children("auth", SLEEP), children("gateway", SLEEP)
    supervisor = Supervisor([auth], gateway, said.append)
    supervisor.start()
    first, untouched = auth.pid, gateway.pid
    assert first
    os.kill(first, signal.SIGKILL)
    run_until(supervisor, lambda: any("back" in line for line in said))
    assert auth.running
    assert auth.pid != first
    assert gateway.pid == untouched
    assert "auth ended (killed by SIGKILL); starting it again" in said
    supervisor.stop()
    assert not auth.running
    assert not gateway.running


def test_what_does_not_start_is_given_up_with_its_last_words(
    children: Callable[..., Child],
) -> None:
    cart = children("cart", "raise SystemExit('the key is damaged')", lambda: False)
    supervisor = Supervisor([cart], children("gateway", SLEEP), print)
    with pytest.raises(LaunchError, match="cart does not start: the key is damaged"):
        supervisor.start()
    supervisor.stop()


def test_what_says_why_it_cannot_start_is_not_asked_again(children: Callable[..., Child]) -> None:
    cart = children("cart", "print('wrong settings', flush=True); exit(2)", lambda: False)
    supervisor = Supervisor([cart], children("gateway", SLEEP), print)
    with pytest.raises(LaunchError, match="cart does not start: wrong settings"):
        supervisor.start()
    assert cart.failures == 1
    supervisor.stop()


def test_what_keeps_ending_waits_longer_each_time_and_shows_its_log(
    children: Callable[..., Child],
) -> None:
    said: list[str] = []
    cart = children("cart", "raise SystemExit('no disk')", lambda: False)
    supervisor = Supervisor([cart], children("gateway", SLEEP), said.append)
    cart.start()
    run_until(supervisor, lambda: cart.failures >= 3)
    assert "    no disk" in said
    assert cart.start_again - cart.started > 0.7
    supervisor.stop()


def test_what_ignores_sigterm_is_killed_at_the_deadline(children: Callable[..., Child]) -> None:
    stubborn = children(
        "auth",
        """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        time.sleep(60)
        """,
    )
    stubborn.start()
    while not stubborn.log.read_text():
        time.sleep(0.01)
    stubborn.ask_to_stop()
    stubborn.wait(time.monotonic() + 0.2)
    assert not stubborn.running


def test_children_end_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    script = f"""
    import pathlib, sys, time
    sys.path.insert(0, {str(ROOT)!r})
    from launcher.child import Child
    log = pathlib.Path({str(tmp_path)!r}) / "log"
    child = Child("auth", ["sleep", "60"], {{}}, log, lambda: True)
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout
        child = int(launcher.stdout.readline())
        launcher.kill()
    deadline = time.monotonic() + PATIENCE
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_signal_that_python_drops_stops_all_the_same(tmp_path: Path) -> None:
    """As it does with what comes up in a finalizer."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from launcher.interruption import stop_on_signals
        from launcher.supervisor import Supervisor

        class Finalized:
            def __del__(self):
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(1000): pass

        stop_on_signals()
        sys.unraisablehook = lambda _: print("dropped")
        Finalized()
        supervisor = Supervisor([], None, print)
        try:
            supervisor.run_while(lambda: True)
        except KeyboardInterrupt:
            print("stopped")
        """
    )
    command = [sys.executable, "-c", script]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["dropped", "stopped"]
