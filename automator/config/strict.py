"""The base of every model of the configuration."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """An unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def with_absolute_paths(self, folder: Path) -> Self:
        """Relative paths are the configuration's, not those of whoever starts the program."""
        paths = {
            name: folder / value.expanduser()
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Path)
        }
        return self.model_copy(update=paths)
