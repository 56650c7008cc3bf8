"""A rack file as frozen models: every mistake at once, each with file:line:column and what was meant.

rack.yaml ──read_yaml──▶ plain data and where each part stands ──pydantic──▶ RackSettings
                               └── mistakes ────────────────────────┴──▶ one ConfigError
"""

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from orchestrator.adapters.tool import checked_device_type, checked_node
from orchestrator.adapters.yaml_file import Mistake, YamlFile, read_yaml
from orchestrator.model.errors import ConfigError, Refused

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
        text = f"{exc.text}{_nearest(value, words) or '; ' + exc.remedy}"
        raise PydanticCustomError("refused", "{text}", {"text": text}) from exc


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlotSettings(_Part):
    """One slot, by the node its drive appears at."""

    node: Annotated[str, AfterValidator(_node)]
    """Such as /dev/sda, /dev/nvme0, or a link below /dev/disk/by-path."""
    label: str | None = Field(default=None, min_length=1, max_length=40)
    """What the chassis says beside the slot; None = its id."""
    type: Annotated[str, AfterValidator(_device_type)] = ""
    """smartctl's -d; "" lets smartctl find it."""

    @property
    def place(self) -> str:
        """What no two slots may share: the node, and behind a RAID controller the drive's number too."""
        return f"{self.node} {self.type}" if "," in self.type else self.node


class SmartctlSettings(_Part):
    path: str = Field(default="smartctl", min_length=1)
    """A name to be looked up, or a path."""
    sudo: bool = False
    """Put `sudo -n` in front."""
    deadline_s: float = Field(default=60.0, ge=1, le=3600)
    """Host seconds for one smartctl."""


class SimulatedSettings(_Part):
    """A rack without hardware."""

    slots: int = Field(default=24, ge=1, le=10_000)
    speed: float = Field(default=1000.0, gt=0, le=1e6)
    """Rack seconds per real second."""
    seed: int = 0


class RackSettings(_Part):
    """Either `slots` or `simulated`: a rack is real or it is not, and the file says which."""

    slots: dict[Annotated[int, Field(ge=0, le=999_999)], SlotSettings] = {}
    smartctl: SmartctlSettings = SmartctlSettings()
    simulated: SimulatedSettings | None = None


_PARTS: dict[tuple[str, ...], type[_Part]] = {
    (): RackSettings,
    ("slots", "*"): SlotSettings,
    ("smartctl",): SmartctlSettings,
    ("simulated",): SimulatedSettings,
}


def load(path: Path) -> RackSettings:
    """The rack that the file describes. Raises ConfigError, which names every mistake, a line each."""
    file = read_yaml(path)
    settings = RackSettings()
    try:
        settings = RackSettings.model_validate(file.data or {})
    except ValidationError as exc:
        told = {(mistake.line, mistake.column) for mistake in file.mistakes}
        found = [_explain(file, error) for error in exc.errors()]
        file.mistakes += [mistake for mistake in found if (mistake.line, mistake.column) not in told]
    file.mistakes += _contradictions(file)
    if file.mistakes:
        lines = [f"{path}:{m.line}:{m.column}: {m.text}" for m in sorted(set(file.mistakes))]
        raise ConfigError("\n".join(lines))
    return settings


def _contradictions(file: YamlFile) -> Iterator[Mistake]:
    """What no part is wrong about alone."""
    data = file.data if isinstance(file.data, dict) else {}
    if not file.mistakes and not data.get("slots") and "simulated" not in data:
        yield Mistake(1, 1, "the rack has no slots; name them (slots: {1: {node: /dev/sda}}), or say simulated")
    if "simulated" in data and "slots" in data:
        text = "a rack is real (slots) or simulated, never both; leave one out"
        yield Mistake(*file.keys["simulated",], text)
    slots = data.get("slots")
    ids, places = dict[int, str](), dict[str, str]()
    for name, slot in slots.items() if isinstance(slots, dict) else ():
        if name.isdecimal() and ids.setdefault(int(name), name) != name:
            yield Mistake(*file.keys["slots", name], f"slot {name} is slot {ids[int(name)]} once more")
        node, kind = (slot.get("node"), slot.get("type")) if isinstance(slot, dict) else (None, None)
        if isinstance(node, str):
            place = SlotSettings.model_construct(node=node, type=kind if isinstance(kind, str) else "").place
            if places.setdefault(place, name) != name:
                text = f"slot {name} is on {place}, and so is slot {places[place]}; one node holds one drive"
                yield Mistake(*file.values["slots", name, "node"], text)


def _explain(file: YamlFile, error: ErrorDetails) -> Mistake:
    where = tuple(str(step) for step in error["loc"] if step != "[key]")
    kind, name, given = error["type"], where[-1] if where else "", error["input"]
    owner = _owner(where[:-1])
    if kind == "missing":
        place = file.keys.get(where[:-1], (1, 1))
        return Mistake(*place, f"{owner} needs {name}")
    if kind == "extra_forbidden":
        words = tuple(_PARTS[_pattern(where[:-1])].model_fields)
        return Mistake(*file.keys[where], f"{owner} takes no {name!r}{_nearest(name, words)}")
    place = file.keys[where] if error["loc"][-1:] == ("[key]",) else file.values.get(where, (1, 1))
    if kind == "refused":
        return Mistake(*place, error["msg"])
    if error["loc"][-1:] == ("[key]",):
        return Mistake(*place, f"{given!r} is no slot id; it takes a whole number from 0 to 999999")
    return Mistake(*place, f"{owner}: {name or 'it'} {_wanted(kind, error)}, not {_shown(given)}")


def _wanted(kind: str, error: ErrorDetails) -> str:
    words = {
        "int": "takes a whole number",
        "float": "takes a number",
        "bool": "takes true or false",
        "string_type": "takes a text",
        "dict_type": "takes a block of `key: value`",
        "model": "takes a block of `key: value`",
    }
    for start, text in words.items():
        if kind.startswith(start):
            return text
    return error["msg"].replace("Input should", "should").replace("String should", "should")


def _shown(given: Any) -> str:
    return "nothing" if given is None else "a block" if isinstance(given, dict | list) else repr(given)


def _pattern(where: tuple[str, ...]) -> tuple[str, ...]:
    return ("slots", "*") if len(where) == 2 and where[0] == "slots" else where


def _owner(where: tuple[str, ...]) -> str:
    if not where:
        return "the rack file"
    return f"slot {where[1]}" if len(where) == 2 and where[0] == "slots" else where[-1]


def _nearest(word: str, words: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "" if not words else f"; it takes {', '.join(words)}"
