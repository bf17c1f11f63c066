"""Alarms of plants: somebody is rung until somebody takes over; none is lost, none is silent."""
