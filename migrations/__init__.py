"""Alembic migrations, named by date: `20261122_1`."""
