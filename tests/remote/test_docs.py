"""What docs/remote.md shows is what the program does."""

import re
from pathlib import Path

from tests.interfaces.conftest import orchestrator
from tests.remote.conftest import ByHttp
from tests.web.conftest import SOON

__all__ = ["orchestrator"]
PAGE = (Path(__file__).parents[2] / "docs" / "remote.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_harness_of_the_page_runs_as_written(near, served):
    (code,) = blocks("python")
    with served.over(near) as url:
        space = {"token": None, "cafile": None}
        exec(code.replace("https://bench-7:8443", url), space)  # noqa: S102 -- it is ours
        near.wait([space["job_id"]], SOON)
        assert space["device_ok"] is True


def test_every_command_of_the_page_runs_as_written(orchestrator, near, served, monkeypatch):
    """But for `watch`, which has no end, and the address."""
    (block,) = blocks("sh")
    lines = [line.split("#")[0].split() for line in block.splitlines() if line.startswith("orchestrator")]
    with served.over(near) as url, ByHttp(url, near) as far:
        monkeypatch.setenv("ORCHESTRATOR_URL", url)
        far.wait([far.read_health(1, slot_id) for slot_id in (1, 2, 3) * 4], SOON)
        expected = {"cancel": 0, "history": 2, "release": 2}  # no history is kept here, and there are three slots
        for _, command, *words in lines:
            said = orchestrator(command, *(words if command != "watch" else ["--help"]))
            assert said.status == expected.get(command, 0), f"{command}: {said.err}"
    assert {words[1] for words in lines} >= {"slots", "run", "jobs", "wait", "cancel", "locate", "release", "watch"}


def test_what_the_page_says_is_not_there_is_not_there(rack):
    (sentence,) = re.findall(r"Not there: (.*?)\.", PAGE)
    for name in set(re.findall(r"`(\w+)`", sentence)) - {"simulation"}:
        assert not hasattr(rack, name), name
