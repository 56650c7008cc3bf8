"""A rack file as frozen models: every mistake at once, each with file:line:column and what was meant.

rack.yaml ──read_yaml──▶ plain data and where each part stands ──pydantic──▶ RackSettings
                               └── mistakes ────────────────────────┴──▶ one ConfigError

A range stands for its slots: after `load_rack_file` they are in `slots`, as if each had been written out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PrivateAttr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.adapters.tool import checked_device_type, checked_node, is_behind_raid
from orchestrator.adapters.yaml_file import Mistake, YamlFile, read_yaml
from orchestrator.model import numbering
from orchestrator.model.errors import ConfigError, Refused
from orchestrator.model.place import Rule, is_hctl, overlap
from orchestrator.model.recipe import Recipe
from orchestrator.operations.declare import collect
from orchestrator.settings.alerts import AlertSettings
from orchestrator.settings.mistakes import explain
from orchestrator.settings.parts import (
    ChassisSettings,
    Part,
    SimulatedSettings,
    SmartctlSettings,
    StoreSettings,
    Text,
    store_block,
)
from orchestrator.settings.plans import PlanField, PlansField, mentions_plans, nearest, resolve
from orchestrator.settings.recipes import Recipes, files, names, own, shipped

_DEVICE_TYPES = ("sat", "ata", "scsi", "nvme", "auto", "usbjmicron", "usbsunplus", "sntjmicron", "sntrealtek",
                 "sntasmedia", "megaraid,0", "3ware,0", "areca,1", "cciss,0", "aacraid,0,0,0")  # fmt: skip
"""Of smartctl(8), option -d: what a misspelt type may have meant."""


def _node(value: str) -> str:
    return _checked(checked_node, value, ("/dev/sda", "/dev/nvme0"))


def _device_type(value: str) -> str:
    return _checked(checked_device_type, value, _DEVICE_TYPES) if value else value


def _checked(check: Callable[[str], str], value: str, words: tuple[str, ...]) -> str:
    """An adapter's check, told as pydantic wants it."""
    try:
        return check(value)
    except Refused as exc:
        raise _refused(f"{exc.text}{nearest(value, words) or '; ' + exc.remedy}") from exc


def _ids(value: str) -> str:
    try:
        numbering.ids_of(value)
    except ValueError as exc:
        raise _refused(str(exc)) from exc
    return value


def _refused(text: str, kind: str = "refused") -> PydanticCustomError:
    return PydanticCustomError(kind, "{text}", {"text": text})


_Label = Annotated[str, Field(min_length=1, max_length=40)]
_Globs = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]),
]


class MatchSettings(Part):
    """Where a slot is. One of: id_path; enclosure and bay; hctl; serial."""

    id_path: _Globs | None = None
    """One or more globs over udev's ID_PATH, such as "pci-0000:00:1f.2-ata-2*"."""
    enclosure: Text | None = None
    """A SES enclosure's logical id (/sys/class/enclosure/*/id), or its HCTL."""
    bay: Text | None = None
    """The bay's number or name in that enclosure."""
    hctl: Text | None = None
    """Host:channel:target:LUN, such as 0:0:3:0. The host's number may change between boots."""
    serial: Text | None = None
    """A drive's serial number, wherever it is plugged in."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = {"id_path": self.id_path, "enclosure": self.enclosure or self.bay, "hctl": self.hctl}
        given = [name for name, value in {**ways, "serial": self.serial}.items() if value]
        if len(given) != 1:
            words = f"says {' and '.join(given)}; leave all but one out"
            none = "says nothing of where it is; it takes one of id_path, enclosure with bay, hctl, serial"
            raise _refused(words if given else none, "needs")
        if bool(self.enclosure) is not bool(self.bay):
            raise _refused("needs enclosure and bay together", "needs")
        return self

    @property
    def rule(self) -> Rule:
        given = self.model_dump(exclude_none=True)
        return Rule(**given)


class TemperatureSettings(Part):
    """When a job stands still for heat; left out = the drive's own limit, or what is usual for its kind."""

    pause_celsius: int = Field(ge=30, le=110)
    resume_celsius: int = Field(ge=20, le=105)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.resume_celsius >= self.pause_celsius:
            raise _refused("needs a resume_celsius below pause_celsius", "needs")
        return self


class CapsSettings(Part):
    """The most of each at once; left out = any number."""

    self_tests: int | None = Field(default=None, ge=1)
    full_reads: int | None = Field(default=None, ge=1)
    """Surface scans and the like."""
    spin_ups: int | None = Field(default=None, ge=1)
    """Jobs that may wake a drive with a spindle, in 15 s."""


class BudgetSettings(Part):
    rack: CapsSettings = CapsSettings()
    controller: CapsSettings = CapsSettings()
    """Of each controller: the slots whose ID_PATH begins with the same two words, such as pci-0000:03:00.0."""


class _Where(Part):
    """What a slot and a range have in common."""

    match: MatchSettings | None = None
    """Where its drive appears, as udev tells it."""
    label: _Label | None = None
    """What the chassis says beside the slot; None = its id."""
    plan: PlanField = None
    """What starts by itself when a drive is plugged in."""
    temperature: TemperatureSettings | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.match is None) is (getattr(self, "node", None) is None):
            raise _refused(
                "needs match or node" if self.match is None else "has match and node; leave one out", "needs"
            )
        return self


class SlotSettings(_Where):
    """One slot: by a rule on where its drive appears (match), or by one node."""

    node: Annotated[str, AfterValidator(_node)] | None = None
    """Such as /dev/sda, /dev/nvme0, or a link below /dev/disk/by-path. Needs no udevd, and is looked at less often."""
    type: Annotated[str, AfterValidator(_device_type)] = ""
    """smartctl's -d; "" lets smartctl find it."""

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.match is not None and self.match.hctl and not is_hctl(self.match.hctl):
            raise _refused(f"hctl takes host:channel:target:LUN, such as 0:0:3:0, not {self.match.hctl!r}")
        return self

    @property
    def place(self) -> str:
        """What no two slots may share: the node, and behind a RAID controller the drive's number too."""
        return f"{self.node} {self.type}" if is_behind_raid(self.type) else str(self.node)


class RangeSettings(_Where):
    """Slots that differ in their numbers only: {id} and {n} in the texts stand for them."""

    ids: Annotated[str, AfterValidator(_ids)]
    """Such as 1-24."""
    first: int | None = Field(default=None, ge=0, le=999_999)
    """What {n} is at the first id; None = that id."""
    node: Text | None = None
    type: str = ""


class RackSettings(Part):
    """Either `slots` and `ranges`, or `simulated`: a rack is real or it is not, and the file says which."""

    slots: dict[Annotated[int, Field(ge=0, le=999_999)], SlotSettings] = Field(default_factory=dict)
    """By id."""
    ranges: tuple[RangeSettings, ...] = ()
    smartctl: SmartctlSettings = SmartctlSettings()
    simulated: SimulatedSettings | None = None
    chassis: ChassisSettings | None = None
    """Left out: the dashboard chooses."""
    store: Annotated[
        StoreSettings | None, BeforeValidator(store_block, json_schema_input_type=str | StoreSettings | None)
    ] = StoreSettings()
    """None (`store: none`): nothing outlives the process. A simulated rack has a store only where this is said."""
    plans: PlansField = Field(default_factory=dict)
    """By name."""
    plan: PlanField = None
    """Of the slots that say nothing of their own."""
    budget: BudgetSettings = BudgetSettings()
    temperature: TemperatureSettings | None = None
    """Of the slots that say nothing of their own."""
    alerts: tuple[AlertSettings, ...] = ()
    _own_recipes: dict[str, Recipe] = PrivateAttr(default_factory=dict)

    @property
    def recipes(self) -> Recipes:
        """By name: those beside the file, and the shipped ones. The first call of a process reads the latter."""
        return {**shipped(), **self._own_recipes}


_PARTS: dict[tuple[str, ...], type[BaseModel]] = {
    (): RackSettings,
    ("slots", "*"): SlotSettings,
    ("slots", "*", "match"): MatchSettings,
    ("ranges", "*"): RangeSettings,
    ("ranges", "*", "match"): MatchSettings,
    **{(*slot, "temperature"): TemperatureSettings for slot in ((), ("slots", "*"), ("ranges", "*"))},
    ("budget",): BudgetSettings,
    ("budget", "rack"): CapsSettings,
    ("budget", "controller"): CapsSettings,
    ("smartctl",): SmartctlSettings,
    ("store",): StoreSettings,
    ("chassis",): ChassisSettings,
    ("simulated",): SimulatedSettings,
    ("alerts", "*"): AlertSettings,
}


def load_rack_file(path: Path) -> RackSettings:
    """The rack that the file describes, and the recipes beside it. Raises ConfigError: every mistake, a line each."""
    file = read_yaml(path)
    settings, recipes, told_of_recipes = RackSettings(), dict[str, Recipe](), list[str]()
    if mentions_plans(file.data):
        resolve(file, collect(), names(path))
    try:
        recipes = own(path, collect()) if files(path) else {}
    except ConfigError as exc:
        told_of_recipes.append(exc.text)
    try:
        settings = RackSettings.model_validate(file.data or {})
    except ValidationError as exc:
        told = {(mistake.line, mistake.column) for mistake in file.mistakes}
        errors = [error for error in exc.errors() if not (error["type"] == "too_short" and error["input"])]
        found = [explain(file, error, _PARTS) for error in errors]  # a list with a wrong item is not too short
        file.mistakes += [mistake for mistake in found if (mistake.line, mistake.column) not in told]
    claims = list(_claims(file))
    counted = {claim.slot_id: slot for claim in claims if (slot := _counted(file, claim)) is not None}
    file.mistakes += _contradictions(file, claims)
    lines = [f"{path}:{m.line}:{m.column}: {m.text}" for m in sorted(set(file.mistakes))]
    if lines or told_of_recipes:
        raise ConfigError("\n".join((*lines, *told_of_recipes)))
    made = settings.model_copy(update={"slots": {**settings.slots, **counted}})
    made._own_recipes = recipes
    return made


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the file says of one slot, right or wrong, and where."""

    slot_id: int
    where: tuple[str, ...]
    data: dict[str, Any]

    @property
    def in_range(self) -> bool:
        return self.where[0] == "ranges"

    def place_of(self, file: YamlFile, name: str) -> tuple[int, int]:
        return file.values.get((*self.where, name)) or file.keys.get(self.where) or file.values[self.where]


def _claims(file: YamlFile) -> Iterator[_Claim]:
    data = file.data if isinstance(file.data, dict) else {}
    slots, ranges = data.get("slots"), data.get("ranges")
    for name, slot in slots.items() if isinstance(slots, dict) else ():
        if name.isdecimal() and isinstance(slot, dict):
            yield _Claim(int(name), ("slots", name), slot)
    for k, given in enumerate(ranges if isinstance(ranges, list) else ()):
        where = ("ranges", str(k))
        try:
            if not isinstance(given, dict):
                raise ValueError
            ids = numbering.ids_of(str(given["ids"]))
            first = ids[0] if given.get("first") is None else int(str(given["first"]))
        except (KeyError, ValueError):
            continue  # pydantic has told
        kept = {name: part for name, part in given.items() if name not in ("ids", "first")}
        try:
            for n, slot_id in enumerate(ids, first):
                yield _Claim(slot_id, where, _filled(where, kept, slot_id, n))
        except _Unfilled as exc:
            file.mistakes.append(Mistake(*file.values[exc.where], str(exc)))


class _Unfilled(Exception):
    def __init__(self, text: str, where: tuple[str, ...]) -> None:
        super().__init__(text)
        self.where = where


def _filled(where: tuple[str, ...], given: Any, slot_id: int, n: int) -> Any:
    if isinstance(given, dict):
        return {name: _filled((*where, name), part, slot_id, n) for name, part in given.items()}
    if isinstance(given, list):
        return [_filled((*where, str(k)), part, slot_id, n) for k, part in enumerate(given)]
    try:
        return numbering.fill(given, slot_id, n) if isinstance(given, str) else given
    except ValueError as exc:
        raise _Unfilled(str(exc), where) from exc


def _counted(file: YamlFile, claim: _Claim) -> SlotSettings | None:
    """A range's slot; None for a slot that is written out."""
    if not claim.in_range:
        return None
    try:
        return SlotSettings.model_validate(claim.data)
    except ValidationError as exc:
        if not file.mistakes:  # else it is told already, or follows from what is
            (error, *_) = exc.errors()
            where = tuple(str(step) for step in error["loc"])
            file.mistakes.append(
                Mistake(*claim.place_of(file, where[0] if where else ""), f"slot {claim.slot_id}: {error['msg']}")
            )
        return None


def _contradictions(file: YamlFile, claims: list[_Claim]) -> Iterator[Mistake]:
    """What no part is wrong about alone."""
    data = file.data if isinstance(file.data, dict) else {}
    if not file.mistakes and not claims and "simulated" not in data:
        yield Mistake(1, 1, "the rack has no slots; name them (slots: {1: {node: /dev/sda}}), or say simulated")
    if "simulated" in data and ("slots" in data or "ranges" in data):
        yield Mistake(*file.keys["simulated",], "a rack is real (slots) or simulated, never both; leave one out")
    by_id, by_place = dict[int, _Claim](), dict[str, _Claim]()
    for claim in claims:
        first = by_id.setdefault(claim.slot_id, claim)
        if first is not claim and claim.in_range:
            text = f"slot {claim.slot_id} is in this range and " + ("in another" if first.in_range else "in slots")
            yield Mistake(*claim.place_of(file, "ids"), text)
        elif first is not claim:
            yield Mistake(*file.keys[claim.where], f"slot {claim.where[1]} is slot {first.where[1]} once more")
        node, kind = claim.data.get("node"), claim.data.get("type")
        if isinstance(node, str):
            place = SlotSettings.model_construct(node=node, type=kind if isinstance(kind, str) else "").place
            other = by_place.setdefault(place, claim)
            if other.where != claim.where:
                text = f"slot {claim.slot_id} is on {place}, and so is slot {other.slot_id}; one node holds one drive"
                yield Mistake(*claim.place_of(file, "node"), text)
            elif other is not claim:
                text = f"every slot of this range is on {place}; put {{n}} in its node, or in its type"
                yield Mistake(*claim.place_of(file, "node"), text)
    rules = {slot_id: rule for slot_id, claim in sorted(by_id.items()) if (rule := _rule(claim)) is not None}
    told = set[tuple[int, int]]()
    for slot_id, (other_id, both) in overlap(rules).items():
        claim, other = by_id[slot_id], by_id[other_id]
        text = f"slot {slot_id} covers {both}, and so does slot {other_id}; a drive is in one slot"
        if other.where == claim.where:
            text = f"every slot of this range covers {both}; put {{n}} in its match"
        at = claim.place_of(file, "match")
        if at not in told:  # a range would tell it for each of its slots
            told.add(at)
            yield Mistake(*at, text)


def _rule(claim: _Claim) -> Rule | None:
    """Whatever of a match can be understood."""
    try:
        return MatchSettings.model_validate(claim.data.get("match")).rule
    except ValidationError:
        return None
