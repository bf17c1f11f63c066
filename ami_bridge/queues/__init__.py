"""Queues: who waits in them, who serves them, and what the switchboard does there."""
