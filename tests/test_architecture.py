"""The arrows of the house: a module imports only what stands below it, and the public names are what they say."""

import ast
import graphlib
from pathlib import Path

import pytest

import orchestrator

HOUSE = (
    "interfaces",
    "rack",
    "remote",
    "pairs",
    "system",
    "rack_history",
    "settings",
    "actors",
    "simulated",
    "adapters",
    "operations",
    "model",
)
"""Top to bottom; those of one line do not import each other."""
FLOOR = {part: number for number, parts in enumerate(HOUSE) for part in parts.split()}
ROOT = Path(orchestrator.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
NAMES = {".".join((ROOT.name, *path.relative_to(ROOT).with_suffix("").parts)) for path in MODULES}
NAMES |= {name.removesuffix(".__init__") for name in NAMES}
FORBIDDEN = {
    "model": {"pykka", "pyudev", "subprocess", "pySMART"},
    "operations": {"pykka", "pyudev", "subprocess", "pySMART"},
    "actors": {"time", "threading", "queue", "random", "subprocess", "uuid", "asyncio", "pyudev", "pySMART"},
}
"""What goes through ports or adapters, by the folder that must not import it."""
LONGEST = 400


def part_of(path: Path) -> str:
    """The folder or file that is a floor of the house."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> list[str]:
    """Every module that is named in an import, wherever it stands, those for type checkers only left out."""
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                found += [alias.name for alias in names]
            case ast.ImportFrom(module, names, 0):
                found += [whole if (whole := f"{module}.{alias.name}") in NAMES else str(module) for alias in names]
            case ast.ImportFrom():
                found.append("a relative import")
    return found


def for_type_checkers(tree: ast.Module) -> set[str]:
    guarded = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    return {name for node in guarded for statement in node.body for name in imports_of(statement)}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.parent != ROOT or path.name != "__init__.py"], ids=str
)
def test_a_module_imports_only_what_stands_below_it(path):
    here = part_of(path)
    for name in imports_of(ast.parse(path.read_text())):
        assert name != "a relative import", f"{path}: imports are absolute"
        package, _, rest = name.partition(".")
        if package == "orchestrator":
            there = rest.split(".")[0]
            assert there in FLOOR, f"{path} imports {name}: import from the module that defines a name"
            assert there == here or FLOOR[there] > FLOOR[here], f"{path} imports {name}, which stands above it"


def test_actors_know_neither_adapters_nor_simulation():
    for path in (ROOT / "actors").rglob("*.py"):
        strangers = [
            name
            for name in imports_of(ast.parse(path.read_text()))
            if name.startswith(("orchestrator.adapters", "orchestrator.simulated"))
        ]
        assert strangers == [], f"{path}: system/ introduces them"


@pytest.mark.parametrize("part", FORBIDDEN)
def test_the_world_is_reached_through_ports(part):
    for path in (ROOT / part).rglob("*.py"):
        taken = {name.split(".")[0] for name in imports_of(ast.parse(path.read_text()))}
        assert taken.isdisjoint(FORBIDDEN[part]), f"{path} imports {taken & FORBIDDEN[part]}"


def test_no_modules_import_each_other_in_a_ring():
    arrows = {}
    for path in MODULES:
        tree = ast.parse(path.read_text())
        name = ".".join(("orchestrator", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        arrows[name] = set(imports_of(tree)) - for_type_checkers(tree) if name != "orchestrator" else set()
    graphlib.TopologicalSorter(arrows).prepare()  # CycleError names the ring


def test_the_public_names_are_those_of_all_and_each_can_be_imported():
    assert sorted(orchestrator.__all__) == orchestrator.__all__
    assert set(orchestrator._HOMES) == set(orchestrator.__all__)
    for name in orchestrator.__all__:
        assert getattr(orchestrator, name) is not None


def test_the_names_of_the_design_are_public():
    assert {"Rack", "AsyncJob", "AsyncJobStatus", "ListInfo", "ResultSet", "operation", "errors"} <= set(
        orchestrator.__all__
    )


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_opens_with_its_idea_and_can_be_held_in_the_head(path):
    text = path.read_text()
    assert len(text.splitlines()) < LONGEST
    assert not text or ast.get_docstring(ast.parse(text))
