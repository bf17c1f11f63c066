"""Calls that are going on or have ended."""
