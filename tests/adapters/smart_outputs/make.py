"""Makes the files beside it: what the real smartctl says of our drive model, over the preload bed.

    python tests/adapters/smart_outputs/make.py LIBUMOCKDEV_PRELOAD.so.0 SMARTCTL_7.3 SMARTCTL_7.4

Not run by any test: the files are what the readers' tests stand on where no recording and no binary is at hand.
"""

import random
import subprocess
import sys
from pathlib import Path

from orchestrator.model.drive import Protocol
from orchestrator.simulated.drive import DriveModel
from orchestrator.simulated.preload import PreloadBed, children_env
from orchestrator.simulated.profile import load_profiles

HERE = Path(__file__).parent
DAY_S = 86_400.0
PLACES = {
    Protocol.ATA: ("/dev/sda", "sat"),
    Protocol.NVME: ("/dev/nvme0", "nvme"),
    Protocol.SCSI: ("/dev/sdb", "scsi"),
}
OUTPUTS = (("7.4", "-x", "txt"), ("7.4", "--json=o -a", "json"), ("7.3", "-a", "7.3.txt"))


class Clock:
    """Drive time, moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def main(library: str, smartctl_73: str, smartctl_74: str) -> None:
    """Two states of each kind of drive, as two versions print them."""
    binaries = {"7.3": smartctl_73, "7.4": smartctl_74}
    for protocol, (node, device_type) in PLACES.items():
        for state in ("failed", "running"):
            model = _drive_in(state, protocol)
            with PreloadBed(library) as bed:
                bed.add(node, model)
                for version, flags, ending in OUTPUTS:
                    argv = ["smartctl", *flags.split(), "-d", device_type, node]
                    ran = subprocess.run(
                        argv,
                        executable=binaries[version],
                        env=children_env(bed),
                        capture_output=True,
                        timeout=60,
                        check=False,
                    )
                    (HERE / f"{protocol.value}-{state}.{ending}").write_bytes(ran.stdout)


def _drive_in(state: str, protocol: Protocol) -> DriveModel:
    """A drive that passed a short test a while ago, and whose long one failed or is under way."""
    clock = Clock()
    profile = next(profile for profile in load_profiles() if profile.protocol is protocol)
    model = DriveModel(profile, profile.make_serial(random.Random(7)), clock, rng_seed=7)
    model.start("short")
    clock.now += DAY_S
    if state == "failed":
        model.inject("self_test_failure")
        model.start("extended")
        clock.now += 10 * DAY_S
    else:
        model.start("extended")
        clock.now += 0.41 * 60 * (profile.minutes("extended") or 0)
    return model


if __name__ == "__main__":
    main(*sys.argv[1:])
