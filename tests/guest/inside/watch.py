"""A rack in the guest as a harness sees it: opened from its file, every change of it a line of JSON on stdout.

The first line says {"ready": ...} once the rack is entered. It ends when it is killed.
"""

import json
import sys

from orchestrator import Rack
from orchestrator.interfaces.outcome import plain

with Rack.from_config(sys.argv[1]) as rack:
    print(json.dumps({"ready": [plain(slot) for slot in rack.slots()]}), flush=True)
    for event in rack.events(after=0):
        print(json.dumps(plain(event)), flush=True)
