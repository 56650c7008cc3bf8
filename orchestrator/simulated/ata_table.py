"""The SMART attribute table of an ATA drive: from two pages of bytes to rows, and from a row to a line of text.

After smartctl 7.4's atacmds.cpp and ataprint.cpp.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from orchestrator.simulated.ata import READ_DATA, READ_THRESHOLDS, SMART, SMART_SIGNATURE, AtaWire
from orchestrator.simulated.profile import Profile

TABLE_HEAD: Final = "ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE"


def smart_table(wire: AtaWire, profile: Profile) -> list[dict[str, Any]]:
    """The rows as the JSON has them; names and raw formats are the profile's, smartctl has them from its database."""
    page, limits = (wire.execute(SMART, what, 1, SMART_SIGNATURE).data for what in (READ_DATA, READ_THRESHOLDS))
    thresholds = {limits[i]: limits[i + 1] for i in range(2, 362, 12)}
    known = {line.id: line for line in profile.attributes}
    rows = []
    for at in range(2, 362, 12):
        number, flags, value, worst = struct.unpack_from("<BHBB", page, at)
        if not number:
            continue
        limit, raw = thresholds[number], int.from_bytes(page[at + 5 : at + 11], "little")
        failed = "now" if value <= limit and limit else "past" if worst <= limit and limit else ""
        rows.append(
            {
                "id": number,
                "name": known[number].name,
                "value": value,
                "worst": worst,
                "thresh": limit,
                "when_failed": failed,
                "flags": flag_letters(flags),
                "raw": {"value": raw, "string": RAW_FORMATS[known[number].format](raw)},
            }
        )
    return rows


def row_text(row: dict[str, Any]) -> str:
    """One line of the table."""
    flags = row["flags"]
    kind = "Pre-fail" if flags["prefailure"] else "Old_age"
    updated = "Always" if flags["updated_online"] else "Offline"
    failed = {"now": "FAILING_NOW", "past": "In_the_past"}.get(row["when_failed"], "    -")
    return (
        f"{row['id']:3d} {row['name']:<24s}0x{flags['value']:04x}   {row['value']:03d}   {row['worst']:03d}   "
        f"{row['thresh']:03d}    {kind:<10s}{updated:<9s}{failed:<12s}{row['raw']['string']}"
    )


def flag_letters(flags: int) -> dict[str, Any]:
    """An attribute's status flags as smartctl's JSON spells them."""
    letters = "".join(letter if flags >> bit & 1 else "-" for bit, letter in enumerate("POSRCK"))
    names = ("prefailure", "updated_online", "performance", "error_rate", "event_count", "auto_keep")
    spelt = {name: bool(flags >> bit & 1) for bit, name in enumerate(names)}
    return {"value": flags, "string": letters + ("+" if flags >> 6 else " "), **spelt}


def _three_words(raw: int) -> str:
    return f"{raw >> 32 & 0xFFFF} {raw >> 16 & 0xFFFF} {raw & 0xFFFF}"


def _temperature(raw: int) -> str:
    return f"{raw & 0xFF} (Min/Max {raw >> 16 & 0xFF}/{raw >> 32 & 0xFF})"


RAW_FORMATS: Final[dict[str, Callable[[int], str]]] = {
    "raw48": str,
    "raw16": _three_words,
    "tempminmax": _temperature,
    "msec24hour32": lambda raw: f"{raw & 0xFFFFFFFF}h+00m+00.000s",
}
"""How the drive database has an attribute's six raw bytes printed."""
