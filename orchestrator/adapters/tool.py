"""One command line tool on this host: how it is called, and what it means when it does not answer.

What a tool *said* is for the adapter that knows it. Here ends what is the same for all: not installed, not permitted,
killed, too slow, too loud, stopped. Arguments are lists, and what a caller names passes an allow-list first, so that
nothing a drive or a rack file says can become an option or a command.
"""

import re
from dataclasses import dataclass

from orchestrator.adapters.process import MISSING, NOT_STARTED
from orchestrator.model.errors import JobCancelled, Refused, ToolFailed, ToolMissing, ToolStuck, ToolTimeout
from orchestrator.model.ports import Event, Finished, Processes

_NODE = re.compile(r"/dev/(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:@+/-]{0,200}")
_BRIDGE = (
    "(?:ata|scsi|nvme|sat|usbcypress|usbjmicron|usbprolific|usbsunplus|sntasmedia|sntjmicron|sntrealtek|intelliprop"
    "|jmb39x|jmb39x-q|jms56x|marvell|areca|3ware|hpt|megaraid|aacraid|cciss|sssraid)"
    "(?:[,/](?:auto|p|x|s?[0-9]{1,10}|0x[0-9a-f]{1,8})){0,3}"
)
_RAID = ("megaraid", "3ware", "areca", "cciss", "aacraid", "hpt", "sssraid")
_DEVICE_TYPE = re.compile(rf"auto|{_BRIDGE}(?:\+{_BRIDGE})?")  # smartctl(8), option -d; smartmontools 7.4


def checked_node(node: str) -> str:
    """The node as it came; Refused unless it is a plain path below /dev."""
    if not _NODE.fullmatch(node):
        raise Refused(f"{node!r} is not a device node", remedy="name a path such as /dev/sda or /dev/nvme0")
    return node


def is_device_type(device_type: object) -> bool:
    """It is one of smartctl's -d types."""
    return isinstance(device_type, str) and _DEVICE_TYPE.fullmatch(device_type) is not None


def is_behind_raid(device_type: str) -> bool:
    """The node is then a volume's or a controller's, and the type says which of its drives is meant."""
    return any(kind in device_type for kind in _RAID)


def checked_device_type(device_type: str) -> str:
    """The type as it came; Refused unless it is one of smartctl's."""
    if not is_device_type(device_type):
        raise Refused(
            f"{device_type!r} is not a device type of smartctl",
            remedy="name one of its -d option, such as sat, scsi, nvme or megaraid,5",
        )
    return device_type


def last_lines(text: bytes, limit: int = 600) -> str:
    """The last printable lines, at most `limit` characters: for a message, not for parsing."""
    printable = "".join(c if c.isprintable() or c == "\n" else "?" for c in text.decode("utf-8", "replace")[-limit:])
    return "\n".join(line.rstrip() for line in printable.splitlines() if line.strip())


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool's place, rights and patience."""

    processes: Processes
    path: str
    """A name to be looked up, or a path."""
    install: str
    """What to do when it is missing, as one sentence."""
    sudo: bool = False
    """Put `sudo -n` in front. A child of root cannot be killed by us: when it hangs it is stuck, not timed out."""
    deadline_s: float = 60.0
    """Host seconds for one call."""

    def run(self, *arguments: str, stop: Event, subject: str) -> Finished:
        """Run it to its own end, whatever its exit status. Blocks at most the deadline and 2 s.

        Args:
            subject: who it was asked about, for the message, such as "/dev/sda".
        Raises:
            ToolMissing, ToolTimeout, ToolStuck, ToolFailed (not permitted, killed, too much output), JobCancelled.
        """
        argv = (*(("sudo", "-n") if self.sudo else ()), self.path, *arguments)
        finished = self.processes.run(argv, deadline_s=self.deadline_s, stop=stop)
        if finished.ended_by or finished.exit_status < 0 or finished.exit_status in (1, MISSING, NOT_STARTED):
            self._raise_if_broken(finished, subject)
        return finished

    def _raise_if_broken(self, finished: Finished, subject: str) -> None:
        name = self.path.rpartition("/")[2]
        said = last_lines(finished.errors) or last_lines(finished.output)
        status = finished.exit_status
        match finished.ended_by:
            case "stop":
                raise JobCancelled(f"{name} on {subject} was stopped")
            case "deadline":
                text = f"{name} gave no answer about {subject} within {self.deadline_s:g} s and was killed"
                raise ToolTimeout(text, exit_status=status, output=said)
            case "deaf":
                text = f"{name} hangs on {subject} and cannot be killed"
                raise ToolStuck(text, exit_status=status, output=said)
            case "flood":
                text = f"{name} printed more about {subject} than any drive has to say, and was killed"
                raise ToolFailed(text, exit_status=status, output=said)
        if status == MISSING or (self.sudo and status == 1 and "command not found" in said):
            missing = "sudo" if self.sudo and status == MISSING else self.path
            raise ToolMissing(f"{missing} cannot be found", remedy=self.install, exit_status=status, output=said)
        if status == NOT_STARTED:
            raise ToolFailed(f"{name} could not be started: {said}", exit_status=status, output=said)
        if status < 0:
            raise ToolFailed(f"{name} on {subject} was killed by signal {-status}", exit_status=status, output=said)
        if self.sudo and status == 1 and said.startswith("sudo:"):
            remedy = f"allow {self.path} without a password in sudoers, or run as root without sudo"
            raise ToolFailed(f"sudo refused {name}: {said}", remedy=remedy, exit_status=status, output=said)
