"""Many slots in one line: a range's ids, and the {id} and {n} in its texts.

    ids: 1-24, first: 0, label: "A{id:02}", id_path: "...-phy{n}-lun-0"     slot 1 is A01 on phy0, slot 24 A24 on phy23

`{id}` is the slot's id. `{n}` counts along with the ids, from `first`; without `first` it is the id. `:02` pads with
zeros to two digits, up to `:09`. A brace that is meant as one is doubled, as in Python.
"""

import re

MOST = 10_000
"""Slots in one range."""

_IDS = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_FIELD = re.compile(r"\{\{|\}\}|\{(id|n)(?::0([1-9]))?\}|[{}]")


def ids_of(text: str) -> range:
    """ "1-24" or "7". ValueError says what is wrong with it."""
    found = _IDS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no range of ids, such as 1-24")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise ValueError(f"{text!r} runs backwards; write {last}-{first}")
    if last - first >= MOST:
        raise ValueError(f"{text!r} is more than {MOST} slots")
    return range(first, last + 1)


def fill(text: str, slot_id: int, n: int) -> str:
    """The text for one slot. ValueError names a brace that is neither {id} nor {n}."""

    def one(found: re.Match[str]) -> str:
        whole, name, width = found[0], found[1], int(found[2] or 0)
        if name:
            return str(slot_id if name == "id" else n).zfill(width)
        if len(whole) == 2:
            return whole[0]
        raise ValueError(
            f"{text!r}: a range counts with {{id}} and {{n}}, and {{n:02}} pads; double a brace to mean one"
        )

    return _FIELD.sub(one, text)
