"""`orchestrator slots`: what is in each slot now."""

import json
from pathlib import Path

from orchestrator.interfaces import outcome
from orchestrator.interfaces.opening import open_rack, title
from orchestrator.interfaces.table import print_table


def show_slots(config: Path | None, *, simulated: bool, as_json: bool) -> None:
    """Blocks until the first look at every slot is over, some 10 s where a drive hangs."""
    with open_rack(config, simulated) as rack:
        slots, head = rack.slots(), title(rack)
    if as_json:
        for slot in slots:
            print(json.dumps(outcome.slot_json(slot, simulated=rack.is_simulated)))
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
