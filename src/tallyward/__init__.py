"""Tallyward: one ledger for the work of every coding agent. Importing this package costs nothing; import its rooms."""

__version__ = "0.1.0"
