"""Discovery by udev: pyudev ends here. The same code for real udev and for udev on the preload bed.

    udevd ──netlink──▶ monitor ─┐                        ┌─▶ Sighting "add", its drive not known yet
             Asker's late answers ┴─ get() ── read_block ┤   └─ Asker ─▶ smartctl ─▶ Sighting with the drive, later
                                                         └─▶ Sighting "remove"

The monitor is opened before the enumeration, so that nothing is missed between them; each listing takes a new monitor,
since one that lost events raises for ever. udev says where a drive is; who it is, smartctl says, once a stay. A device
that no slot means is never asked. Everything but `close` belongs to the thread that calls `open`: libudev objects know
no other.
"""

import logging
import os
import select
import socket
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestrator.adapters import nodes as known_nodes
from orchestrator.adapters.nodes import Asker, NodePlace, Nodes
from orchestrator.adapters.udev_block import Block, copied, diskseq_now, read_block
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.place import Place
from orchestrator.model.ports import Ports, Sighting

RECEIVE_BUFFER = 128 << 20
"""Bytes, as libudev 252 asks for itself: 5,000 events behind a reader that slept 1 s all arrived (measured)."""
CONTROL = "udev/control"
"""Below /run: udevd's socket. Without it a monitor opens without complaint, and stays silent."""
NO_UDEVD = "start udevd (apt install udev; systemctl start systemd-udevd), or name each slot's node"

log = logging.getLogger("orchestrator")


class Discovery:
    """What a rack with `match` rules needs to know; makes a source for each hotplug actor.

    Args:
        nodes: what is known of the drives; outlives the sources.
        find: the slots that a place means.
        types: smartctl's -d by slot, where the rack file says it.
        run: where the host's /run is.
    """

    def __init__(
        self,
        nodes: Nodes,
        find: Callable[[Place], tuple[int, ...]],
        types: Mapping[int, str],
        ports: Ports,
        *,
        run: Path = Path("/run"),
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> None:
        self.nodes, self.find, self.types, self.ports = nodes, find, types, ports
        self.run, self.receive_buffer = run, receive_buffer

    def make_source(self) -> "UdevSource":
        return UdevSource(self)


class UdevSource:
    """`Source` over pyudev."""

    def __init__(self, discovery: Discovery) -> None:
        self._of, self._nodes, self._sys = discovery, discovery.nodes, discovery.nodes.sys
        self._bell = _Bell()
        self._asker = Asker(discovery.nodes, discovery.ports, self._bell.ring)
        self._closed = discovery.ports.event()
        self._monitor: Any = None
        self._wait_s = known_nodes.LISTING_S
        self._ignored: dict[str, str] = {}

    def open(self) -> tuple[Sighting, ...]:
        """A new monitor, then all that is there. Waits for silent drives in the first listing alone, and then at most
        LISTING_S: later ones must not keep events waiting. Raises OrchestratorError with the reason, OSError.
        """
        self._monitor = None
        self._monitor = open_monitor(self._of.run, self._of.receive_buffer)
        there = dict(list_blocks(self._sys))
        found = {name: block for name, block in there.items() if self._take(name, block)}
        for name in [key for key in self._nodes.places if key not in found and key not in self._nodes.fixed]:
            self._nodes.forget(name)
        wait_s, self._wait_s = self._wait_s, 0.0
        return self._asker.list(wait_s)

    def get(self, timeout: float) -> Sighting | None:
        until = self._of.ports.monotonic() + timeout
        while not self._closed.is_set():
            if (late := self._asker.take()) is not None:
                return late
            if (device := self._monitor.poll(0)) is not None:
                if (sighting := self._hear(device)) is not None:
                    return sighting
                continue
            left = until - self._of.ports.monotonic()
            if left <= 0:
                return None
            self._bell.wait_with(self._monitor.fileno(), left)
        self._monitor = None  # in the thread that made it
        return None

    def close(self) -> None:
        self._closed.set()
        self._asker.stop()
        self._bell.ring()

    def _hear(self, device: Any) -> Sighting | None:
        """One event. None where it says nothing about a slot."""
        name, properties = str(device.sys_name), copied(device)
        for key in self._nodes.fixed:
            if Path(self._nodes.places[key].node).resolve().name == name:
                self._asker.ask(key)
        told, now = properties.get("DISKSEQ", ""), diskseq_now(name, self._sys)
        if told.isdecimal() and now is not None and now != int(told):
            return None  # of a stay that is over: the kernel has given the name to another, whose event is to come
        if device.action == "remove":
            return self._nodes.forget(name)
        block = read_block(name, properties, self._sys)
        if not self._take(name, block):
            return self._nodes.forget(name)
        presence, place = self._nodes.same_stay(name), self._nodes.places[name]
        if presence is None:
            self._asker.ask(name)
        return Sighting("add", name, presence, f"{place.node} is being asked who it is", place.place)

    def _take(self, name: str, block: Block | str) -> bool:
        """Note a device that a slot means; False for any other."""
        slots = () if isinstance(block, str) else self._of.find(block.place)
        if isinstance(block, str) or not slots:
            why = block if isinstance(block, str) else "no slot means its place"
            if self._ignored.get(name) != why:
                self._ignored[name] = why
                log.info("%s is left alone: %s", ascii(name), why)
            return False
        self._ignored.pop(name, None)
        kind = self._of.types.get(slots[0], "") if len(slots) == 1 else ""
        self._nodes.put(name, NodePlace(block.node, kind, name, block.place, block.diskseq, block.mark))
        return True


def open_monitor(run: Path, receive_buffer: int = RECEIVE_BUFFER) -> Any:
    """A pyudev Monitor that listens. OrchestratorError: nothing would ever be heard, for the reason it gives."""
    if not (run / CONTROL).exists():
        text = f"udevd does not run here: there is no {run / CONTROL}; in a container, the host's /run/udev is needed"
        raise OrchestratorError(f"{text}; {NO_UDEVD}", remedy=NO_UDEVD)
    context = _context()
    monitor = _pyudev().Monitor.from_netlink(context, source="udev")
    monitor.filter_by("block", "disk")
    try:
        monitor.set_receive_buffer_size(receive_buffer)
    except OSError:  # not root: as much as net.core.rmem_max allows
        with socket.socket(fileno=os.dup(monitor.fileno())) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    monitor.start()
    return monitor


def list_blocks(sys: Path = Path("/sys")) -> Iterator[tuple[str, Block | str]]:
    """Every block device by name, or why it is no drive for a slot. Touches none of them."""
    for device in _context().list_devices(subsystem="block", DEVTYPE="disk"):
        name = str(device.sys_name)
        yield name, read_block(name, copied(device), sys)


def _context() -> Any:
    """Loads libudev; where it cannot be found, pyudev raises ImportError here and not at its own import."""
    try:
        return _pyudev().Context()
    except ImportError as exc:
        remedy = "apt install libudev1"
        raise OrchestratorError(f"udev cannot be asked: {exc}; {remedy}", remedy=remedy) from exc


def _pyudev() -> Any:
    import pyudev

    return pyudev


class _Bell:
    """Wakes a poll from another thread."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        weakref.finalize(self, os.close, self._fd)  # not before the last late answer has rung

    def ring(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_write(self._fd, 1)

    def wait_with(self, fd: int, seconds: float) -> None:
        """Until it rings, `fd` can be read or is broken, or the time (host seconds) is up."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(fd, select.POLLIN)
        poll.poll(max(1, int(seconds * 1000)))
        with suppress(BlockingIOError):
            os.eventfd_read(self._fd)
