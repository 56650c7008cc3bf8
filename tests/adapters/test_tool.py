"""A tool that does not answer has one error for each reason, and nothing hostile gets onto its command line."""

import threading

import pytest

from orchestrator.adapters.tool import Tool, checked_device_type, checked_node, last_lines
from orchestrator.model.errors import JobCancelled, Refused, ToolFailed, ToolMissing, ToolStuck, ToolTimeout
from orchestrator.model.ports import Event, Finished


class Ended:
    """Processes of which each ends like this."""

    def __init__(self, finished: Finished) -> None:
        self.finished = finished

    def run(self, argv: tuple[str, ...], *, deadline_s: float, stop: Event) -> Finished:
        return self.finished


def run(finished: Finished, **options: bool) -> Finished:
    return Tool(Ended(finished), "/usr/sbin/tool", "install it", **options).run(
        "-a", stop=threading.Event(), subject="/dev/sda"
    )


@pytest.mark.parametrize(
    ("finished", "error"),
    [
        (Finished(-15, b"", ended_by="stop"), JobCancelled),
        (Finished(-9, b"", ended_by="deadline"), ToolTimeout),
        (Finished(-9, b"", ended_by="deaf"), ToolStuck),
        (Finished(-15, b"x" * 9, ended_by="flood"), ToolFailed),
        (Finished(127, b"", b"tool: not found"), ToolMissing),
        (Finished(126, b"", b"tool: Too many open files"), ToolFailed),
        (Finished(-11, b""), ToolFailed),
    ],
)
def test_each_end_has_its_error(finished, error):
    with pytest.raises(error) as caught:
        run(finished)
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [0, 1, 2, 64, 125, 128, 255])
def test_an_exit_status_of_its_own_is_the_adapters_business(status):
    assert run(Finished(status, b"said")) == Finished(status, b"said")


def test_a_stuck_tool_is_a_timeout_to_whoever_does_not_care():
    with pytest.raises(ToolTimeout, match="cannot be killed") as caught:
        run(Finished(-9, b"", ended_by="deaf"))
    assert caught.value.code == "tool_stuck"
    assert "pull it" in caught.value.remedy


def test_a_missing_sudo_and_a_tool_that_sudo_cannot_find_are_told_apart():
    with pytest.raises(ToolMissing, match=r"^sudo cannot be found"):
        run(Finished(127, b"", b"sudo: not found"), sudo=True)
    with pytest.raises(ToolMissing, match=r"^/usr/sbin/tool cannot be found"):
        run(Finished(1, b"", b"sudo: /usr/sbin/tool: command not found"), sudo=True)


def test_the_last_lines_are_short_and_printable():
    assert last_lines(b"a\n\n\x1b[31mb\xff\n") == "a\n?[31mb\ufffd"
    assert len(last_lines(b"x" * 100_000)) == 600


PIECES = (
    *(" -X", "\n-X", "\t", "\0", ";id", "|id", "&id", "`id`", "$(id)", "${IFS}", ">x", "<x", "*", "?", "[a]", "{a,b}"),
    *(
        "~",
        "!",
        "#",
        "'",
        '"',
        "\\",
        "%s",
        "=",
        ",",
        "(",
        ")",
        "^",
        "\r",
        "\x1b[31m",
        "ü",
        "\u202e",
        "\ud800",
        "/../sda",
    ),
    *("/..", " ", "\n", "\x7f", "\x85", "\u2028"),
)
AROUND = (("/dev/sda", ""), ("/dev/", "sda"), ("", "/dev/sda"), ("/dev/s", "da"), ("/dev/disk/by-id/", ""))
HOSTILE = (
    *(
        "",
        "/",
        "/dev",
        "/dev/",
        "/dev//sda",
        "sda",
        "-d",
        "--json",
        "/etc/passwd",
        "/dev/-X",
        "/dev/.hidden",
        "/DEV/sda",
    ),
    "/dev/" + "a" * 5000,
    *(f"{before}{piece}{after}" for piece in PIECES for before, after in AROUND),
)


def test_two_hundred_hostile_nodes_are_refused():
    assert len(HOSTILE) > 200
    for node in HOSTILE:
        with pytest.raises(Refused):
            checked_node(node)


@pytest.mark.parametrize(
    "node",
    ["/dev/sda", "/dev/nvme0", "/dev/nvme0n1", "/dev/sg3", "/dev/bus/0", "/dev/disk/by-path/pci-0000:00:1f.2-ata-2.0",
     "/dev/disk/by-id/usb-Maker_Model_S3RIAL-0:0", "/dev/loop7", "/dev/twa0"],
)  # fmt: skip
def test_real_nodes_pass(node):
    assert checked_node(node) == node


def test_hostile_device_types_are_refused():
    hostile = [f"sat{piece}" for piece in PIECES] + [f"{piece}sat" for piece in PIECES]
    for device_type in [*hostile, "", "test", "SAT", "sat+", "+sat", "megaraid,", "megaraid,x5y", "jmb39x,0,s1,force"]:
        with pytest.raises(Refused):
            checked_device_type(device_type)


@pytest.mark.parametrize(
    "device_type",
    ["auto", "ata", "scsi", "nvme", "nvme,1", "nvme,0xffffffff", "sat", "sat,12", "sat,auto", "usbjmicron,x,1",
     "usbcypress,0x24", "sntasmedia", "sntjmicron,1", "megaraid,5", "sat+megaraid,5", "3ware,2", "areca,3/1",
     "hpt,1/2/3", "cciss,0", "aacraid,0,0,1", "jmb39x,0,s1"],
)  # fmt: skip
def test_the_types_of_the_manual_page_pass(device_type):
    assert checked_device_type(device_type) == device_type
