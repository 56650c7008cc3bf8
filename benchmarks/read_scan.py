"""A read scan of a loop device beside fio's sequential read of it, and three bad places found exactly.

    python -m benchmarks.read_scan [--mib 1024] [--rounds 5] [--folder /dev/shm]

Needs root, losetup, fio and /dev/fuse. Ours is the whole job by the Rack: reader's child, identity, verdict, result.
`ratio` is ours against `fio --rw=read --bs=1M --direct=1` in the same round, by the seconds of reading that both tell.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import calibrate, interleave, say
from orchestrator.model.scan import ScanResult
from tests.surface.bad_file import BadFile
from tests.surface.bench import OnePath, rack_over

MIB = 1 << 20


@contextmanager
def loop_over(path: Path) -> Iterator[Path]:
    made = subprocess.run(
        ("losetup", "--direct-io=on", "--find", "--show", str(path)), check=True, capture_output=True, text=True
    )
    node = made.stdout.strip()
    try:
        yield Path(node)
    finally:
        subprocess.run(("losetup", "--detach", node), check=True)


def scan(node: Path) -> ScanResult:
    rack = rack_over(OnePath(node))
    try:
        return rack.read_scan_result(rack.read_scan(1, 1), 600)
    finally:
        rack.close()


def ours(node: Path, whole: list[float]) -> float:
    """MB/s while it reads; `whole` notes the same over the whole job, with its child's start and the verdict."""
    began = time.perf_counter()
    result = scan(node)
    took = time.perf_counter() - began
    assert not result.bad_lbas
    megabytes = result.sectors_read * result.sector_bytes / 1e6
    whole.append(megabytes / took)
    return megabytes / result.seconds


def fio(node: Path) -> float:
    """MB/s."""
    command = ("fio", "--name=read", f"--filename={node}", "--rw=read", "--bs=1M", "--direct=1", "--readonly")
    ended = subprocess.run((*command, "--output-format=json"), check=True, capture_output=True, timeout=600)
    return float(json.loads(ended.stdout)["jobs"][0]["read"]["bw_bytes"]) / 1e6


def bad_places(image: Path, folder: Path) -> dict[str, Any]:
    size = image.stat().st_size
    places = (7 * 4096, size // 2, size - 4096)
    file = BadFile(image, folder / "bad", tuple((first, first + 4096) for first in places))
    try:
        with loop_over(file.path) as node:
            result = scan(node)
    finally:
        file.close()
    expected = [first // 512 for first in places]
    found = {"expected_lbas": expected, "bad_lbas": list(result.bad_lbas), "exact": expected == list(result.bad_lbas)}
    return found | {"seconds": result.seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where the backing file is made; /dev/shm for memory")
    options = parser.parse_args()
    if os.geteuid() or not (shutil.which("fio") and shutil.which("losetup")):
        raise SystemExit("this measurement needs root, losetup and fio (apt install fio)")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        image = Path(name) / "image"
        with image.open("wb") as out:
            for _ in range(options.mib):
                out.write(os.urandom(MIB))
        calibration, whole = [calibrate()], list[float]()
        with loop_over(image) as node:
            floor, mine = interleave([lambda: fio(node), lambda: ours(node, whole)], options.rounds)
        calibration.append(calibrate())
        ratios = [own / least for own, least in zip(mine, floor, strict=True)]
        line = {
            "metric": f"read_scan of a loop device, {options.mib} MiB in {options.folder or 'the temp dir'}",
            "unit": "MB/s",
            "fio": round(statistics.median(floor)),
            "ours": round(statistics.median(mine)),
            "ratio": round(statistics.median(ratios), 2),
            "min": round(min(ratios), 2),
            "max": round(max(ratios), 2),
            "ours_whole_job": round(statistics.median(whole[1:])),
            "bad": bad_places(image, Path(name)),
        }
        say(line, calibration)


if __name__ == "__main__":
    main()
