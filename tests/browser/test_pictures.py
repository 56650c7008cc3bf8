"""The pictures of README.md can be taken again, and those that are there are of that size."""

import struct
import subprocess
import sys

import pytest

from tests.browser import take_pictures
from tests.browser.conftest import CHROMIUM
from tests.docs.pages import ROOT

NAMES = ("rack-light.png", "rack-dark.png")


def size(path):
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return {"width": width, "height": height}


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
def test_they_can_be_taken_again(tmp_path):
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    command = (sys.executable, "-m", "tests.browser.take_pictures", str(tmp_path), "400")  # one browser a process
    subprocess.run(command, cwd=ROOT, check=True, timeout=100)
    for name in NAMES:
        assert size(tmp_path / name) == take_pictures.SIZE == size(ROOT / "docs" / "images" / name)
