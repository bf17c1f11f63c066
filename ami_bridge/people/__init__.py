"""Persons, their sign-in, their tokens and what they may do."""
