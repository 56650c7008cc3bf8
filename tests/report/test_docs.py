"""What docs/reports.md says is what the program does; its blocks are run by tests/docs."""

import re
from pathlib import Path

from orchestrator.interfaces.report.as_csv import COLUMNS
from orchestrator.interfaces.report.record import STATEMENT

TEXT = (Path(__file__).parents[2] / "docs/reports.md").read_text()


def test_the_names_are_those_of_the_forms():
    assert STATEMENT in TEXT
    columns = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    assert [name for cell in columns for name in re.findall(r"`(\w+)`", cell)] == list(COLUMNS)
