"""A second migration, for tests: it adds a column and an index, and in between does what it is told to."""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("more", sa.Text(), nullable=False, server_default="x"))
    op.execute("UPDATE jobs SET more = name")
    match os.environ.get("MIGRATION"):
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "broken":
            op.execute("UPDATE no_such_table SET x = 1")
    op.create_index("jobs_more", "jobs", ["more"])
