"""A program that is killed and started again on the same store, with drives that know nothing of it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.leftovers import boot_ticks
from tests.crash.drives import SPEED, Drives
from tests.crash.rack_process import until
from tests.crash.truth import Truth

ROOT = Path(__file__).parents[2]
LAST_S = 60
"""Host seconds of a life that is not killed, at most."""


class Program:
    """Its lives come one after another."""

    def __init__(self, drives: Drives, lives: "subprocess.Popen[str]") -> None:
        self.drives, self.truth, self._lives = drives, Truth(), lives
        self._facts = drives.folder / "facts"

    def live(self, role: str, seconds: float, *, from_first: bool = False, **more: str) -> int:
        """One life, killed so long after its first step, or after its first acknowledged job; how it ended."""
        self._begin(role, seconds, from_first, **more)
        return self._end()

    def last_life(self) -> None:
        """It is not killed. Whatever the ones before left undone is done, and checked.

        When it is ready, the tools of all lives before are gone (H1): the start itself ends them, within a second.
        """
        began = boot_ticks()
        self._begin("last", LAST_S, from_first=False)
        until(lambda: self._facts.exists() and '"up"' in self._facts.read_text())
        assert self.drives.tools(began) == []
        assert self._end() == 0
        self.truth.check(self.drives.store)

    def _begin(self, role: str, seconds: float, from_first: bool, **more: str) -> None:
        life = {"role": role, "rack_file": str(self.drives.rack_file), "facts": str(self._facts), **more}
        self._lives.stdin.write(json.dumps({"life": life, "seconds": seconds, "from_first": from_first}) + "\n")
        self._lives.stdin.flush()

    def _end(self) -> int:
        line = self._lives.stdout.readline()
        assert line, f"the lives ended with {self._lives.wait(10)}"
        self.truth.hear(self._facts)
        return int(line)


@pytest.fixture(scope="module")
def lives() -> Iterator["subprocess.Popen[str]"]:
    command = (sys.executable, str(Path(__file__).with_name("lives.py")))
    pipe, env = subprocess.PIPE, {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env) as lives:
        try:
            yield lives
            lives.communicate(timeout=10)  # closes its stdin, which ends it
        finally:
            lives.kill()


@pytest.fixture
def drives(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Drives]:
    with contextlib.closing(Drives(tmp_path, getattr(request, "param", SPEED))) as drives:
        yield drives


@pytest.fixture
def program(drives: Drives, lives: "subprocess.Popen[str]") -> Program:
    return Program(drives, lives)
