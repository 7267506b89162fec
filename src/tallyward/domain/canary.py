"""A doctor's canary: a made-up fire that travels the whole way of a real one and counts for nobody.

It is known by its session's id (`ids.is_canary`). The server keeps it in the ledger as it keeps every fire, but under a
tenant of its own beside the organisation's: row-level security then hides it from every measure, page and query, and
from those that are yet to be written, without any of them knowing about it.
"""

_TENANT_SUFFIX = ":doctor"  # no name of a tenant can hold a colon, so no token speaks for it


def canary_tenant(tenant: str) -> str:
    """Where the canaries of a tenant's laptops are kept."""
    return tenant + _TENANT_SUFFIX
