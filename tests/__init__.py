"""The tests: a mirror of the tree, and the worlds they play in."""
