"""Runs one python block of a page in a namespace of its own: `python one_block.py FILE PAGE LINE`.

What a block uses and does not make is made for it, as the sentence above the block has it: a simulated rack, a slot.
"""

import ast
import builtins
import sys
from pathlib import Path
from typing import Any

GIVEN = {
    "errors": "from orchestrator import errors",
    "Rack": "from orchestrator import Rack",
    "rack": "from orchestrator import Rack; rack = Rack.simulated(slots=24, speed=1e5)",
    "client_ref": "client_ref = 1",
    "slot_id": "slot_id = 3",
    "job_id": "job_id = rack.run_smart_test(client_ref=1, slot_id=3)",
    "token": "import os; token = os.environ['BENCH_TOKEN']",
    "cafile": "import os; cafile = os.environ['BENCH_CAFILE']",
}
"""In the order in which they need each other."""


def free_names(code: ast.Module) -> set[str]:
    """Used in it, and made nowhere in it."""
    names = {node.id: isinstance(node.ctx, ast.Load) for node in ast.walk(code) if isinstance(node, ast.Name)}
    made = {node.id for node in ast.walk(code) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(code):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
    return set(names) - made - set(dir(builtins))


def run(path: Path, page: str, line: int) -> None:
    text = "\n" * line + path.read_text("utf-8")
    tree = ast.parse(text, page)
    wanted = free_names(tree)
    if "job_id" in wanted:
        wanted.add("rack")
    space: dict[str, Any] = {"__name__": "__main__"}
    for name, code in GIVEN.items():
        if name in wanted:
            exec(code, space)  # noqa: S102 -- ours
    try:
        exec(compile(tree, page, "exec"), space)  # noqa: S102 -- the pages are ours
    finally:
        if "rack" in wanted:
            space["rack"].close()


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
