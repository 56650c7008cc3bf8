"""The switch of CI: with it a skipped test fails, in whatever way it was skipped."""

import shutil
from pathlib import Path

import pytest

pytest_plugins = ("pytester",)

SKIPPING = """
import pytest

@pytest.mark.skip(reason="no such tool")
def test_by_a_mark(): ...

def test_by_a_call():
    pytest.skip("no such tool")

@pytest.mark.xfail(strict=True)
def test_that_is_known_to_fail():
    assert False
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copy(Path(__file__).parent / "conftest.py", pytester.path)
    return pytester


def test_skips_are_failures_with_their_reason_when_nothing_may_be_skipped(suite, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_NO_SKIP", "1")
    suite.makepyfile(SKIPPING)
    result = suite.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1, errors=1, xfailed=1)
    result.stdout.fnmatch_lines(["*with ORCHESTRATOR_NO_SKIP a skip is a failure: *no such tool*"])


def test_a_whole_module_that_is_skipped_is_an_error(suite, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_NO_SKIP", "1")
    suite.makepyfile("import pytest\npytest.importorskip('there_is_no_such_module')\ndef test_it(): ...")
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(errors=1)


def test_at_a_desk_a_skip_is_a_skip(suite, monkeypatch):
    monkeypatch.delenv("ORCHESTRATOR_NO_SKIP", raising=False)
    suite.makepyfile(SKIPPING)
    suite.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(skipped=2, xfailed=1)
