"""Rows 16 and 18: from the kernel's event to the slot's actor, and storms.

    ./run bench hotplug [--slots 10,1000] [--rounds 5]        root, udev, and the preload bed of tests/beds

Row 16: LOOP_CTL_ADD until a slot's actor has its drive, debounce 0, smartctl left out (an answer at once), against a
raw pyudev monitor that sees the same event; loop devices 70 to 79, real udevd. Goal: 1.25x at p50, 1 ms more at p99.
Row 18: 1,000 adds on the preload bed, no smartctl; from the last add until all slots have their drive: goal 50 ms, and
1 s when half of the events were lost (ENOBUFS).
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import arguments, calibrate, percentile, ratio_line, say
from orchestrator.actors import hotplug
from orchestrator.actors.slot import SlotActor
from orchestrator.adapters import udev
from orchestrator.adapters.nodes import Nodes
from orchestrator.adapters.threads import Threads
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.place import Matcher, Rule
from orchestrator.rack import Rack
from orchestrator.simulated.access import SimulatedAccess
from orchestrator.simulated.preload import PreloadBed, children_env
from orchestrator.simulated.rack import Simulation
from orchestrator.simulated.uevents import Uevents
from orchestrator.system.system import Parts
from tests.beds.debs import find_bed
from tests.beds.kernel import NUMBERS, Kernel, kernel

STORM = 1000
PATIENCE_S = 30.0


class AtOnce:
    """Every node's drive is called as the node is."""

    def identify(self, node: str, device_type: str = "", *, stop: Any) -> tuple[Drive, str]:  # noqa: ARG002
        return Drive(node, model="M"), "sat"


class Stamps:
    """When each slot's actor heard of its drive."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}
        self.bell = threading.Event()
        before = SlotActor._settle

        def settle(actor: SlotActor, presence: Presence | None) -> None:
            if presence is not None:
                self.at.setdefault(actor._slot_id, time.monotonic())
                self.bell.set()
            before(actor, presence)

        SlotActor._settle = settle  # type: ignore[method-assign, assignment]


def udev_rack(slots: int, run: Path = Path("/run")) -> Rack:
    """The real system over pyudev, debounce 0, slot N at rack0-slot-N."""
    hotplug.DEBOUNCE_S = 0.0
    ports = Threads()
    clock = RackClock(ports, 1.0)
    ids = range(NUMBERS.start, NUMBERS.start + slots)
    matcher = Matcher({slot_id: Rule(id_path=(f"rack0-slot-{slot_id}",)) for slot_id in ids})
    source = udev.Discovery(Nodes({}, AtOnce(), ports), matcher.find, {}, ports, run=run)
    access = SimulatedAccess(Simulation(ports, clock, 1).find)
    labels = {slot_id: str(slot_id) for slot_id in ids}
    return Rack(Parts(ports, clock, labels, {}, source.make_source, access, {}, matcher=matcher))


@contextmanager
def raw(seen: dict[int, float], bell: threading.Event) -> Iterator[None]:
    """The floor: a thread that polls a monitor and notes when it sees a loop device appear."""
    stop, monitor = threading.Event(), udev.open_monitor(Path("/run"))

    def look() -> None:
        while not stop.is_set():
            device = monitor.poll(0.05)
            if device is not None and device.action == "add":
                seen.setdefault(int(device.sys_number), time.monotonic())
                bell.set()

    thread = threading.Thread(target=look)
    thread.start()
    yield
    stop.set()
    thread.join()


def cycle(loops: Kernel, seen: dict[int, float], bell: threading.Event) -> list[float]:
    """Milliseconds from the ioctl until it was seen, for each of the ten devices, one after another."""
    found = []
    for number in NUMBERS:
        seen.clear()
        bell.clear()
        began = time.monotonic()
        loops.plug(number, f"SN-{number}")
        assert bell.wait(PATIENCE_S), f"loop{number} was never seen"
        found.append((seen[number] - began) * 1e3)
        loops.pull(number)
        loops.settle()
    return found


def row_16(slots: int, rounds: int) -> None:
    stamps, floor, ours, calibration = Stamps(), [], [], []
    seen: dict[int, float] = {}
    bell = threading.Event()
    with kernel() as loops:
        for turn in range(rounds + 1):
            calibration.append(calibrate())
            with raw(seen, bell):
                least = cycle(loops, seen, bell)
            with udev_rack(slots):
                mine = cycle(loops, stamps.at, stamps.bell)
            if turn:
                floor += least
                ours += mine
    tails = {"floor_p99": round(percentile(floor, 99), 2), "p99": round(percentile(ours, 99), 2)}
    say(
        ratio_line(16, "event to slot actor", "ms", sorted(floor), sorted(ours), slots=slots, goal=1.25, **tails),
        calibration,
    )


def row_18(*, lost: bool) -> None:
    with PreloadBed(find_bed().library) as bed, tempfile.TemporaryDirectory() as run:
        (Path(run) / "udev").mkdir()
        (Path(run) / "udev/control").touch()
        command = (sys.executable, "-m", "benchmarks.hotplug", "--child", run)
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=children_env(bed))
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        uevents = Uevents(bed)
        uevents.deaf = True
        for n in range(STORM):
            place = {"ID_PATH": f"rack0-slot-{NUMBERS.start + n}", "DISKSEQ": str(n + 1), "MINOR": str(n), "MAJOR": "8"}
            uevents.appear(f"sdz{n}", place)
        uevents.deaf, began = False, time.monotonic()
        for n in range(STORM // 2 if lost else STORM):
            uevents.send("add", f"sdz{n}")
        added = last = time.monotonic()
        child.stdin.write("lost\n" if lost else "\n")
        child.stdin.flush()
        child.stdout.readline()
        if lost:
            uevents.deaf, last = False, time.monotonic()
            uevents.change("sdz0")  # a socket that overflowed can be read, and raises
        told = json.loads(child.stdout.readline())
        child.communicate(timeout=60)
        say({
            "row": 18, "metric": "storm, half lost" if lost else "storm", "unit": "ms", "adds": STORM,
            "adds_took": round((added - began) * 1e3), "attached": told["attached"],
            "last_after": round((told["last"] - last) * 1e3, 1), "goal": 1000 if lost else 50,
        })  # fmt: skip


def child(run: str) -> None:
    stamps, lose = Stamps(), [False]
    real = udev.open_monitor

    def open_monitor(*arguments: Any) -> Any:
        monitor = real(*arguments)
        poll = monitor.poll

        def polled(timeout: float) -> Any:
            if lose[0]:
                lose[0] = False
                raise OSError(105, "No buffer space available")
            return poll(timeout)

        monitor.poll = polled
        return monitor

    udev.open_monitor = open_monitor  # type: ignore[assignment]
    with udev_rack(STORM, Path(run)):
        print("ready", flush=True)
        lose[0] = sys.stdin.readline() == "lost\n"
        print("heard", flush=True)
        until = time.monotonic() + PATIENCE_S
        while len(stamps.at) < STORM and time.monotonic() < until:
            time.sleep(0.005)
        print(json.dumps({"attached": len(stamps.at), "last": max(stamps.at.values())}), flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
        return
    options = arguments(__doc__, slots="10,1000")
    for slots in options.slots:
        row_16(slots, options.rounds)
    for lost in (False, True):
        row_18(lost=lost)


if __name__ == "__main__":
    main()
