"""The stand-in smartctl. That it speaks as the real one does is proven in tests/beds; here is what is its own."""

import json

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.simulated.smartctl import StandInSmartctl, parsed


@pytest.fixture
def ask(make_drive):
    """Ask a drive of this kind: exit status and text."""
    drives = {"/dev/sda": make_drive(), "/dev/sdb": make_drive(Protocol.SCSI), "/dev/nvme0": make_drive(Protocol.NVME)}
    tool = StandInSmartctl(drives.get, nodes=lambda: tuple(drives), now=lambda: 0.0)

    def run(*argv: str) -> tuple[int, str]:
        status, output = tool.run(argv)
        return status, output.decode()

    return run


NODES = pytest.mark.parametrize("node", ["/dev/sda", "/dev/sdb", "/dev/nvme0"])


@NODES
@pytest.mark.parametrize("options", [("-a",), ("-t", "short"), ("-X",), ("-V",), ("--scan-open",), ("--bogus",)])
def test_everything_it_prints_says_simulated(ask, node, options):
    _, text = ask(*options, node)
    assert "SIMULATED" in text.splitlines()[0]
    document = json.loads(ask("--json=o", *options, node)[1])
    assert document["simulated"] is True
    assert document["smartctl"]["platform_info"] == "SIMULATED"
    assert "SIMULATED" in document["smartctl"]["output"][0]


@NODES
def test_the_text_inside_the_json_is_the_text(ask, node):
    text = ask("-a", node)[1]
    document = json.loads(ask("--json=o", "-a", node)[1])
    assert "\n".join(document["smartctl"]["output"]) + "\n" == text


def test_compact_json_is_one_line_and_plain_json_has_no_text(ask):
    assert ask("--json=c", "-H", "/dev/sda")[1].count("\n") == 1
    assert "output" not in json.loads(ask("--json", "-H", "/dev/sda")[1])["smartctl"]


@pytest.mark.parametrize(
    "argv", [(), ("-a",), ("-a", "/dev/sda", "/dev/sdb"), ("-t", "bogus", "/dev/sda"), ("-Z", "/dev/sda")]
)
def test_a_wrong_command_line_is_exit_status_1(ask, argv):
    status, text = ask(*argv)
    assert status == 1
    assert "Use smartctl -h" in text


def test_a_scan_lists_what_can_be_opened(ask):
    lines = ask("--scan-open")[1].splitlines()[3:]
    assert lines == [
        "/dev/sda -d sat # /dev/sda [SAT], ATA device",
        "/dev/sdb -d scsi # /dev/sdb, SCSI device",
        "/dev/nvme0 -d nvme # /dev/nvme0, NVMe device",
    ]


def test_an_unknown_node_and_a_wrong_type_are_exit_status_2(ask):
    assert ask("-a", "/dev/sdz")[0] == 2
    assert ask("-a", "-d", "nvme", "/dev/sda")[0] == 2


def test_arguments_are_understood_long_and_short(ask):
    long = parsed(("--all", "--device=sat", "--nocheck=standby", "--drivedb=/dev/null", "--json=oc", "/dev/sda"))
    short = parsed(("-a", "-d", "sat", "-n", "standby", "-B", "/dev/null", "-joc", "/dev/sda"))
    assert long == short
    assert (long.node, long.device_type, long.leave_asleep, long.database, long.json) == (
        "/dev/sda",
        "sat",
        True,
        False,
        "oc",
    )


def test_another_serial_answers_when_it_is_told_to(make_drive):
    drive = make_drive()
    drive.inject("wrong_serial")
    _, output = StandInSmartctl(lambda node: drive).run(("--json", "-i", "/dev/sda"))
    assert json.loads(output)["serial_number"] == drive.answering_serial != drive.serial
