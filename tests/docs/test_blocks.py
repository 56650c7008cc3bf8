"""Every fenced block of README.md and docs/*.md is run, or read by whoever it is written for."""

import re
import shutil
from pathlib import Path

import pytest

from orchestrator.settings.rack_file import load_rack_file
from tests.docs import files, shown
from tests.docs.pages import PAGES, ROOT, Block, blocks_of, prose_of
from tests.docs.scene import Ended, Scene

DRAWN = ("text", "")
"""Output and drawings."""
NOT_RUN = 7
"""So many blocks may say why no test runs them. A new one takes a better reason than that it is easier."""
QUICK = "simulated:slots=2,speed=100000"
"""The rack of a block that is a pytest suite."""

TOOLS = ("curl", "openssl", "sqlite3", "awk")
"""Not ours, and used by blocks that run."""
MISSING = " ".join(tool for tool in TOOLS if shutil.which(tool) is None)


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING} (apt-get install {MISSING})")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_the_page_runs(page, scene):
    wrong, said = list[str](), ""
    for block in blocks_of(page):
        if block.not_run:
            continue
        try:
            if block.output:
                assert not (line := shown.missing(block.text, said)), f"{line!r} is shown, and not in:\n{said}"
            else:
                said = run(block, scene)
        except Exception as exc:  # all of a page's at once
            wrong.append(f"{block.where}: {type(exc).__name__}: {exc}")
    assert not wrong, "\n\n".join(wrong)


def run(block: Block, scene: Scene) -> str:
    """What it printed."""
    if block.file:
        path = scene.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    if block.language == "python":
        return "" if block.file else run_python(block, scene)
    if block.language == "sh":
        commands = shown.commands_of(f"{block.before}\n{block.text}")
        return "\n".join(checked(block, command, scene.sh(command)) for command in commands)
    if block.language == "console":
        for command, output in shown.dialogue_of(block.text):
            said = checked(block, command, scene.sh(command))
            assert not (line := shown.missing(output, said)), f"{command}: {line!r} is shown, and not in:\n{said}"
    elif block.language not in DRAWN:
        rack = files.read(block.language, scene.ours(block.text), scene.folder)
        if rack is not None:  # status 1: two slots claim what happens to be plugged in here
            ended = scene.sh(f"orchestrator check {rack}")
            assert ended.status in (0, 1), ended.said
    return ""


def run_python(block: Block, scene: Scene) -> str:
    is_suite = re.search(r"^def test_", block.text, re.MULTILINE) is not None
    path = scene.folder / ".blocks" / f"{'test_' if is_suite else ''}line_{block.line}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(scene.ours(f"{block.before}\n{block.text}" if block.before else block.text), encoding="utf-8")
    if is_suite:
        return checked(block, path.name, scene.python("-m", "pytest", "-q", f"--rack={QUICK}", str(path)))
    words = (str(path), block.page, str(block.line - len(block.before.splitlines())))
    return checked(block, path.name, scene.python(str(ROOT / "tests/docs/one_block.py"), *words))


def checked(block: Block, command: str, ended: Ended) -> str:
    last = ended.said[-3000:]
    if ended.status not in (0, block.exit):
        raise AssertionError(f"{command}\nended with {ended.status}:\n{last}")
    assert "Traceback (most recent call last)" not in ended.said, last
    return ended.said


def test_no_more_blocks_than_before_are_not_run():
    marked = [f"{block.where}: {block.not_run}" for page in PAGES for block in blocks_of(page) if block.not_run]
    print("\n".join(marked))
    assert len(marked) <= NOT_RUN, "\n".join(marked)


def test_every_block_says_what_it_is():
    known = {*files.READERS, "python", "sh", "console", "text"}
    for page in PAGES:
        for block in blocks_of(page):
            assert block.not_run or block.language in known, f"{block.where}: {block.language!r} is none of {known}"
            assert block.language or block.not_run, block.where


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_code_stands_outside_of_a_fence(page):
    """Four spaces make a block too, one that nobody would run."""
    lines = prose_of(page).splitlines()
    for n, line in enumerate(lines):
        if line.startswith("    ") and line.strip() and n and not lines[n - 1].strip():
            assert re.match(r"\s+([-*]|\d+\.) ", line), f"{page.name}:{n + 1}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for text, target in re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", prose_of(page)):
        name, _, anchor = target.partition("#")
        if "://" in name:
            continue
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{page.name}: [{text}]({target})"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(_anchor, headings), f"{page.name}: [{text}]({target})"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_every_rack_file_that_ships_is_one(path):
    assert load_rack_file(path)


def test_every_page_is_in_the_index_with_a_line():
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    listed = re.findall(r"^- \[[^\]]+\]\(([\w.-]+)\): \S.*$", index, re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in Path(ROOT / "docs").glob("*.md") if page.name != "README.md")
