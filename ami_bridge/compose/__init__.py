"""What `app` puts together, one file per capability: here alone objects are made, and nothing is decided."""
