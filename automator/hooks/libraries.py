"""The libraries that signatures of clouds need: extras of the installation, looked for at the start."""

from importlib import import_module
from typing import Any

from automator.errors import ConfigError


def load(module: str, *, extra: str) -> Any:
    """Raises ConfigError where the `extra` is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(
            f"the signature of a hook cannot be verified: {module} is not installed",
            hint=f"pip install 'automator[{extra}]', or give the hook a `secret` alone",
        ) from error
