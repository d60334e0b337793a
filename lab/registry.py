"""Extension folders: a new member is one file, found by being there."""

import pkgutil
from importlib import import_module
from types import ModuleType


def load_all(package: ModuleType) -> list[ModuleType]:
    """Import every module of `package`, in name order so that every run registers alike."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [import_module(f"{package.__name__}.{name}") for name in names]
