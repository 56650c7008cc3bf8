"""A YAML file as plain data, with the line and column of every part, and every mistake in its form.

All scalars stay text (an empty one is None): who reads the data knows what `1:30`, `no` and `007` are to be. Refused
as mistakes: keys given twice, tags, aliases. A file that any user may write is not read at all, since a rack file
names what runs as root.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from orchestrator.model.errors import ConfigError

LONGEST_FILE = 1 << 20
_DEEPEST = 20
_CORE = "tag:yaml.org,2002:"
_NULL = _CORE + "null"
_TAGS = {_CORE + name for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}

Data = dict[str, "Data"] | list["Data"] | str | None
Where = tuple[str, ...]
"""The keys and indices from the top, as text."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong, at a place counted from 1."""

    line: int
    column: int
    text: str


@dataclass(slots=True)
class YamlFile:
    """What was read. `keys` and `values`: where the key and the value of each part stand."""

    data: Data = None
    mistakes: list[Mistake] = field(default_factory=list)
    keys: dict[Where, tuple[int, int]] = field(default_factory=dict)
    values: dict[Where, tuple[int, int]] = field(default_factory=dict)
    path: Path = Path()


def read_yaml(path: Path) -> YamlFile:
    """Raises ConfigError when the file cannot be opened, may be written by anybody, or is longer than 1 MiB."""
    file = YamlFile(path=path)
    try:
        node = YAML(typ="safe", pure=True).compose(_text(path))
    except MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        said = " ".join(part for part in (exc.context, exc.problem) if part)
        file.mistakes.append(Mistake(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, said))
    except YAMLError as exc:  # a character that YAML does not know, such as a NUL
        file.mistakes.append(Mistake(1, 1, " ".join(str(exc).split())))
    else:
        if node is not None:
            file.data = _Reader(file).read(node, ())
    return file


def _text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(LONGEST_FILE + 1)
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}", remedy="give the path of a rack file") from exc
    if mode & stat.S_IWOTH:
        raise ConfigError(f"{path} may be written by any user, and is not read", remedy=f"chmod o-w {path}")
    if len(content) > LONGEST_FILE:
        raise ConfigError(f"{path} is longer than a rack file can be")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path} is not UTF-8 text: {exc.reason} at byte {exc.start}") from exc


class _Reader:
    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self._seen: set[int] = set()

    def read(self, node: Node, where: Where) -> Data:
        self._file.values[where] = _place(node)
        if node.tag not in _TAGS:
            self._wrong(node, f"the tag {str(node.tag).replace(_CORE, '!!')} is not known here; leave it out")
            return None
        if isinstance(node, ScalarNode):
            return None if node.tag == _NULL else str(node.value)
        if id(node) in self._seen or len(where) > _DEEPEST:  # an alias's node bears the mark of what it stands for
            self._file.values[where] = place = self._file.keys.get(where, _place(node))
            self._file.mistakes.append(Mistake(*place, "an alias, or too deep a nest; write it out flat"))
            return None
        self._seen.add(id(node))
        if isinstance(node, SequenceNode):
            return [self.read(item, (*where, str(n))) for n, item in enumerate(node.value)]
        assert isinstance(node, MappingNode)  # noqa: S101
        return self._mapping(node, where)

    def _mapping(self, node: MappingNode, where: Where) -> Data:
        found: dict[str, Data] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong(key, "a key is a plain word or number")
                continue
            name = str(key.value)
            if name in found:
                line = self._file.keys[(*where, name)][0]
                self._wrong(key, f"{name} is given twice; the first is in line {line}")
                continue
            self._file.keys[(*where, name)] = _place(key)
            found[name] = self.read(value, (*where, name))
        return found

    def _wrong(self, node: Node, text: str) -> None:
        self._file.mistakes.append(Mistake(*_place(node), text))


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
