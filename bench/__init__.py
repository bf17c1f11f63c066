"""Measurements; each prints a table and fails when a target is missed."""
