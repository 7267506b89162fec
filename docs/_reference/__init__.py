"""Writes the reference pages from the code, so that they cannot say anything else. `scripts/docs` runs it.

One file per page: its name is the page's, `page()` is its text. `tests/test_docs.py` fails while a page is stale.
"""
