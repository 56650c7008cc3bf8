"""An operation of a user's own, from a package of theirs: it has all that a shipped one has, and no line of ours."""

import json
from pathlib import Path

HARNESS = """
from orchestrator import Rack
with Rack.simulated(slots=1, speed=1e5) as rack:
    job_id = rack.watch_temperature(client_ref=7, slot_id=1, minutes=3)
    print(rack.watch_temperature_result(job_id, timeout=30))
    job_id = rack.start("watch_temperature", 7, 1, minutes=3, limit_celsius=20)
    print(rack.result("watch_temperature", job_id, timeout=30), rack.get_job_status(job_id).verdict.reasons[0].rule)
    print("watch_temperature" in rack.operations)
"""
DOCS = Path(__file__).parents[2] / "docs" / "writing-an-operation.md"


def test_it_is_a_pair_on_the_facade(run_beside):
    ended = run_beside("-c", HARNESS)
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["True", "False heat", "True"]


def test_it_is_a_command_with_options_and_their_ranges(run_beside):
    cli = ("-m", "orchestrator.interfaces.cli", "run", "watch-temperature")
    helped = run_beside(*cli, "--help").stdout
    assert "rack minutes to watch. 1 to 1440. Default: 10." in " ".join(helped.split())
    ended = run_beside(*cli, "2", "--simulated", "--minutes", "2", "--json")
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["answer"] is True
    ended = run_beside(*cli, "2", "--simulated", "--minutes", "0")
    assert (ended.returncode, ended.stderr) == (2, "minutes is 0; it takes 1 to 1440\n")


def test_the_function_stays_callable_with_a_bench_of_three_lines(run_beside):
    ended = run_beside(
        "-c",
        """
from types import SimpleNamespace
from heat_watch import watch_temperature
nothing = lambda *_, **__: None
bench = SimpleNamespace(read=lambda *_, **__: SimpleNamespace(temperature_celsius=71), checkpoint=nothing,
                        progress=nothing, sleep=nothing, conclude=lambda verdict: print(verdict.status))
print(watch_temperature(None, bench, minutes=1))
""",
    )
    assert ended.stdout.splitlines() == ["fail", "False"]


def test_the_documentation_shows_this_very_package():
    text = DOCS.read_text()
    for name in ("heat_watch.py", "pyproject.toml"):
        assert (Path(__file__).parent / "heat_watch" / name).read_text() in text
