"""A user's package, built and installed beside ours."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds heat_watch as an installed distribution; nothing is fetched."""
    folder = tmp_path_factory.mktemp("own")
    source = shutil.copytree(HERE / "heat_watch", folder / "source")
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def run_beside(installed: Path):
    """Run Python with the user's package installed."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        env = {**os.environ, "PYTHONPATH": str(installed)}
        command = (sys.executable, *arguments)
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    return run
