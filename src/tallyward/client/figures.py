"""The figures of the boards, as the server tells them to whoever asks from this machine."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tallyward.client import git_facts, home
from tallyward.client.link import Link
from tallyward.errors import Invalid, NotConnected


def link(environ: Mapping[str, str]) -> Link:
    """The way to the server. Raises NotConnected when there is none."""
    config = home.read_config(home.home_dir(environ), environ)
    if not config.server or not config.token:
        raise NotConnected
    return Link(config.server, config.token)


def mine(environ: Mapping[str, str], directory: str, asked: str) -> dict[str, Any]:
    """One's own figures of a range such as `days=30`. A lead's token stands for nobody, so it is told who asks."""
    path = f"/v1/me?{asked}"
    way = link(environ)
    try:
        return way.get(path)
    except Invalid as error:
        config = home.read_config(home.home_dir(environ), environ)
        name = git_facts.engineer(config, git_facts.repository(directory), environ)
        if name is None:
            raise Invalid("This token is bound to no engineer; set GITHUB_USER to your handle.") from error
    return way.get(f"{path}&engineer={quote(name, safe='')}")


def team(environ: Mapping[str, str], asked: str) -> dict[str, Any]:
    """Everybody one may see, and the team as a whole, of a range such as `days=30`."""
    return link(environ).get(f"/v1/utilization?{asked}")
