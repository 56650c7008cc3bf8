"""How an older store becomes one of today: alembic's scripts, run by `migrating.py` and by nobody else."""
