"""Bad sectors that the kernel reports: loop devices over a file that is too short, or that has unreadable places."""

import os
import shutil
import subprocess

import pytest

from orchestrator import VerdictStatus
from tests.surface.bad_file import BadFile
from tests.surface.bench import OnePath, rack_over

MIB = 1 << 20
SIZE = 64 * MIB


@pytest.fixture
def loop():
    """Attach a file: the loop device's node, detached in the end."""
    if os.geteuid() != 0:
        pytest.skip("loop devices are set up by root")
    if shutil.which("losetup") is None:
        pytest.skip("no losetup here")
    nodes = []

    def attach(path):
        made = subprocess.run(
            ("losetup", "--direct-io=on", "--find", "--show", str(path)),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"no loop device here: {made.stderr.strip()}")
        nodes.append(made.stdout.strip())
        return nodes[-1]

    yield attach
    for node in nodes:
        subprocess.run(("losetup", "--detach", node), check=True, timeout=20)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(os.urandom(MIB) * (SIZE // MIB))
    return path


def scan(node, **options):
    surfaces = OnePath(node)
    rack = rack_over(surfaces)
    try:
        job_id = rack.read_scan(1, 1, **options)
        return rack.read_scan_result(job_id, 60), rack.get_job_status(job_id).verdict
    finally:
        rack.close()


def test_the_tail_of_a_shortened_backing_file_is_found_exactly(loop, image):
    node = loop(image)
    os.truncate(image, SIZE - 40 * 4096)
    result, verdict = scan(node)
    assert result.bad_lbas == tuple(range(SIZE // 512 - 320, SIZE // 512, 8))
    assert verdict.status is VerdictStatus.FAIL
    result, verdict = scan(node, end_lba=SIZE // 512 - 320)
    assert (result.bad_lbas, verdict.status) == ((), VerdictStatus.PASS)


def test_a_sound_loop_device_passes(loop, image):
    result, verdict = scan(loop(image))
    assert (result.sectors_read, verdict.status) == (SIZE // 512, VerdictStatus.PASS)


def test_three_bad_places_of_a_loop_device_are_found_exactly(loop, image, tmp_path):
    if not os.path.exists("/dev/fuse"):  # noqa: PTH110
        pytest.skip("no /dev/fuse here")
    places = (7 * 4096, 20 * MIB, SIZE - 4096)
    file = BadFile(image, tmp_path / "bad", tuple((first, first + 4096) for first in places))
    try:
        result, verdict = scan(loop(file.path))
        assert result.bad_lbas == tuple(first // 512 for first in places)
        assert result.sectors_read == SIZE // 512 - 24
        assert verdict.status is VerdictStatus.FAIL
    finally:
        file.close()
