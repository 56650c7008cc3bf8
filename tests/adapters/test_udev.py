"""Discovery by udev over a stand-in for pyudev's Context and Monitor: order, loss, silence, and who is asked at all."""

import errno
import os
import threading
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.adapters import udev
from orchestrator.adapters.nodes import NodePlace, Nodes
from orchestrator.adapters.threads import Threads
from orchestrator.adapters.udev import Discovery, UdevSource
from orchestrator.model.drive import Drive
from orchestrator.model.errors import DriveRemoved, OrchestratorError, ToolTimeout
from orchestrator.model.place import Matcher, Rule
from orchestrator.model.ports import Sighting

PATIENCE_S = 10.0
RULES = {1: Rule(id_path=("bay-1",)), 2: Rule(id_path=("bay-2",)), 3: Rule(id_path=("bay-[23]x",)),
         4: Rule(id_path=("bay-2x",))}  # fmt: skip


class Host:
    """udev, sysfs and the drives of a machine that is not there. Stands in for the module pyudev too."""

    def __init__(self, folder: Path) -> None:
        self.sys, self.run = folder / "sys", folder / "run"
        (self.run / "udev").mkdir(parents=True)
        (self.run / "udev/control").touch()
        self.devices: dict[str, SimpleNamespace] = {}
        self.monitors: list[Monitor] = []
        self.drives: dict[str, Drive] = {}
        self.hanging: dict[str, threading.Event] = {}
        self.asked: list[tuple[str, str]] = []
        self.diskseq: int | None = 1
        self.Monitor = SimpleNamespace(from_netlink=self._monitor)

    def Context(self) -> "Host":  # noqa: N802
        return self

    def list_devices(self, **_: str) -> list[SimpleNamespace]:
        return list(self.devices.values())

    def _monitor(self, context: "Host", source: str) -> "Monitor":
        self.monitors.append(Monitor())
        return self.monitors[-1]

    def identify(self, node, device_type="", *, stop):
        self.asked.append((node, device_type))
        while (silence := self.hanging.get(node)) is not None and not silence.wait(0.005):
            if stop.is_set():
                raise ToolTimeout("stopped")
        if node not in self.drives:
            raise DriveRemoved(f"{node} is gone")
        return self.drives[node], "sat"

    def plug(self, name, path, serial, *, event=True):
        self.drives[f"/dev/{name}"] = Drive(serial, model="M")
        properties = {"DEVTYPE": "disk", "ID_PATH": path, "ID_SERIAL_SHORT": serial}
        (self.sys / "class/block" / name).mkdir(parents=True, exist_ok=True)
        if self.diskseq is not None:
            self.diskseq += 1
            properties["DISKSEQ"] = str(self.diskseq)
            (self.sys / "class/block" / name / "diskseq").write_text(f"{self.diskseq}\n")
        self.devices[name] = SimpleNamespace(sys_name=name, action="add", properties=properties)
        if event:
            self.send(self.devices[name])

    def pull(self, name, *, event=True):
        device = self.devices.pop(name)
        self.drives.pop(f"/dev/{name}", None)
        (self.sys / "class/block" / name / "diskseq").unlink(missing_ok=True)
        if event:
            self.send(SimpleNamespace(sys_name=name, action="remove", properties=device.properties))

    def send(self, device):
        if self.monitors:
            self.monitors[-1].say(device)


class Monitor:
    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK)
        self.events: deque[SimpleNamespace | OSError] = deque()
        self.started = False

    def filter_by(self, *_: str) -> None: ...
    def set_receive_buffer_size(self, size: int) -> None: ...

    def start(self) -> None:
        self.started = True

    def fileno(self) -> int:
        return self._fd

    def say(self, event: SimpleNamespace | OSError) -> None:
        assert self.started
        self.events.append(event)
        os.eventfd_write(self._fd, 1)

    def poll(self, timeout: float) -> SimpleNamespace | None:
        assert timeout == 0
        if not self.events:
            return None
        event = self.events.popleft()
        if not self.events:
            os.eventfd_read(self._fd)
        if isinstance(event, OSError):
            raise event
        return event


@pytest.fixture
def host(tmp_path, monkeypatch):
    host = Host(tmp_path)
    monkeypatch.setattr(udev, "_pyudev", lambda: host)
    monkeypatch.setattr(udev, "_context", host.Context)
    yield host
    for silence in host.hanging.values():
        silence.set()


@pytest.fixture
def discovery(host):
    ports = Threads()
    nodes = Nodes({}, host, ports, sys=host.sys)
    yield Discovery(nodes, Matcher(RULES).find, {2: "sat,auto"}, ports, run=host.run)
    ports.close()


def seen(sighting: Sighting | None) -> tuple[object, ...] | None:
    if sighting is None:
        return None
    presence = sighting.presence
    return sighting.action, sighting.key, presence and (presence.drive.serial, presence.number)


def heard(source: UdevSource, quiet_s: float = 0.1) -> list[tuple[object, ...] | None]:
    """Until it is quiet."""
    found = []
    while (sighting := source.get(quiet_s)) is not None:
        found.append(seen(sighting))
    return found


def test_a_listing_says_who_is_where_and_with_the_kernels_number(host, discovery):
    host.plug("sda", "bay-1", "SN-A")
    host.plug("sdb", "bay-2", "SN-B")
    assert list(map(seen, discovery.make_source().open())) == [("add", "sda", ("SN-A", 2)), ("add", "sdb", ("SN-B", 3))]
    assert sorted(host.asked) == [("/dev/sda", ""), ("/dev/sdb", "sat,auto")], "the rack file's type is used"


def test_a_drive_that_no_slot_means_is_never_asked(host, discovery):
    host.plug("sda", "elsewhere", "SN-A")
    assert discovery.make_source().open() == ()
    assert host.asked == []


def test_a_drive_that_two_slots_mean_is_not_asked_by_either_ones_type(host, discovery):
    host.plug("sda", "bay-2x", "SN-A")
    (sighting,) = discovery.make_source().open()
    assert discovery.find(sighting.place) == (3, 4)
    assert host.asked == [("/dev/sda", "")]


def test_plugging_is_told_at_once_and_with_the_drive_as_soon_as_it_has_answered(host, discovery):
    source = discovery.make_source()
    assert source.open() == ()
    host.plug("sda", "bay-1", "SN-A")
    assert heard(source) == [("add", "sda", None), ("add", "sda", ("SN-A", 2))]
    host.pull("sda")
    assert heard(source) == [("remove", "sda", ("SN-A", 2))]


def test_a_change_of_a_drive_that_stays_asks_it_nothing(host, discovery):
    source = discovery.make_source()
    host.plug("sda", "bay-1", "SN-A")
    source.open()
    for _ in range(3):
        host.send(SimpleNamespace(sys_name="sda", action="change", properties=host.devices["sda"].properties))
    assert heard(source) == [("add", "sda", ("SN-A", 2))] * 3
    assert len(host.asked) == 1


@pytest.mark.parametrize("diskseq", [1, None])
def test_the_same_drive_plugged_in_again_is_another_presence(host, discovery, diskseq):
    host.diskseq = diskseq
    source = discovery.make_source()
    host.plug("sda", "bay-1", "SN-A")
    (first,) = source.open()
    host.pull("sda")
    host.plug("sda", "bay-1", "SN-A")
    again = heard(source)[-1]
    assert again is not None and again[:2] == ("add", "sda")
    assert again[2] == ("SN-A", first.presence.number + 1)


def test_a_stay_that_ended_unheard_is_not_listed_while_its_successor_is_being_asked(host, discovery):
    source = discovery.make_source()
    host.plug("sda", "bay-1", "SN-A")
    source.open()
    host.pull("sda", event=False)
    host.hanging["/dev/sda"] = threading.Event()
    host.plug("sda", "bay-1", "SN-B", event=False)
    assert list(map(seen, source.open())) == [("add", "sda", None)]


def test_without_diskseq_numbers_outlive_the_source(host, discovery):
    host.diskseq = None
    host.plug("sda", "bay-1", "SN-A")
    before = discovery.make_source().open()
    assert discovery.make_source().open() == before
    assert len(host.asked) == 1, "by what udev says it is the same stay"


def test_an_event_of_a_stay_that_is_over_is_passed_over(host, discovery):
    source = discovery.make_source()
    source.open()
    host.plug("sda", "bay-1", "SN-A")
    old = host.devices["sda"]
    host.pull("sda", event=False)
    host.plug("sda", "bay-2", "SN-B")
    host.send(SimpleNamespace(sys_name="sda", action="remove", properties=old.properties))
    assert heard(source) == [("add", "sda", None), ("add", "sda", ("SN-B", 3))]


def test_a_drive_that_hangs_delays_no_event_of_another(host, discovery):
    source = discovery.make_source()
    source.open()
    host.hanging["/dev/sda"] = threading.Event()
    host.plug("sda", "bay-1", "SN-A")
    host.plug("sdb", "bay-2", "SN-B")
    assert heard(source) == [("add", "sda", None), ("add", "sdb", None), ("add", "sdb", ("SN-B", 3))]
    began = time.monotonic()
    listed = {sighting.key: sighting for sighting in source.open()}
    assert time.monotonic() - began < 5, "only the first listing waits"
    assert "sda has not answered yet" in listed["sda"].reason
    host.hanging["/dev/sda"].set()
    assert seen(source.get(PATIENCE_S)) == ("add", "sda", ("SN-A", 2))


def test_what_is_asked_of_a_drive_that_left_is_not_listened_to(host, discovery):
    source = discovery.make_source()
    source.open()
    silence = host.hanging["/dev/sda"] = threading.Event()
    host.plug("sda", "bay-1", "SN-A")
    assert heard(source) == [("add", "sda", None)]
    host.pull("sda")
    host.drives["/dev/sda"] = Drive("SN-A", model="M")  # the kernel still lets it answer
    assert heard(source) == [("remove", "sda", None)]
    silence.set()
    assert heard(source) == []


def test_lost_events_are_an_os_error_and_the_next_listing_has_a_new_monitor(host, discovery):
    source = discovery.make_source()
    host.plug("sda", "bay-1", "SN-A")
    source.open()
    host.monitors[-1].say(OSError(errno.ENOBUFS, "No buffer space available"))
    with pytest.raises(OSError, match="No buffer space"):
        source.get(PATIENCE_S)
    host.pull("sda", event=False)
    host.plug("sdb", "bay-1", "SN-B", event=False)
    listed = list(map(seen, source.open()))
    assert [*listed, *heard(source)][-1] == ("add", "sdb", ("SN-B", 3))
    assert len(host.monitors) == 2 and host.monitors[-1].started


def test_the_monitor_listens_before_the_enumeration(host, discovery):
    class Late(Host):
        def list_devices(self, **_):
            found = super().list_devices()
            self.plug("sda", "bay-1", "SN-A")  # right after everything was listed
            return found

    host.__class__ = Late
    source = discovery.make_source()
    assert source.open() == ()
    assert heard(source)[-1] == ("add", "sda", ("SN-A", 2))


def test_without_udevd_nothing_can_be_seen_and_the_reason_says_the_remedy(host, discovery):
    (host.run / "udev/control").unlink()
    with pytest.raises(OrchestratorError, match=r"udevd does not run here.*start udevd"):
        discovery.make_source().open()
    assert host.monitors == []


def test_close_wakes_whoever_waits(host, discovery):
    source = discovery.make_source()
    source.open()
    threading.Timer(0.05, source.close).start()
    began = time.monotonic()
    assert source.get(3600) is None
    assert time.monotonic() - began < PATIENCE_S


def test_get_returns_when_the_time_is_up(discovery):
    source = discovery.make_source()
    source.open()
    assert source.get(0.01) is None


def test_a_fixed_node_is_asked_again_when_udev_names_it(host):
    ports = Threads()
    nodes = Nodes({"/dev/sdq": NodePlace("/dev/sdq")}, host, ports, sys=host.sys)
    source = Discovery(nodes, Matcher(RULES).find, {}, ports, run=host.run).make_source()
    assert source.open() == ()
    host.plug("sdq", "elsewhere", "SN-Q")
    assert heard(source) == [("add", "/dev/sdq", ("SN-Q", 2))]
    ports.close()


def test_a_host_without_libudev_is_told_what_to_install(monkeypatch):
    def missing():
        raise ImportError("No library named udev")

    monkeypatch.setattr(udev, "_pyudev", lambda: SimpleNamespace(Context=missing))
    with pytest.raises(OrchestratorError, match="apt install libudev1"):
        list(udev.list_blocks())
