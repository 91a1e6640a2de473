"""Signals around the start of a process, and beside whom it runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from launcher.process import spawn

ROOT = Path(__file__).parents[2]
INTERRUPTED = """
import os, signal, subprocess
from launcher.process import spawn

signal.signal(signal.SIGINT, signal.default_int_handler)
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    spawn(["true"], {"PATH": "/bin:/usr/bin"}, subprocess.DEVNULL)
except KeyboardInterrupt:
    print("heard")
"""


def test_ctrl_c_is_heard_while_a_process_starts() -> None:
    command = [sys.executable, "-W", "ignore", "-c", INTERRUPTED]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (answer.stdout, answer.stderr) == ("heard\n", "")


def test_what_was_started_hears_signals() -> None:
    process = spawn(["sleep", "60"], {"PATH": "/bin:/usr/bin"}, subprocess.DEVNULL)
    process.terminate()
    assert process.wait(30) == -signal.SIGTERM


def test_a17_a_service_shares_the_cpu_with_the_others_and_not_with_a_session_of_its_own() -> None:
    process = spawn(["sleep", "60"], {"PATH": "/bin:/usr/bin"}, subprocess.DEVNULL)
    try:
        assert os.getsid(process.pid) == os.getsid(0)
        assert os.getpgid(process.pid) == process.pid  # the terminal's Ctrl-C is not for it
    finally:
        process.terminate()
        process.wait(30)
