"""The daemon's side is the house with a door of the tests of people."""

from tests.people.conftest import house

__all__ = ["house"]
