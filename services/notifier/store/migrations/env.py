"""Runs the migrations on the connection it is given; `shared.db.migrate` holds the transaction and the lock."""

from alembic import context

schema = context.config.attributes["schema"]
context.configure(connection=context.config.attributes["connection"], version_table_schema=schema)
context.run_migrations()
