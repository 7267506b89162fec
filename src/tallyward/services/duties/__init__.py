"""Work that outlives its request, one duty to a file: done every so often, or when somebody defers it."""
