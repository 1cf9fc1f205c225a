"""The whole, as the programs of their own do it: simulation, kill -9, fuzzing, the demonstration's examples."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.sim.run import play
from tests.support import ROOT


@pytest.mark.parametrize("seed", range(40))
def test_simulated_lives(seed: int) -> None:
    play(seed)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=240)


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_by_kill_9() -> None:
    done = run("tests/crash/kill_loop.py", "--cycles", "8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, doubled 0" in done.stdout


@pytest.mark.slow
def test_no_exception_leaves_a_decoder() -> None:
    done = run("tests/fuzz/run.py", "--runs", "10000")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("routes", ["routes.yaml", "examples/demo.yaml", "examples/ach.yaml"])
def test_shipped_configurations_pass_their_own_tests(routes: str) -> None:
    for command in ("check", "test"):
        done = run("-m", "gateway", command, routes)
        assert done.returncode == 0, done.stdout + done.stderr


def test_one_defect_in_an_ach_file_is_one_error() -> None:
    done = run("tests/conformance/ach_mutations.py", "--count", "2000")
    assert done.returncode == 0, done.stdout + done.stderr
