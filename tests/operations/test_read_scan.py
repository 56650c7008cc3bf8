"""A read scan as a job of a real rack, on a plain file: needs no right and no package."""

import errno
import threading
import time

import pytest

from orchestrator import AsyncJobStatus, SlotState, VerdictStatus, errors
from tests.surface.bench import OnePath, hurried_child, rack_over

MIB = 1 << 20
LBAS = 32 * MIB // 512
SOON = 20.0


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(bytes(32 * MIB))
    return path


@pytest.fixture
def over(tmp_path, image):
    """A rack whose one drive reads this image; with statements of ours in front of each read."""
    racks = []

    def make(body="", *, at_a_time="1.0", **more):
        if body:
            more["program"] = hurried_child(tmp_path, body, at_a_time=at_a_time)
        surfaces = OnePath(image, more)
        racks.append(rack_over(surfaces))
        return racks[-1], surfaces

    yield make
    for rack in racks:
        rack.close()


def unreadable(*lbas, number=errno.EIO):
    return "\n".join(
        f"if offset <= {lba * 512} < offset + length: raise OSError({number}, 'unreadable')" for lba in lbas
    )


def scan(rack, **options):
    job_id = rack.read_scan(1, 1, **options)
    return rack.read_scan_result(job_id, SOON), rack.get_job_status(job_id)


def running_reader(surfaces):
    return [reader for reader in surfaces.readers if reader._child.returncode is None]


def until(condition):
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def test_a_sound_surface_passes_with_its_figures(over):
    rack, surfaces = over()
    result, job = scan(rack)
    assert (result.start_lba, result.end_lba, result.sectors_read, result.bad_lbas) == (0, LBAS, LBAS, ())
    assert job.verdict.status is VerdictStatus.PASS
    assert len(result.slowest) == 10
    assert [lba for lba, _ in result.mb_per_s] == list(range(0, LBAS, 4096)), "zones begin at whole MiB"
    assert all(speed > 0 for _, speed in result.mb_per_s)
    assert result.coolest_celsius <= result.hottest_celsius
    assert not running_reader(surfaces)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODATA])
def test_three_bad_places_are_found_exactly_and_fail_the_drive(over, number):
    places = (8, 20_480, LBAS - 1)
    rack, _ = over(unreadable(*places, number=number))
    result, job = scan(rack)
    assert result.bad_lbas == tuple(lba // 8 * 8 for lba in places)
    assert result.sectors_read == LBAS - 3 * 8
    assert job.verdict.status is VerdictStatus.FAIL
    assert job.verdict.reasons[0].rule == "unreadable"
    assert "3 places" in job.verdict.reasons[0].text


def test_failing_reads_that_take_longer_than_a_stretch_lose_nothing(over):
    """A real drive tries for seconds; so one stretch may end where it began."""
    rack, _ = over(unreadable(0, 20_480), at_a_time="1e-9")
    result, _ = scan(rack)
    assert (result.bad_lbas, result.sectors_read) == ((0, 20_480), LBAS - 16)


@pytest.mark.parametrize(
    ("start", "end", "bad"),
    [
        (0, 20_480, ()),
        (20_480, 20_488, (20_480,)),
        (20_483, 20_490, (20_483,)),
        (20_488, None, ()),
        (20_485, 20_486, ()),
    ],
)
def test_nothing_outside_of_the_range_is_read_or_told(over, start, end, bad):
    rack, _ = over(unreadable(20_484))
    result, job = scan(rack, start_lba=start, end_lba=end)
    assert result.bad_lbas == bad
    assert result.end_lba == (LBAS if end is None else end)
    assert (job.verdict.status is VerdictStatus.FAIL) == bool(bad)


@pytest.mark.parametrize("options", [{"start_lba": 8, "end_lba": 8}, {"start_lba": -1}, {"end_lba": 0}])
def test_a_range_that_makes_no_sense_is_invalid_at_the_start(over, options):
    rack, _ = over()
    with pytest.raises(errors.InvalidArgument):
        rack.read_scan(1, 1, **options)


@pytest.mark.parametrize("options", [{"start_lba": LBAS}, {"end_lba": LBAS + 1}])
def test_a_range_beyond_the_drive_is_refused_with_its_size(over, options):
    rack, _ = over()
    with pytest.raises(errors.Refused, match=str(LBAS)):
        scan(rack, **options)


def test_a_dead_surface_is_given_up_with_what_was_found(over):
    rack, _ = over("if offset >= 16 << 20: raise OSError(errno.EIO, 'unreadable')")
    result, job = scan(rack, most_bad=100)
    assert result.gave_up
    assert result.bad_lbas[0] == LBAS // 2
    assert len(result.bad_lbas) >= 100
    assert result.end_lba < LBAS
    assert len({lba for lba, _ in result.temperatures}) == len(result.temperatures), "it looked at no further zone"
    assert "gave up" in job.verdict.reasons[0].text


def test_a_paused_scan_reads_nothing_and_goes_on_at_its_lba(over, tmp_path):
    log = tmp_path / "reads"
    rack, _ = over(f"open({str(log)!r}, 'a').write(f'{{offset}}\\n'); time.sleep(0.1)")
    job_id = rack.read_scan(1, 1)
    until(lambda: log.exists() and rack.get_job_status(job_id).progress > 0)
    rack.pause_job(job_id)
    until(lambda: rack.get_job_status(job_id).status is AsyncJobStatus.PAUSED)
    before = log.read_text()
    threading.Event().wait(0.3)
    assert log.read_text() == before
    rack.resume_job(job_id)
    assert rack.read_scan_result(job_id, SOON).sectors_read == LBAS
    assert [int(line) for line in log.read_text().split()] == list(range(0, 32 * MIB, MIB)), "each block once"


def test_a_hanging_read_ends_the_job_and_not_the_slot(over):
    rack, surfaces = over("if offset >= 8 << 20: time.sleep(600)", deadline_s=0.3)
    job_id = rack.read_scan(1, 1)
    with pytest.raises(errors.ToolTimeout):
        rack.read_scan_result(job_id, SOON)
    assert not running_reader(surfaces)
    assert rack.slots()[0].state is SlotState.READY
    assert rack.read_health_result(rack.read_health(1, 1), SOON)


def test_a_cancelled_scan_leaves_no_child(over):
    rack, surfaces = over("if offset >= 8 << 20: time.sleep(600)")
    job_id = rack.read_scan(1, 1)
    until(lambda: surfaces.readers)
    rack.cancel_job(job_id)
    with pytest.raises(errors.JobCancelled):
        rack.read_scan_result(job_id, SOON)
    until(lambda: not running_reader(surfaces))


def test_a_drive_pulled_while_it_is_read_is_removed_and_has_no_bad_places(over, tmp_path):
    """A pulled drive answers with EIO: it is asked who it is before that counts."""
    flag = tmp_path / "pulled"
    rack, surfaces = over(
        f"while offset >= 8 << 20 and not os.path.exists({str(flag)!r}): time.sleep(0.01)\n"
        "if offset >= 8 << 20: raise OSError(errno.EIO, 'gone')"
    )
    job_id = rack.read_scan(1, 1)
    until(lambda: rack.get_job_status(job_id).progress > 0)
    rack.simulation.pull(1)
    flag.touch()
    with pytest.raises(errors.DriveRemoved):
        rack.read_scan_result(job_id, SOON)
    until(lambda: not running_reader(surfaces))


def test_a_tool_that_cannot_be_killed_makes_the_slot_stuck_though_the_job_was_cancelled(over, monkeypatch):
    rack, surfaces = over("if offset >= 8 << 20: time.sleep(600)")
    job_id = rack.read_scan(1, 1)
    until(lambda: surfaces.readers)
    (reader,) = surfaces.readers
    close = reader.close

    def deaf():
        close()
        raise errors.ToolStuck("cannot be killed")

    monkeypatch.setattr(reader, "close", deaf)
    rack.cancel_job(job_id)
    with pytest.raises(errors.JobCancelled):
        rack.read_scan_result(job_id, SOON)
    until(lambda: rack.slots()[0].state is SlotState.STUCK)
