"""The command line, one file per subject: what can be written, and what is done then."""
