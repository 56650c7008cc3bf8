"""Where the history is kept: one SQLite file. `sqlite.py` is the store; the other modules are its parts."""
