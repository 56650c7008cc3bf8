"""The curl lines of README.md are run as they are written, against a service that was just started."""

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.interfaces.serving import Served

ROOT = Path(__file__).parents[2]
WRITTEN = "http://127.0.0.1:8080"
"""Replaced by the address that was free; nothing else is."""
README = re.findall(r"^    (curl .*)$", (ROOT / "README.md").read_text("utf-8"), re.M)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_readme_starts_a_test_by_curl_and_reads_its_result():
    served = Served("--simulated", "--slots", "4", "--speed", "10000", "--http", "127.0.0.1:0")
    try:
        url = served.url()
        answers = []
        for line in README:
            command = line.replace(WRITTEN, url)
            done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True, timeout=50)
            assert done.returncode == 0, f"{line}: {done.stderr}"
            answers.append(json.loads(done.stdout))
    finally:
        served.stop(signal.SIGTERM)
    slots, started, result = answers
    assert len(slots if isinstance(slots, list) else slots["items"]) == 4
    assert started["name"] == "run_smart_test" and started["id"] == 1
    assert result["answer"] is True, result
