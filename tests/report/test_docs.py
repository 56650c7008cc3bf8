"""What docs/reports.md shows is what the program does."""

import re
import shlex
from pathlib import Path

from orchestrator.interfaces.report.as_csv import COLUMNS
from orchestrator.interfaces.report.record import STATEMENT
from tests.interfaces.conftest import orchestrator  # noqa: F401 -- a fixture

TEXT = (Path(__file__).parents[2] / "docs/reports.md").read_text()


def test_every_command_does_what_is_shown(orchestrator, kept, tmp_path):  # noqa: F811
    """On this rack's service, for one of its jobs."""
    (block,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines():
        words = shlex.split(line.split(" #")[0].split(" >")[0])[1:]
        words = [word for word in words if word not in ("--config", "rack.yaml", "--url", "https://bench-7:8443")]
        words = [str(kept.jobs["intake"]) if word == "12" else word for word in words]
        words = [str(tmp_path / word) if word == "job-12.html" else word for word in words]
        said = orchestrator(*words, "--url", kept.url)
        assert (said.status, said.err) == (0, ""), line
        assert said.out or (tmp_path / "job-12.html").stat().st_size > 1000


def test_the_names_are_those_of_the_forms():
    assert STATEMENT in TEXT
    columns = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    assert [name for cell in columns for name in re.findall(r"`(\w+)`", cell)] == list(COLUMNS)
