"""What the laptop's commands share: where the folder is, how to reach the server, how to be brief."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tallyward.client import home
from tallyward.client.home import LaptopConfig
from tallyward.client.link import Link
from tallyward.errors import HomeUnusable, NotConnected


def root() -> str:
    """The laptop's folder."""
    return home.home_dir(os.environ)


def configured() -> LaptopConfig:
    """What this machine knows of its server."""
    return home.read_config(root(), os.environ)


def link() -> Link:
    """The way to the server. Raises NotConnected when there is none."""
    config = configured()
    if not config.server or not config.token:
        raise NotConnected
    return Link(config.server, config.token)


@contextmanager
def writing() -> Generator[None]:
    """Turns a refusal of the laptop's own folder into one line that says which file and why."""
    try:
        yield
    except OSError as error:
        raise HomeUnusable(f"{error.filename or root()}: {error.strerror or error}.") from error


def project_top() -> Path:
    """The top of the repository that we are in, or where we are."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
