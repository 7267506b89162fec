"""Measures, one to a file: its SELECT, its unit, its caveat, and what makes it undefined."""
