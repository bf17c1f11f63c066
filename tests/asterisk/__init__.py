"""Tests of the PBX side."""
