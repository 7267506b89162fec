"""What stands around every page: where one can go, who is looking, and how a machine is connected."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from starlette.requests import Request

from tallyward.domain.access import Principal, Scope


@dataclass(frozen=True, slots=True)
class Room:
    """A page one can go to. `place` orders the navigation; `access` is the scope without which it is not shown."""

    name: str
    href: str
    place: int = 0
    access: Scope = "read"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks at a page, as the page shows them."""

    name: str
    role: str
    engineer_id: str | None
    rooms: tuple[Room, ...]

    @classmethod
    def of(cls, principal: Principal) -> "Viewer":
        open_to_them = tuple(room for room in rooms() if principal.may(room.access))
        return cls(principal.engineer_id or principal.name, principal.role, principal.engineer_id, open_to_them)


def modules() -> Iterator[ModuleType]:
    """The pages: each public module of this folder, found by being there."""
    package = __name__.rpartition(".")[0]
    for info in iter_modules(import_module(package).__path__):
        if not info.name.startswith("_"):
            yield import_module(f"{package}.{info.name}")


@cache
def rooms() -> tuple[Room, ...]:
    """The pages that are in the navigation, in its order."""
    found = [module.ROOM for module in modules() if hasattr(module, "ROOM")]
    return tuple(sorted(found, key=lambda room: (room.place, room.name)))


def server_address(request: Request) -> str:
    """The address under which the reader sees this server: what `tally connect` needs."""
    return str(request.base_url).rstrip("/")


def connect_command(server: str, token: str = "YOUR_TOKEN") -> str:  # noqa: S107  # a placeholder to be replaced by hand
    return f"tally connect claude --server {server} --token {token}"
