"""The locate LED of a drive's slot: the kernel's enclosure in sysfs, else ledctl (ledmon), else none.

sysfs: /sys/class/enclosure/ENCLOSURE/SLOT/locate, beside a link `device` to the drive (Linux ses driver). ledctl also
knows SGPIO, NVMe hot-plug slots and some makers' own ways.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.block import block_node
from orchestrator.adapters.tool import Tool, checked_node
from orchestrator.model.drive import Presence
from orchestrator.model.errors import NoAnswer, Refused
from orchestrator.model.ports import Event, Processes


@dataclass(frozen=True, slots=True)
class SesLamp:
    """An enclosure slot's LED."""

    file: Path
    how: str = "ses"

    def off(self) -> None:
        with suppress(OSError):
            self.file.write_text("0")


@dataclass(frozen=True, slots=True)
class LedctlLamp:
    """What ledctl lit, by a node."""

    tool: Tool
    node: str
    how: str = "ledctl"

    def off(self) -> None:
        with suppress(NoAnswer):
            self.tool.run(f"locate_off={self.node}", stop=threading.Event(), subject=self.node)


class Enclosures:
    """The `Lamps` port on this host."""

    def __init__(
        self, processes: Processes, ledctl: str = "ledctl", *, sudo: bool = False, sys: Path = Path("/sys")
    ) -> None:
        self._tool = Tool(processes, ledctl, "install ledmon (apt install ledmon)", sudo=sudo, deadline_s=10.0)
        self._sys = sys

    def light(self, presence: Presence, *, stop: Event) -> SesLamp | LedctlLamp | None:
        try:
            node = checked_node(block_node(presence, self._sys))
        except (NoAnswer, Refused):
            return None
        return self._by_sysfs(Path(node).resolve().name) or self._by_ledctl(node, stop)

    def _by_sysfs(self, name: str) -> SesLamp | None:
        for slot in sorted((self._sys / "class/enclosure").glob("*/*/device")):
            if (slot / "block" / name).exists():
                lamp = SesLamp(slot.parent / "locate")
                with suppress(OSError):  # no permission, or an enclosure without this LED
                    lamp.file.write_text("1")
                    return lamp
        return None

    def _by_ledctl(self, node: str, stop: Event) -> LedctlLamp | None:
        lamp = LedctlLamp(self._tool, node)
        try:
            ended = self._tool.run(f"locate={node}", stop=stop, subject=node)
        except NoAnswer:
            lamp_may_be_lit = stop.is_set()
            if lamp_may_be_lit:
                lamp.off()
                raise
            return None
        return None if ended.exit_status else lamp
