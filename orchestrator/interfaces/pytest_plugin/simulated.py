"""`--rack simulated:slots=8,speed=1000,seed=0,3=hang`: what a rack without hardware is like, in words.

A slot's number gives its drive a fault, from the beginning; several are joined by +, as in 3=slow+hot.
"""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.model.errors import InvalidArgument

if TYPE_CHECKING:
    from orchestrator.rack import Rack

_NUMBERS = ("slots", "speed", "seed")
TAKEN = "it takes slots=NUMBER, speed=NUMBER, seed=NUMBER, and SLOT=FAULT such as 3=self_test_failure"


def open_simulated(*words: str) -> "Rack":
    """The rack; later words win over earlier ones. Raises InvalidArgument, with what is taken."""
    given: dict[str, Any] = {}
    faults: dict[int, tuple[str, ...]] = {}
    for name, value in (pair for text in words for pair in _pairs(text)):
        if name.isdecimal():
            faults[int(name)] = tuple(value.split("+"))
        else:
            given[name] = _number(name, value)
    from orchestrator.rack import Rack
    from orchestrator.simulated.drive import FAULTS

    slots = given.get("slots", 24)
    for slot_id, wanted in faults.items():
        for fault in wanted:
            if fault not in FAULTS:
                raise InvalidArgument(f"no fault {fault!r}{_nearest(fault, FAULTS)}")
        if not 1 <= slot_id <= slots:
            raise InvalidArgument(f"slot {slot_id} is to have a fault; this simulated rack has slots 1 to {slots}")
    rack = Rack.simulated(**given)
    for slot_id, wanted in faults.items():
        for fault in wanted:
            rack.simulation.inject(slot_id, fault)
    return rack


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals or (name not in _NUMBERS and not name.isdecimal()):
            near = _nearest(name, _NUMBERS) if equals else ""
            raise InvalidArgument(f"a simulated rack takes no {word!r}{near}", remedy=TAKEN)
        yield name, value


def _number(name: str, text: str) -> float:
    try:
        return float(text) if name == "speed" else int(text)
    except ValueError:
        raise InvalidArgument(f"{name} is {text!r}, not a number", remedy=TAKEN) from None


def _nearest(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
