"""How Alembic reaches the database: over the connection that `schema.upgrade` gives it, in its transaction."""

from alembic import context

from ami_bridge.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
