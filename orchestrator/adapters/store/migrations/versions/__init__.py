"""One module a revision, each frozen when it is released."""
