"""`orchestrator check FILE`: is the rack file right, which slots hold a drive now, and which drives no slot means.

Asks udev alone and touches no drive. For a drive that no slot means it prints the line that would make it one.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.udev import CONTROL, NO_UDEVD, list_blocks
from orchestrator.adapters.udev_block import Block
from orchestrator.interfaces.outcome import printable
from orchestrator.interfaces.table import print_table
from orchestrator.model.place import Matcher, Place

if TYPE_CHECKING:
    from orchestrator.settings.rack_file import RackSettings

NO_EYES = "udevd does not run"
HOLDS, EMPTY, UNKNOWN, CONFLICT = "drive", "empty", "unknown", "conflict"


@dataclass(frozen=True, slots=True)
class Found:
    """A slot of the file."""

    slot_id: int
    label: str
    state: str
    node: str = ""
    drive: str = ""
    """As udev names it."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A drive that no slot means."""

    node: str
    drive: str
    line: str
    """To be put under `slots`."""


def check(file: Path, *, as_json: bool) -> int:
    """The exit status: 1 when slots or drives contradict each other. Raises ConfigError for a wrong file."""
    from orchestrator.settings.rack_file import load_rack_file

    rack = load_rack_file(file)
    if rack.simulated is not None:
        print(json.dumps({"simulated": True, "slots": rack.simulated.slots}) if as_json else f"{file}: SIMULATED")
        _show_recipes(rack, as_json=as_json)
        return 0
    blocks = {name: block for name, block in list_blocks() if isinstance(block, Block)}
    slots, strangers = tuple(look(rack, blocks)), tuple(others(rack, blocks))
    if as_json:
        for line in (*map(asdict, slots), *map(asdict, strangers)):
            print(json.dumps(line))
    else:
        _show(file, slots, strangers)
    _show_recipes(rack, as_json=as_json)
    return int(any(slot.state == CONFLICT for slot in slots))


def _show_recipes(rack: "RackSettings", *, as_json: bool) -> None:
    """Those beside the file, and how many there are with the shipped ones."""
    own = [recipe for _, recipe in sorted(rack.recipes.items()) if recipe.source]
    if as_json:
        for recipe in own:
            print(json.dumps({"recipe": recipe.name, "steps": len(recipe.steps), "source": recipe.source}))
        return
    named = ", ".join(f"{recipe.name} ({len(recipe.steps)} steps)" for recipe in own) or "none"
    print(f"recipes: {len(rack.recipes)} without a mistake, {len(own)} of them beside the file: {printable(named)}")


def schema() -> None:
    """Print the JSON Schema of a rack file, for editors."""
    from orchestrator.settings.rack_file import RackSettings

    described = RackSettings.model_json_schema()
    print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **described}, indent=2))


def look(rack: "RackSettings", blocks: dict[str, Block], *, run: Path = Path("/run")) -> Iterator[Found]:
    """Each slot as it is now. `run`: where the host's /run is."""
    matcher, seen = _matcher(rack), (run / CONTROL).exists()
    claims = {name: matcher.find(block.place) for name, block in blocks.items()}
    for slot_id, slot in sorted(rack.slots.items()):
        label = slot.label or str(slot_id)
        if slot.node is not None:
            block = blocks.get(Path(slot.node).resolve().name)
            state = HOLDS if Path(slot.node).exists() else EMPTY
            yield Found(slot_id, label, state, slot.node, block.says if block else "")
            continue
        here = {blocks[name].node: blocks[name] for name, slots in claims.items() if slot_id in slots}
        also = sorted({other for slots in claims.values() if slot_id in slots for other in slots if other != slot_id})
        nodes, drives = ", ".join(here), ", ".join(block.says for block in here.values())
        if also:
            reason = f"slot {', '.join(map(str, also))} means the same drive; correct match"
        elif len({block.place.serials for block in here.values()}) > 1:
            reason = f"its match covers {len(here)} drives; make it narrower, or pull all but one"
        elif not seen:
            yield Found(slot_id, label, UNKNOWN, reason=NO_EYES)
            continue
        else:
            yield Found(slot_id, label, HOLDS if here else EMPTY, nodes, drives)
            continue
        yield Found(slot_id, label, CONFLICT, nodes, drives, reason)


def others(rack: "RackSettings", blocks: dict[str, Block]) -> Iterator[Stranger]:
    matcher, free = _matcher(rack), max(rack.slots, default=0) + 1
    fixed = {Path(slot.node).resolve().name for slot in rack.slots.values() if slot.node is not None}
    for name, block in sorted(blocks.items()):
        if name not in fixed and Path(block.node).name not in fixed and not matcher.find(block.place):
            yield Stranger(block.node, block.says, f"{free}: {{match: {{{_rule(block.place)}}}}}")
            free += 1


def _rule(place: Place) -> str:
    """The surest that is known of it."""
    if place.id_paths:
        return f"id_path: {json.dumps(place.id_paths[0])}"
    if place.bays:
        bay = place.bays[0]
        return f"enclosure: {json.dumps(bay.enclosure or bay.address)}, bay: {json.dumps(bay.number or bay.name)}"
    return f"hctl: {json.dumps(place.hctl)}" if place.hctl else f"serial: {json.dumps(place.serials[0])}"


def _matcher(rack: "RackSettings") -> Matcher:
    return Matcher({slot_id: slot.match.rule for slot_id, slot in rack.slots.items() if slot.match is not None})


def _show(file: Path, slots: tuple[Found, ...], strangers: tuple[Stranger, ...]) -> None:
    held = sum(slot.state == HOLDS for slot in slots)
    print(f"{file}: no mistakes; {len(slots)} slots, {held} with a drive now")
    rows = [
        (str(slot.slot_id), *map(printable, (slot.label, slot.state, slot.node, slot.drive, slot.reason)))
        for slot in slots
    ]
    print_table(("slot", "label", "state", "node", "drive", "reason"), rows)
    if any(slot.reason == NO_EYES for slot in slots):
        print(f"\n{NO_EYES}: {NO_UDEVD}")
    if strangers:
        print(f"\n{len(strangers)} drives that no slot means; these lines, put under `slots:`, make them one each:")
    for one in strangers:
        print(f"  {printable(one.line)}   # {printable(f'{one.node} {one.drive}')}")
