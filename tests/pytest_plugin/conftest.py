"""Suites of strangers, run by a pytest of their own."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

STRANGER = Path(__file__).with_name("stranger")
collect_ignore = ["stranger"]
LONGEST_S = 100.0


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str

    @property
    def counts(self) -> dict[str, int]:
        """Of the last line: {"passed": 3, "no answer": 1}."""
        last = next(line for line in reversed(self.out.splitlines()) if re.search(r" in [\d.]+s", line))
        found = re.findall(r"(\d+) ([a-z ]+?)(?=,| in )", last)
        return {what: int(number) for number, what in found}

    @property
    def table(self) -> dict[str, list[str]]:
        """The cells behind the slot, by slot."""
        lines = self.out.splitlines()
        begin = next(n for n, line in enumerate(lines) if line.startswith("slot  serial"))
        cells = [re.split(r" {2,}", line.rstrip()) for line in lines[begin + 1 :]]
        return {row[0]: row[1:] for row in cells if re.match(r"\d+( \(.*\))?$", row[0])}


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`suite(*arguments, text=...)`: pytest in a process of its own, with our plugin as it is installed, xdist and
    pytest-timeout."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("ORCHESTRATOR_NO_SKIP", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)  # of the run that we are part of

    def run(*arguments: str, text: str | None = None) -> Ran:
        if text is not None:
            pytester.makepyfile(test_it=text)
        plugins = ("-p", "orchestrator", "-p", "xdist", "-p", "pytest_timeout")
        result = pytester.runpytest_subprocess(*plugins, "--strict-markers", *arguments, timeout=LONGEST_S)
        return Ran(int(result.ret), result.stdout.str(), result.stderr.str())

    return run


@pytest.fixture
def stranger(pytester: pytest.Pytester) -> Path:
    """Their three tests and their ini file, in the folder where `suite` runs."""
    for path in STRANGER.iterdir():
        if path.is_file():
            (pytester.path / path.name).write_text(path.read_text())
    return pytester.path


def properties(path: Path) -> dict[str, dict[str, str]]:
    """What JUnit says of each test, by its name; also its outcome in JUnit's words."""
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):  # noqa: S314 -- ours
        ending = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "passed")
        told = {prop.get("name", ""): prop.get("value", "") for prop in case.iter("property")}
        found[case.get("name", "")] = {**told, "junit": ending}
    return found
