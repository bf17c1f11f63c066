"""Tests of the groupware side."""
