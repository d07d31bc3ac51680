"""Alembic's migrations of the history database, shipped with the package and run when the store is opened."""
