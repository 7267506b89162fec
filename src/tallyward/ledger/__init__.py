"""The only SQL: one PostgreSQL, embedded by default, with every row under its tenant's row-level security."""
