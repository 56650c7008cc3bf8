"""Where a drive is: by its slot's lamp, or by reads that make its own blink."""

import pytest

from orchestrator import Rack, errors
from tests.operations.test_read_scan import SOON, until
from tests.surface.bench import OnePath, rack_over


def test_the_slots_lamp_is_lit_meanwhile_and_put_out():
    with Rack.simulated(slots=1, speed=100.0) as rack:
        drive = rack.simulation.drive(1)
        job_id = rack.locate(1, 1, seconds=30)
        until(lambda: drive.lamp_lit)
        assert rack.locate_result(job_id, SOON) == "ses"
        assert not drive.lamp_lit


@pytest.mark.parametrize("end", ["cancel", "pull"])
def test_it_is_put_out_whatever_happens(end):
    with Rack.simulated(slots=1, speed=1.0) as rack:
        drive = rack.simulation.drive(1)
        job_id = rack.locate(1, 1, seconds=3600)
        until(lambda: drive.lamp_lit)
        rack.cancel_job(job_id) if end == "cancel" else rack.simulation.pull(1)
        with pytest.raises(errors.NoAnswer):
            rack.locate_result(job_id, SOON)
        until(lambda: not drive.lamp_lit)


def test_without_a_lamp_short_reads_make_the_drives_own_led_blink(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(bytes(3 << 20))
    surfaces = OnePath(path)
    rack = rack_over(surfaces)
    assert rack.locate_result(rack.locate(1, 1, seconds=1), SOON) == "reads"
    assert [reader._child.returncode for reader in surfaces.readers] == [0]
    rack.close()


@pytest.mark.parametrize("seconds", [0, 3601])
def test_a_time_out_of_range_is_invalid(seconds):
    with Rack.simulated(slots=1) as rack, pytest.raises(errors.InvalidArgument):
        rack.locate(1, 1, seconds=seconds)
