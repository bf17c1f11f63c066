"""A small town that telephones, for people who try the product and for the tests."""
