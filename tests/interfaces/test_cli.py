"""The command line: what it says, where it says it, and with which exit status it leaves."""

import json
import signal
import subprocess
import sys

import pytest

from orchestrator.operations.declare import shipped

PATIENCE_S = 60
SLOW = "simulated: {slots: 2, speed: 1}"
"""A self-test of two minutes takes two minutes."""


def test_a_job_prints_its_answer_and_leaves_with_0(orchestrator):
    said = orchestrator("run", "smart-test", "3", "--simulated")
    assert said.status == 0
    assert "slot 3 (3): " in said.out
    assert "run_smart_test: PASS" in said.out
    assert "answer: True" in said.out


def test_a_job_as_json_is_one_object_with_the_contracts_names(orchestrator):
    said = orchestrator("run", "run_smart_test", "3", "--simulated", "--json", "--kind", "short", "--poll-s", "30")
    job = json.loads(said.out)
    assert (job["name"], job["slot_id"], job["status"], job["status_name"]) == ("run_smart_test", 3, 4, "COMPLETED")
    assert (job["answer"], job["verdict"], job["reasons"], job["simulated"]) == (True, "pass", [], True)
    assert job["drive"]["serial"]
    assert said.err == ""


@pytest.mark.parametrize("name", ["smart-test", "run-smart-test", "smart_test", "run_smart_test"])
def test_an_operation_is_called_by_its_functions_name(orchestrator, name):
    assert orchestrator("run", name, "--help").status == 0


def test_every_operation_is_a_command_with_its_options(orchestrator):
    listed = orchestrator("run", "--help").out
    for operation in shipped().values():
        name = operation.name.removeprefix("run_").replace("_", "-")
        assert name in listed
        helped = orchestrator("run", name, "--help").out
        assert "Examples:" in helped
        for option in operation.options:
            assert f"--{option.replace('_', '-')}" in helped


@pytest.mark.parametrize("command", ["demo", "slots", "doctor", "assess", "run"])
def test_every_help_has_examples(orchestrator, command):
    said = orchestrator(command, "--help")
    assert said.status == 0
    assert f"orchestrator {command}" in said.out.split("Examples:")[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "smart-test", "3"), "give its file (--config FILE), or say --simulated"),
        (("run", "smart-test", "3", "--simulated", "--config", "x"), "give its file (--config FILE)"),
        (("run", "smart-test", "99", "--simulated"), "no slot 99 in this rack; list the slots to see their ids"),
        (("run", "smart-test", "three", "--simulated"), "SLOT"),
        (("run", "smart-test", "3", "--simulated", "--kind", "log"), "it takes 'short' or 'extended' or 'conveyance'"),
        (("run", "smart-test", "3", "--simulated", "--poll-s", "0"), "it takes 1 to 86400"),
        (
            ("run", "smart-tset", "3", "--simulated"),
            "no operation 'smart-tset'; it is one of: locate, ",
        ),
        (("run", "smart-test", "3", "--config", "/no/rack.yaml"), "/no/rack.yaml cannot be read"),
        (("slots",), "give its file (--config FILE), or say --simulated"),
        (("demo", "--speed", "0"), "speed is 0"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_wrong_usage_is_one_sentence_on_stderr_and_status_2(orchestrator, arguments, says):
    said = orchestrator(*arguments)
    assert (said.status, said.out) == (2, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_rack_file_with_mistakes_names_them_all(orchestrator, rack_file):
    path = rack_file("slots: {3: {nood: /dev/sda}}\nsmartctl: {sudo: perhaps}")
    said = orchestrator("slots", "--config", path)
    assert said.status == 2
    assert said.err.splitlines() == [
        f"{path}:1:13: slot 3 takes no 'nood'; did you mean 'node'?",
        f"{path}:2:18: smartctl: sudo takes true or false, not 'perhaps'",
    ]


def test_a_real_rack_without_its_tool_never_falls_back_to_simulation(orchestrator, rack_file):
    path = rack_file("slots: {3: {label: A3, node: /dev/sda}}\nsmartctl: {path: /no/such/smartctl}")
    said = orchestrator("slots", "--config", path, "--json")
    (slot,) = [json.loads(line) for line in said.out.splitlines()]
    assert (slot["slot_id"], slot["state"], slot["drive"], slot["simulated"]) == (3, "unknown", None, False)
    assert "/no/such/smartctl cannot be found; install smartmontools" in slot["reason"]
    said = orchestrator("run", "read-health", "3", "--config", path)
    assert (said.status, said.out) == (1, "")
    assert "slot 3 (A3) is UNKNOWN" in said.err
    assert "SIMULATED" not in said.err


def test_slots_lists_each_slot(orchestrator, rack_file):
    said = orchestrator("slots", "--config", rack_file("simulated: {slots: 3, seed: 5}"), "--json")
    slots = [json.loads(line) for line in said.out.splitlines()]
    assert [slot["slot_id"] for slot in slots] == [1, 2, 3]
    assert all(slot["simulated"] and slot["state"] == "ready" and slot["drive"]["serial"] for slot in slots)
    table = orchestrator("slots", "--config", rack_file("simulated: {slots: 3, seed: 5}")).out.splitlines()
    assert table[0] == "SIMULATED rack: 3 slots, and no drive in them is real"
    assert slots[2]["drive"]["serial"] in table[4]


def test_on_a_terminal_a_job_has_a_bar_and_then_its_answer(terminal, rack_file):
    config = rack_file("simulated: {slots: 1, speed: 100}")
    text = terminal("run", "smart-test", "1", "--config", config, columns=120)
    assert "━" in text
    assert text.splitlines()[-1] == "  answer: True"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_job_and_says_so(process, rack_file, sent):
    started = process("run", "smart-test", "1", "--config", rack_file(SLOW))
    assert started.stderr is not None
    for line in started.stderr:
        if "RUNNING" in line:
            break
    started.send_signal(sent)
    out, err = started.communicate(timeout=PATIENCE_S)
    assert started.returncode == 1
    assert "cancelling" in err
    assert "UNKNOWN\n  - cancelled while it ran" in out


def test_assess_is_light():
    """rich, pydantic, pykka and pySMART are only for those who need them: start-up is below 0.3 s."""
    code = """
import sys
from orchestrator.interfaces import cli
sys.argv = ["orchestrator", "assess", "-"]
try:
    cli.main()
finally:
    heavy = {"rich", "pydantic", "pykka", "pySMART", "ruamel"} & set(sys.modules)
    sys.stderr.write(f"heavy: {sorted(heavy)}")
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], input="", capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == 0
    assert ended.stdout.startswith("UNKNOWN")
    assert ended.stderr == "heavy: []"


def test_assess_on_the_command_line_gives_an_object_a_file(orchestrator, tmp_path):
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    said = orchestrator("assess", "--json", str(empty), str(tmp_path / "none.txt"))
    assert said.status == 2
    assert [json.loads(line)["verdict"] for line in said.out.splitlines()] == ["unknown", "unknown"]
    assert "none.txt" in said.err
