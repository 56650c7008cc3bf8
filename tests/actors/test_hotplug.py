"""What slots are told when places, drives and events contradict each other: in virtual time, on the real actors."""

from collections import deque

import pytest

from orchestrator.model import errors
from orchestrator.model.clock import RackClock
from orchestrator.model.drive import Drive, Presence
from orchestrator.model.place import Matcher, Place, Rule
from orchestrator.model.ports import Sighting
from orchestrator.model.slot import SlotState
from orchestrator.operations.declare import shipped
from orchestrator.rack import Rack
from orchestrator.simulated.access import SimulatedAccess
from orchestrator.simulated.rack import Simulation
from orchestrator.simulated.world import World
from orchestrator.system.system import Parts

RULES = {1: Rule(id_path=("bay-1",)), 2: Rule(id_path=("bay-2*",)), 3: Rule(id_path=("bay-3", "bay-2-b")),
         4: Rule(serial="SN-9")}  # fmt: skip
SETTLED_S = 2.0


class Given:
    """A source that shows what it was given."""

    def __init__(self, bell):
        self.there: dict[str, Sighting] = {}
        self._bell = bell
        self._events: deque[Sighting] = deque()

    def plug(self, key, id_path, serial, number, *, event=True, wwn=""):
        drive = Drive(serial, wwn, "M") if serial else None
        presence = Presence(number, drive, f"/dev/{key}") if drive else None
        self.there[key] = Sighting("add", key, presence, "it hangs", Place((id_path,), serials=(serial,)))
        if event:
            self.say(self.there[key])

    def pull(self, key):
        gone = self.there.pop(key)
        self.say(Sighting("remove", key, gone.presence, place=gone.place))

    def say(self, sighting):
        self._events.append(sighting)
        self._bell.set()

    def open(self):
        self._events.clear()
        return tuple(self.there.values())

    def get(self, timeout):
        if not self._events:
            self._bell.wait(timeout)
        self._bell.clear()
        return self._events.popleft() if self._events else None

    def close(self):
        self._bell.set()


class Bench:
    """A rack of the slots in RULES, and the source to play on."""

    def __init__(self, world):
        self.world, clock = world, RackClock(world, 1.0)
        self.source = source = Given(world.event())
        access = SimulatedAccess(Simulation(world, clock, 1, 0).find)
        labels = {slot_id: f"A{slot_id}" for slot_id in RULES}
        self.rack = Rack(Parts(world, clock, labels, {}, lambda: source, access, shipped(), matcher=Matcher(RULES)))

    def states(self):
        self.world.sleep(SETTLED_S)
        return [slot.state if slot.drive is None else slot.drive.serial for slot in self.rack.slots()]

    def reason(self, slot_id):
        return self.rack.slots()[slot_id - 1].reason


@pytest.fixture
def bench():
    with World(1, preempt=0.0, lag=0.0) as world:
        yield Bench(world)


def test_a_drive_is_in_the_slot_whose_rule_covers_its_place(bench):
    bench.source.plug("sda", "bay-1", "SN-A", 5)
    bench.source.plug("sdb", "bay-2-a", "SN-B", 6)
    bench.source.plug("sdc", "elsewhere", "SN-C", 7)
    assert bench.states() == ["SN-A", "SN-B", SlotState.EMPTY, SlotState.EMPTY]


def test_two_drives_in_one_slot_are_a_conflict_and_no_job_is_taken(bench):
    bench.source.plug("sda", "bay-2", "SN-A", 5)
    bench.source.plug("sdb", "bay-2-a", "SN-B", 6)
    bench.states()
    assert bench.rack.slots()[1].state is SlotState.CONFLICT
    assert "2 drives: SN-A (/dev/sda) and SN-B (/dev/sdb)" in bench.reason(2)
    with pytest.raises(errors.SlotUnavailable, match="pull all but one"):
        bench.rack.read_health(1, 2)
    bench.source.pull("sda")
    assert bench.states()[1] == "SN-B"


def test_a_drive_that_two_slots_claim_is_in_neither(bench):
    bench.source.plug("sda", "bay-2-b", "SN-A", 5)
    bench.states()
    assert [slot.state for slot in bench.rack.slots()][1:3] == [SlotState.CONFLICT] * 2
    assert "slot 3 cover /dev/sda" in bench.reason(2) and "slot 2 cover /dev/sda" in bench.reason(3)


def test_one_drive_at_two_nodes_of_one_slot_is_one_drive(bench):
    """Multipath, or the namespaces of one NVMe drive: the presence that came first stays the slot's."""
    bench.source.plug("sda", "bay-2-a", "SN-A", 5, wwn="5000c500a1b2c3d4")
    bench.states()
    job = bench.rack.read_health(1, 2)
    bench.source.plug("sdb", "bay-2-c", "SN-A", 6, wwn="5000c500a1b2c3d4")
    assert bench.states()[1] == "SN-A"
    assert bench.rack.get_job_status(job).error is None or "left" not in bench.rack.get_job_status(job).error.text


def test_one_drive_in_two_slots_is_a_conflict_in_both_until_one_path_is_gone(bench):
    bench.source.plug("sda", "bay-1", "SN-A", 5)
    bench.source.plug("sdb", "bay-2", "SN-A", 6)
    bench.states()
    assert [slot.state for slot in bench.rack.slots()][:2] == [SlotState.CONFLICT] * 2
    assert "slot 2 shows the same drive, SN-A" in bench.reason(1)
    bench.source.pull("sda")
    assert bench.states()[:2] == [SlotState.EMPTY, "SN-A"]


def test_equal_serials_with_different_wwns_are_two_drives(bench):
    bench.source.plug("sda", "bay-1", "0000", 5, wwn="a1")
    bench.source.plug("sdb", "bay-2", "0000", 6, wwn="a2")
    assert bench.states()[:2] == ["0000", "0000"]


def test_a_second_drive_that_does_not_answer_is_not_taken_for_the_first(bench):
    bench.source.plug("sda", "bay-2", "SN-A", 5)
    bench.source.plug("sdb", "bay-2-a", "", 6)
    bench.states()
    slot = bench.rack.slots()[1]
    assert (slot.state, slot.reason) == (SlotState.UNKNOWN, "it hangs")


def test_a_kernel_name_that_moves_to_another_slot_leaves_the_first(bench):
    bench.source.plug("sda", "bay-1", "SN-A", 5)
    bench.states()
    bench.source.plug("sda", "bay-2", "SN-B", 8)  # the remove was lost
    assert bench.states()[:2] == [SlotState.EMPTY, "SN-B"]


def test_late_news_of_an_earlier_presence_changes_nothing(bench):
    bench.source.plug("sda", "bay-1", "SN-A", 5)
    bench.source.plug("sda", "bay-1", "SN-B", 8)
    old = Presence(5, Drive("SN-A", model="M"), "/dev/sda")
    bench.source.say(Sighting("add", "sda", old, place=Place(("bay-1",))))
    bench.source.say(Sighting("remove", "sda", old, place=Place(("bay-1",))))
    assert bench.states()[0] == "SN-B"


def test_a_slot_may_be_a_drives_serial_number_wherever_it_is(bench):
    bench.source.plug("sda", "somewhere", "SN-9", 5)
    assert bench.states()[3] == "SN-9"


def test_what_events_did_not_tell_the_next_listing_does(bench):
    bench.source.plug("sda", "bay-1", "SN-A", 5, event=False)
    assert bench.states()[0] is SlotState.EMPTY
    bench.world.sleep(60)
    assert bench.states()[0] == "SN-A"
