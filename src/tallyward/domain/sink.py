"""What a tenant decided about one place that its points are forwarded to: one `[[sinks]]` of `tenant.toml`."""

import re
from collections.abc import Sequence

from msgspec import Struct

_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?(?:/[^\s?#\\]*)?", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


class SinkConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`kind` is the file of `sinks/` that knows how. What of the rest is needed, that file says."""

    name: str
    kind: str
    url: str = ""
    token_file: str = ""
    user: str = ""
    org: str = ""
    bucket: str = ""
    path: str = ""

    def problems(self) -> list[str]:
        found: list[str] = []
        if not _NAME.fullmatch(self.name):
            found.append(f"sinks.name {self.name!r} is no name (a-z, 0-9 and hyphens, 63 at most)")
        if self.url and not _ADDRESS.fullmatch(self.url):
            found.append(f"sinks.{self.name}.url must be http:// or https://, without a user, ? or # in it")
        return found


def problems(sinks: Sequence[SinkConfig]) -> list[str]:
    """What is wrong with the sinks of one tenant."""
    names = [sink.name for sink in sinks]
    twice = [f"sinks: there are two of the name {name}" for name in sorted(set(names)) if names.count(name) > 1]
    return [*twice, *(problem for sink in sinks for problem in sink.problems())]
