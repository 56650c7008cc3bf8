"""What one call of the stand-in smartctl prints: the lines of text, the same as JSON, and the exit status.

The layout is smartctl 7.4's (`--json=o`, the text inside the JSON as smartctl.output); the banner says SIMULATED.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

VERSION: Final = (7, 4)
BANNER: Final = (
    "smartctl 7.4 2023-08-01 r5530 [SIMULATED] (orchestrator's stand-in)",
    "SIMULATED: no drive was asked. The real tool is at www.smartmontools.org",
    "",
)
DATABASE: Final = "7.3/5528"
"""The drive database whose names the profiles use."""
USAGE, OPEN_FAILED, COMMAND_FAILED = 0x01, 0x02, 0x04
FAILING, PREFAIL_NOW, BELOW_THRESHOLD, SELF_TEST_FAILED = 0x08, 0x10, 0x20, 0x80
"""Exit status bits, smartctl(8)."""


@dataclass(slots=True)
class Sheet:
    """Filled by the renderers, section after section."""

    now: float
    """Seconds since 1970, for the lines that tell the time."""
    lines: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, str]] = field(default_factory=list)
    status: int = 0
    names_from_database: bool = False
    """The drive database was read: the JSON names its version."""

    def say(self, *lines: str) -> None:
        self.lines += lines

    def complain(self, text: str, severity: str = "error") -> None:
        self.lines.append(text)
        self.messages.append({"string": text, "severity": severity})

    def clock(self, later_s: float = 0) -> str:
        """As C's asctime prints it, in UTC: the simulation has no time zone."""
        return time.strftime("%a %b %e %H:%M:%S %Y UTC", time.gmtime(self.now + later_s))

    def text(self) -> str:
        return "\n".join((*BANNER, *self.lines, ""))

    def document(self, argv: tuple[str, ...], *, with_text: bool, compact: bool) -> str:
        """The JSON document."""
        tool: dict[str, Any] = {
            "version": list(VERSION),
            "pre_release": False,
            "svn_revision": "5530",
            "platform_info": "SIMULATED",
            "build_info": "(orchestrator's stand-in)",
            "argv": ["smartctl", *argv],
        }
        if with_text:
            tool["output"] = [*BANNER, *self.lines]
        if self.names_from_database:
            tool["drive_database_version"] = {"string": DATABASE}
        if self.messages:
            tool["messages"] = self.messages
        tool["exit_status"] = self.status
        whole = {
            "json_format_version": [1, 0],
            "simulated": True,
            "smartctl": tool,
            "local_time": {"time_t": int(self.now), "asctime": self.clock()},
            **self.data,
        }
        return json.dumps(whole, separators=(",", ":")) if compact else json.dumps(whole, indent=2)


def grouped(number: int) -> str:
    return f"{number:,}"


def capacity(number: int) -> str:
    """Three digits, cut and not rounded, as smartctl's format_capacity (utility.cpp)."""
    power = max(0, (len(str(number)) - 1) // 3)
    unit, name = 1000**power, " KMGTP"[power].strip() + "B"
    whole, rest = divmod(number, unit)
    if power == 0 or whole >= 100:
        return f"{whole} {name}"
    if whole >= 10:
        return f"{whole}.{rest * 10 // unit} {name}"
    return f"{whole}.{rest * 100 // unit:02} {name}"
