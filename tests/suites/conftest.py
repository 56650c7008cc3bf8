"""Suites as a team would write them, in a folder of their own, and a rack without hardware that runs them."""

import os
import textwrap
import time
from pathlib import Path

import pytest

from orchestrator import Rack

SOON = 60.0
"""Host seconds: a process that imports pytest and all this takes some on a busy machine."""


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch):
    """The children load no plugin that is only installed here: hypothesis and schemathesis cost them seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def rack():
    with Rack.simulated(slots=3, speed=10_000.0, seed=7) as rack:
        yield rack


@pytest.fixture
def slow_rack():
    """A self-test in it outlasts any test."""
    with Rack.simulated(slots=3, speed=1.0, seed=7) as rack:
        yield rack


@pytest.fixture
def suite(tmp_path):
    """Writes a suite's files, and gives its folder."""

    def write(text="", **files):
        folder = tmp_path / "qualification"
        folder.mkdir(exist_ok=True)
        for name, content in {"test_drive": text, **files}.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(content))
        return folder

    return write


def until(true, seconds=SOON):
    """Wait for what another process writes or does; nothing tells us of it."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return found


def marked(mark):
    """The living processes that were given this in their environment, zombies left out."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (path / "environ").read_bytes() and not _is_dead(path):
                found.append(int(path.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def _is_dead(path):
    return (path / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
