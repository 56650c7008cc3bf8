"""Which node reads a drive's LBAs: not always the one that smartctl asks."""

import re
from pathlib import Path

from orchestrator.model.drive import Presence
from orchestrator.model.errors import DriveRemoved, Refused

_CONTROLLER = re.compile(r"nvme\d+")
_NAMESPACE = re.compile(r"nvme(\d+)(?:c\d+)?n(\d+)")
_PLAIN_TYPES = ("", "auto", "ata", "sat", "scsi", "nvme")


def block_node(presence: Presence, sys: Path = Path("/sys")) -> str:
    """The node that reads this drive's LBAs; for an NVMe controller its first namespace's.

    Controllers and namespaces are numbered apart (nvme0n1 may belong to nvme1; nvme-cli #455, #501), so sysfs is asked.

    Raises:
        Refused: smartctl reaches the drive behind a RAID controller; the node is another thing's.
        DriveRemoved: the controller has no namespace any more.
    """
    kind, _, number = presence.device_type.partition(",")
    if number and kind not in _PLAIN_TYPES:
        raise Refused(
            f"{presence.drive.serial} is behind a controller ({presence.device_type}) and has no node of its own",
            remedy="plug it into a plain port (HBA), or set the controller to pass it through",
        )
    name = presence.node.rpartition("/")[2]
    if not _CONTROLLER.fullmatch(name):
        return presence.node
    entries = (_NAMESPACE.fullmatch(entry.name) for entry in (sys / "class/nvme" / name).glob("nvme*"))
    found = sorted((int(match[2]), int(match[1])) for match in entries if match)
    if not found:
        raise DriveRemoved(f"{presence.node} has no namespace to read", serial=presence.drive.serial)
    return f"/dev/nvme{found[0][1]}n{found[0][0]}"
