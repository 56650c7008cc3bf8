"""What systemd hears of us, when the watchdog goes hungry, and whether the unit file is one."""

import shutil
import socket
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from orchestrator.interfaces.systemd import Systemd
from orchestrator.rack import Rack

UNIT = Path(__file__).parents[2] / "docs" / "orchestrator.service"
COMMAND = "/usr/local/bin/orchestrator"
MOST_EXPOSED = 2.5
"""Of 10, by `systemd-analyze security`: 2.0 on systemd 252."""


class Manager:
    """systemd's end of the socket."""

    def __init__(self, address):
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(20)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    def hears(self):
        return self._socket.recv(4096).decode().splitlines()

    def until(self, word):
        heard = []
        while word not in heard:
            heard += self.hears()
        return heard

    def close(self):
        self._socket.close()


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request, tmp_path):
    manager = Manager(str(tmp_path / "notify") if request.param == "a path" else f"@orchestrator-{uuid.uuid4().hex}")
    yield manager
    manager.close()


@pytest.fixture
def rack():
    with Rack.simulated(slots=2) as rack:
        yield rack


def test_it_hears_that_we_are_ready_and_that_we_stop(manager):
    systemd = Systemd({"NOTIFY_SOCKET": manager.address})
    systemd.ready("serving at\nhttp://127.0.0.1:8080")
    systemd.stopping()
    assert manager.hears() == ["READY=1", "STATUS=serving at http://127.0.0.1:8080"]
    assert manager.hears() == ["STOPPING=1", "STATUS=stopping"]


def test_children_have_no_part_in_it(manager):
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "30000000", "HOME": "/"}
    assert Systemd(environment).every_s == 10
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize("wrong", [{}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}])
def test_a_watchdog_that_is_not_ours_is_not_fed(manager, wrong):
    systemd = Systemd({"NOTIFY_SOCKET": manager.address, **wrong})
    systemd.feed(lambda _: pytest.fail("nobody is to be asked"), lambda: "")
    assert systemd.every_s == 0


def test_without_systemd_nothing_is_said():
    Systemd({}).ready("serving")


def test_a_manager_who_is_gone_stops_nobody(tmp_path):
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready("serving")


def watched(manager):
    """With a watchdog that is fed at every look."""
    return Systemd({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "3"})


def test_the_watchdog_is_fed_while_a_slot_hangs(manager, rack):
    rack.simulation.inject(1, "hang")
    job_id = rack.read_health(1, 1)
    watched(manager).feed(lambda _: rack.answers(), lambda: f"{len(rack.open_jobs())} open jobs")
    assert manager.hears() == ["WATCHDOG=1", "STATUS=1 open jobs"]
    rack.cancel_job(job_id)


def test_the_watchdog_goes_hungry_while_the_directory_does_not_answer(manager, rack):
    systemd, gate = watched(manager), threading.Event()
    directory = rack._post.ref("directory")._actor_weakref()
    directory.on_receive = lambda _: gate.wait(20)
    rack._post.tell("directory", "anything")
    systemd.feed(lambda _: rack.answers(0.1), lambda: "")
    assert manager.hears() == ["STATUS=the directory does not answer; the watchdog is not fed"]
    del directory.on_receive
    gate.set()
    systemd.feed(lambda _: rack.answers(20), lambda: "well")
    assert manager.hears() == ["WATCHDOG=1", "STATUS=well"]


@pytest.mark.timeout(60)
def test_a_served_rack_tells_its_whole_life(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "300000", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "orchestrator.interfaces.cli", "serve", "--simulated", "--http", "none"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as served:
        try:
            assert manager.hears()[0] == "READY=1"
            assert manager.hears() == ["WATCHDOG=1", "STATUS=24 slots, 0 open jobs"]
            served.terminate()
            assert "STATUS=stopping" in manager.until("STOPPING=1")
            assert served.wait(20) == 0
        finally:
            served.kill()
            manager.close()


@pytest.fixture
def analyze(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (apt install systemd)")
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text().replace(COMMAND, sys.executable))  # else it only says that this is not installed

    def run(*words):
        command = ["systemd-analyze", *words, str(there)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.mark.timeout(90)
def test_the_unit_file_is_one_that_systemd_takes(analyze):
    assert COMMAND in UNIT.read_text()
    ran = analyze("verify", "--man=no")
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


@pytest.mark.timeout(90)
def test_the_unit_file_leaves_little_open(analyze):
    ran = analyze("security", "--offline=true", f"--threshold={round(MOST_EXPOSED * 10)}")
    assert ran.returncode == 0, ran.stdout
