"""A night in which the program dies in the middle of three long self-tests, and what the morning shows.

On the preload bed: the whole program, the real pyudev and the unmodified smartctl 7.4. The drives are models in the
test's process; they go on while no program lives, as drives do. Their hours pass when the story says so.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.model.drive import Protocol
from orchestrator.model.errors import DriveChanged
from orchestrator.model.job import AsyncJobStatus
from orchestrator.simulated.drive import DriveModel, Ending
from orchestrator.simulated.preload import PreloadBed
from orchestrator.simulated.profile import load_profiles
from orchestrator.simulated.uevents import Uevents
from tests.beds.debs import Missing, find_bed
from tests.crash.rack_process import RackProcess, until

SATA, SAS, NVME = 1, 2, 3
"""The slots, by what is in them."""
KINDS = {SATA: Protocol.ATA, SAS: Protocol.SCSI, NVME: Protocol.NVME}
PLACE = "pci-0000:03:00.0-sas-phy{n}-lun-0"


class Watched(DriveModel):
    """A drive that remembers what it was told to do, and not only asked."""

    def __init__(self, protocol: Protocol, serial: str) -> None:
        self.hours, self.told = 0.0, list[str]()
        profile = next(profile for profile in load_profiles() if profile.protocol is protocol)
        super().__init__(profile, serial, lambda: self.hours * 3600)

    def start(self, kind: str) -> None:
        self.told.append(f"start {kind}")
        super().start(kind)

    def abort(self) -> None:
        self.told.append("abort")
        super().abort()

    def work_on(self, part: float) -> None:
        """So much of its long self-test's time passes."""
        self.hours += part * self.profile.extended_minutes / 60


class Room:
    """The rack's host: its slots, the drives in them, and the program on it."""

    def __init__(self, bed: PreloadBed, smartctl: Path, folder: Path) -> None:
        self._bed, self._udev, self._folder = bed, Uevents(bed), folder
        self._names: dict[int, str] = {}
        self.drives: dict[int, Watched] = {}
        setting = " ".join(f"{name}='{value}'" for name, value in bed.env().items())
        tool = folder / "smartctl"
        tool.write_text(f'#!/bin/sh\nexec env {setting} {smartctl} "$@"\n')
        tool.chmod(0o755)
        (folder / "run/udev").mkdir(parents=True)
        (folder / "run/udev/control").touch()
        self._rack_file = folder / "rack.yaml"
        self._rack_file.write_text(
            f'ranges: [{{ids: 1-3, match: {{id_path: "{PLACE}"}}}}]\nsmartctl: {{path: {tool}}}\nstore: rack.db\n'
        )

    def plug(self, slot_id: int, serial: str) -> Watched:
        drive = self.drives[slot_id] = Watched(KINDS[slot_id], serial)
        self._names[slot_id] = self._udev.plug(drive, PLACE.format(n=slot_id))
        return drive

    def swap(self, slot_id: int, serial: str) -> tuple[Watched, Watched]:
        """The drive that was there, and the one that is there now."""
        before = self.drives[slot_id]
        before.unplug()
        self._udev.pull(self._names[slot_id])
        return before, self.plug(slot_id, serial)

    def work_on(self, part: float) -> None:
        for drive in self.drives.values():
            drive.work_on(part)

    def start_the_program(self) -> RackProcess:
        return RackProcess(self._rack_file, run=self._folder / "run", env=self._bed.env())

    def close(self) -> None:
        self._udev.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    try:
        tools = find_bed()
    except Missing as reason:
        pytest.skip(f"no preload bed: {reason}")
    with PreloadBed(tools.library) as bed:
        room = Room(bed, tools.smartctl["7.4"], tmp_path)
        yield room
        room.close()


def statuses(rack: RackProcess, job_id: int) -> list[str]:
    """All that the job ever was, from its history."""
    changes = [change for row in rack.job_history(job_id).rows for change in row.changes]
    return ["INIT", *(AsyncJobStatus(value).name for name, value in changes if name == "status")]


def test_two_of_three_long_self_tests_end_under_their_old_ids_and_the_third_drive_was_changed(room):
    for slot_id in KINDS:
        room.plug(slot_id, f"EVENING{slot_id}")

    with room.start_the_program() as rack:
        jobs = {slot_id: rack.run_smart_test(100 + slot_id, slot_id, kind="extended", poll_s=1) for slot_id in KINDS}
        until(lambda: all(drive.running_kind() == "extended" for drive in room.drives.values()))
        room.work_on(0.4)
        until(lambda: all(rack.get_job_status(job_id).progress >= 39 for job_id in jobs.values()))
        rack.kill()

    # Nobody is there. The drives work on; somebody needs a SAS drive, and puts another one into its slot.
    room.work_on(0.2)
    pulled, newcomer = room.swap(SAS, "MIDNIGHT")
    stayed = {slot_id: room.drives[slot_id] for slot_id in (SATA, NVME)}

    with room.start_the_program() as rack:
        with pytest.raises(DriveChanged, match="MIDNIGHT after the restart, not EVENING2"):
            rack.run_smart_test_result(jobs[SAS], 30)
        until(lambda: all(rack.get_job_status(jobs[slot_id]).progress >= 59 for slot_id in stayed))
        for slot_id in stayed:
            job = rack.get_job_status(jobs[slot_id])
            assert (job.status, job.drive.serial) == (AsyncJobStatus.RUNNING, f"EVENING{slot_id}")
        room.work_on(0.5)

        for slot_id, drive in stayed.items():
            assert rack.run_smart_test_result(jobs[slot_id], 30) is True
            job = rack.get_job_status(jobs[slot_id])
            assert (job.id, job.client_ref, job.attempt) == (jobs[slot_id], 100 + slot_id, 1)
            assert statuses(rack, job.id) == ["INIT", "RUNNING", "UNKNOWN", "RUNNING", "COMPLETED"]
            assert [(test.kind, test.ending) for test in drive.tests] == [("extended", Ending.PASSED)]
            assert drive.told == ["start extended"], "the second program only asked"

        job = rack.get_job_status(jobs[SAS])
        assert (job.status, job.error.code) == (AsyncJobStatus.FAILED, "drive_changed")
        assert statuses(rack, job.id) == ["INIT", "RUNNING", "UNKNOWN", "FAILED"]
        assert [slot.drive.serial for slot in rack.slots()] == ["EVENING1", "MIDNIGHT", "EVENING3"]

    assert (newcomer.told, newcomer.tests) == ([], []), "nobody told the newcomer to do anything"
    assert [test.ending for test in pulled.tests] == [Ending.RESET], "its test ended with its power, in its own log"
