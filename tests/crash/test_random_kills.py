"""kill -9 at any moment, many times over: nothing acknowledged is lost, doubled or told otherwise, no tool is left."""

import os
import random

import pytest

CHAINS, KILLS = (50, 20) if os.environ.get("ORCHESTRATOR_FULL") else (5, 10)
"""So many stores, and lives that are killed on each."""
LONGEST_S = 0.5
"""Of a life: every third from before its store is opened, the others from its first acknowledged job."""
SEED = 6


@pytest.mark.timeout(120 * CHAINS)
@pytest.mark.parametrize("chain", range(CHAINS))
def test_what_was_acknowledged_over_many_killed_lives_is_there_and_done_in_the_last(program, chain):
    moments, orphans = random.Random(f"{SEED}/{chain}"), 0
    program.drives.hanging = True
    for life in range(KILLS):
        seconds, seed = moments.uniform(0, LONGEST_S), f"{SEED}/{chain}/{life}"
        assert program.live("busy", seconds, from_first=life % 3 > 0, seed=seed) == -9, seed
        orphans += len(program.drives.tools())
    program.drives.hanging = False
    program.last_life()
    assert orphans and len(program.truth.accepted) > KILLS / 2, "too little was going on: this proves nothing"
