"""The clouds' libraries: extras of the installation, imported when a credential is needed and not before.

botocore alone takes as long to import as the rest of the program.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from automator.errors import Denied


def is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # a package above it
        return False


def load(module: str, *, extra: str) -> Any:
    """A module of the `extra`. Raises Denied where that is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise missing(module, extra=extra) from error


def missing(module: str, *, extra: str, location: str = "") -> Denied:
    return Denied(
        f"the cloud's library is not installed: {module}",
        location=location,
        hint=f"pip install 'automator[{extra}]'",
    )
