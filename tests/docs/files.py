"""Blocks that are data: each is read by whoever it is written for. Rack files and recipes by `orchestrator check`."""

import configparser
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from orchestrator.settings.rack_file import RackSettings

RACK_KEYS = frozenset(RackSettings.model_fields)
ELSEWHERE = {
    "scrape_configs": "Prometheus",
    "jobs": "GitHub Actions or GitLab",
}
"""Files of other programs, by a key that they have; these are only parsed."""


def read(language: str, text: str, folder: Path) -> Path | None:
    """The rack file that `check` is to be asked about, if it is one or a recipe. Raises what its reader raises."""
    return READERS[language](text, folder)


def _yaml(text: str, folder: Path) -> Path | None:
    data = YAML(typ="safe").load(text)
    assert isinstance(data, dict), "a rack file, a recipe or another program's file is a block of keys"
    if "steps" in data and not RACK_KEYS & set(data):
        return _recipe(text, folder)
    if set(data) <= RACK_KEYS:
        return _rack(text, data, folder)
    assert set(data) & set(ELSEWHERE), f"nobody here reads the keys {sorted(set(data) - RACK_KEYS)}"
    return None


def _rack(text: str, data: dict[str, Any], folder: Path) -> Path:
    """A part of one is completed by a simulated rack."""
    path = folder / "shown.yaml"
    path.write_text(text if {"slots", "ranges", "simulated"} & set(data) else f"simulated: {{}}\n{text}")
    return path


def _recipe(text: str, folder: Path) -> Path:
    own = folder / "read"
    (own / "recipes").mkdir(parents=True, exist_ok=True)
    (own / "recipes" / "shown.yaml").write_text(text)
    (own / "rack.yaml").write_text("simulated: {}\n")
    return own / "rack.yaml"


def _json(text: str, _: Path) -> None:
    json.loads(text)


def _toml(text: str, _: Path) -> None:
    tomllib.loads(text)


def _ini(text: str, _: Path) -> None:
    configparser.ConfigParser(strict=False, interpolation=None).read_string(text)


READERS: dict[str, Callable[[str, Path], Path | None]] = {"yaml": _yaml, "json": _json, "toml": _toml, "ini": _ini}
