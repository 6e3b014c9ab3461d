"""Libraries that are extras of the installation: imported when they are needed, and not before.

botocore alone takes as long to import as the rest of the program.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from automator.errors import AutomatorError


def is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it
        return False


def load(module: str, *, extra: str, refuse: type[AutomatorError]) -> Any:
    """A module of the `extra`. Raises `refuse` where that is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise missing(module, extra=extra, refuse=refuse) from error


def missing(
    module: str, *, extra: str, refuse: type[AutomatorError], location: str = ""
) -> AutomatorError:
    error = refuse(f"{module} is not installed", hint=f"pip install 'automator[{extra}]'")
    error.location = location
    return error
