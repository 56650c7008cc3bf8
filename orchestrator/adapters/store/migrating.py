"""An older store becomes one of today: a copy beside it first, then alembic's scripts in one transaction.

Killed at any moment it leaves the old store readable. Costs the import of SQLAlchemy and alembic, half a second: only
`opening.py` imports this, and only for an older store. A new one is made from `created.sql`, which is `recorded` here.
"""

import os
import re
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import StaticPool, create_engine, event

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = (MIGRATIONS / "versions",)
"""Where the scripts are."""


def migrate(connection: sqlite3.Connection, to: str = "head") -> None:
    """In one transaction of this connection, which has none open. sqlite3.Error, sqlalchemy.exc.DBAPIError."""
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "begin", lambda found: found.exec_driver_sql("BEGIN IMMEDIATE"))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, VERSIONS)))
    with engine.begin() as found:
        config.attributes["connection"] = found
        command.upgrade(config, to)


def copy_beside(connection: sqlite3.Connection, path: Path, revision: str) -> Path:
    """A whole copy of the store as it is, under its name with `.before-REVISION`. sqlite3.Error, OSError."""
    copy = path.with_name(f"{path.name}.before-{revision}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    into = sqlite3.connect(part, isolation_level=None)
    try:
        connection.backup(into)
    finally:
        into.close()
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(copy)
    return copy


def recorded() -> str:
    """The text of `created.sql`: what the migrations make of nothing."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(connection)
    made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    lines = [re.sub(r" *\n\t?", "\n    ", sql).replace("\n    )", "\n)") + ";\n" for (sql,) in made]
    return "".join([*lines, f"INSERT INTO alembic_version (version_num) VALUES ('{revision}');\n"])  # noqa: S608


if __name__ == "__main__":
    Path(__file__).with_name("created.sql").write_text(recorded())
