"""`orchestrator slots`: what is in each slot now."""

import json

from orchestrator.interfaces import outcome
from orchestrator.interfaces.opening import title
from orchestrator.interfaces.reach import Named, open_any
from orchestrator.interfaces.table import print_table
from orchestrator.model.slot import SlotInfo


def show_slots(named: Named, *, as_json: bool) -> None:
    """Without a service it blocks until the first look at every slot is over, some 10 s where a drive hangs."""
    with open_any(named) as rack:
        print_slots(rack.slots(), title(rack), simulated=rack.is_simulated, as_json=as_json)


def print_slots(slots: tuple[SlotInfo, ...], head: str, *, simulated: bool, as_json: bool) -> None:
    if as_json:
        for slot in slots:
            print(json.dumps(outcome.slot_json(slot, simulated=simulated)))
        return
    if head:
        print(head)
    rows = [
        (
            str(slot.id),
            outcome.printable(slot.label),
            slot.state.value,
            outcome.drive_text(slot.drive),
            outcome.size_text(slot.drive.capacity_bytes if slot.drive else None),
            outcome.printable(slot.reason),
        )
        for slot in slots
    ]
    print_table(("slot", "label", "state", "drive", "size", "reason"), rows)
