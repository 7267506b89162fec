"""Running a server: start it, migrate it, look after its tokens."""
