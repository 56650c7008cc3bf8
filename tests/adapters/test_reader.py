"""The reader and its child, on plain files: what they find, how they end, and what becomes of a child that hangs."""

import os
import threading
import time
from pathlib import Path

import pytest

from orchestrator.adapters import reader_child
from orchestrator.adapters.reader import Reader, Readers
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.errors import DriveRemoved, JobCancelled, Refused, ToolFailed, ToolTimeout
from orchestrator.model.scan import PLACE_BYTES
from tests.surface.bench import hurried_child

MIB = 1 << 20


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(bytes(8 * MIB))
    return path


def test_a_file_is_read_from_end_to_end(image, stop):
    reader = Reader(str(image), stop=stop)
    assert (reader.sectors, reader.sector_bytes) == (16384, 512)
    stretch = reader.read(0, 16384)
    assert (stretch.end_lba, stretch.bad_lbas) == (16384, ())
    assert 0 < stretch.seconds < 10
    assert stretch.slowest
    reader.close()


def test_the_child_and_the_rules_mean_the_same_places():
    """It imports nothing of ours."""
    assert reader_child.PLACE == PLACE_BYTES


def test_what_cannot_be_started_is_a_tool_that_failed(image, stop, monkeypatch):
    monkeypatch.setattr("sys.executable", "/no/python")
    with pytest.raises(ToolFailed, match="could not be started"):
        Reader(str(image), stop=stop)


def test_the_file_is_only_ever_open_for_reading(image, stop):
    reader = Reader(str(image), stop=stop)
    fds = Path(f"/proc/{reader._child.pid}/fd")
    mine = [fd for fd in fds.iterdir() if fd.resolve() == image]
    flags = [Path(f"/proc/{reader._child.pid}/fdinfo/{fd.name}").read_text().split()[3] for fd in mine]
    reader.close()
    assert [int(octal, 8) & os.O_ACCMODE for octal in flags] == [os.O_RDONLY]


def test_closed_it_leaves_no_child(image, stop):
    reader = Reader(str(image), stop=stop)
    reader.close()
    reader.close()
    assert reader._child.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(reader._child.pid, 0)


def test_a_read_that_hangs_is_killed_at_its_deadline(image, stop, tmp_path):
    program = hurried_child(tmp_path, "if offset >= 4 << 20: time.sleep(600)")
    reader = Reader(str(image), stop=stop, deadline_s=0.2, program=program)
    began = time.monotonic()
    with pytest.raises(ToolTimeout, match=r"within 0\.2 s"):
        reader.read(0, 16384)
    assert time.monotonic() - began < 5
    assert reader._child.returncode == -9


def test_a_stop_ends_the_wait_at_once_and_close_kills_the_child(image, stop, tmp_path):
    reader = Reader(str(image), stop=stop, program=hurried_child(tmp_path, "time.sleep(600)"))
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    with pytest.raises(JobCancelled):
        reader.read(0, 16384)
    reader.close()
    assert time.monotonic() - began < 2
    assert reader._child.returncode == -9


def test_a_child_that_dies_is_a_tool_that_failed(image, stop, tmp_path):
    reader = Reader(str(image), stop=stop, program=hurried_child(tmp_path, "os._exit(3)"))
    with pytest.raises(ToolFailed, match="exit status 3"):
        reader.read(0, 16384)


@pytest.mark.parametrize("number", ["ENODEV", "ENXIO"])
def test_a_drive_that_goes_while_it_is_read_is_removed(image, stop, tmp_path, number):
    body = f"if offset >= 4 << 20: raise OSError(errno.{number}, 'gone')"
    reader = Reader(str(image), "SN1", stop=stop, program=hurried_child(tmp_path, body))
    with pytest.raises(DriveRemoved, match="SN1 left"):
        reader.read(0, 16384)
    reader.close()


def test_a_node_that_is_not_there_is_a_drive_that_left(stop):
    presence = Presence(1, Drive("SN1"), "/dev/no-such-drive")
    with pytest.raises(DriveRemoved):
        Readers().open(presence, stop=stop)


def test_only_nodes_are_opened_and_only_a_drives_own(stop, tmp_path):
    for node, kind in ((str(tmp_path / "x"), ""), ("/dev/../etc/passwd", ""), ("/dev/sda", "megaraid,5")):
        with pytest.raises(Refused):
            Readers().open(Presence(1, Drive("SN1"), node, kind), stop=stop)


def test_another_disk_under_the_same_name_is_not_read(image, stop, tmp_path):
    """DISKSEQ tells it before a read is sent."""
    told = tmp_path / "sys/class/block/image/diskseq"
    told.parent.mkdir(parents=True)
    told.write_text("11\n")
    reader = Reader(str(image), "SN1", stop=stop, sys_root=tmp_path / "sys")
    assert reader.read(0, 8).end_lba == 8
    told.write_text("12\n")
    with pytest.raises(DriveRemoved, match="another disk"):
        reader.read(8, 16)
    reader.close()
