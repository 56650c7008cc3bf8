"""What systemd is told over NOTIFY_SOCKET, by the protocol of sd_notify(3): READY, STATUS, WATCHDOG, STOPPING.

    ready() ── feed(), at most WATCHDOG_USEC/3 apart, while the actors answer ──▶ stopping()

Without systemd nothing is said, and nobody is asked. A single slot that hangs is no reason to end all others: what must
answer is the directory, through which every job goes. Our own few lines, because sd_notify is a datagram of text.
"""

import faulthandler
import logging
import os
import socket
import time
from collections.abc import Callable, MutableMapping

ANSWER_S = 2.0
_log = logging.getLogger("orchestrator.systemd")


class Systemd:
    """The service manager, if one started us. Its variables are taken out of the environment: children have no part."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        self._address = environment.pop("NOTIFY_SOCKET", "")
        interval, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        ours = self._address and interval.isdecimal() and pid in ("", str(os.getpid()))
        self.every_s = int(interval) / 3e6 if ours else 0.0
        """Host seconds between two feeds; 0 = no watchdog."""
        self._fed = time.monotonic()
        self._hungry = False
        if self.every_s:
            faulthandler.enable()  # the watchdog's SIGABRT then leaves every thread's stack in the log

    def tell(self, *lines: str) -> None:
        """Such as READY=1. Never waits, and no trouble there is one here."""
        if not self._address:
            return
        name = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(lines).encode("utf-8", "replace"), name)
        except OSError as exc:
            _log.warning("systemd cannot be told: %s", exc.strerror)

    def ready(self, status: str) -> None:
        self.tell("READY=1", _status(status))

    def stopping(self) -> None:
        self.tell("STOPPING=1", "STATUS=stopping")

    def feed(self, answers: Callable[[float], bool], status: Callable[[], str]) -> None:
        """Call it often. When it is time, the watchdog is fed if `answers` says so, which may block for ANSWER_S."""
        if not self.every_s or time.monotonic() - self._fed < self.every_s:
            return
        if answers(min(ANSWER_S, self.every_s)):
            self._fed, self._hungry = time.monotonic(), False
            self.tell("WATCHDOG=1", _status(status()))
        elif not self._hungry:
            self._hungry = True
            self.tell("STATUS=the directory does not answer; the watchdog is not fed")
            _log.error("the directory does not answer; the watchdog is not fed")


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"
