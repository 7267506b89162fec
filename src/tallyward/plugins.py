"""Finds what was added by being there: one file, one class, no list to edit.

`found(package, kind)` imports each public module of a folder and demands exactly one subclass of `kind` in it. The name
of the file is the name of the plug-in.
"""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import TypeVar

Kind = TypeVar("Kind")


def found(package: ModuleType, kind: type[Kind]) -> dict[str, type[Kind]]:
    """The plug-ins of a folder by their file names. Raises TypeError for a module without exactly one."""
    plugins: dict[str, type[Kind]] = {}
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("_"):
            continue
        module = import_module(f"{package.__name__}.{info.name}")
        own = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, kind) and value.__module__ == module.__name__
        ]
        if len(own) != 1:
            raise TypeError(f"{module.__name__} holds {len(own)} subclasses of {kind.__name__}; it must hold one.")
        plugins[info.name] = own[0]
    return plugins
