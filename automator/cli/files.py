"""Writing a person's files."""

import tempfile
from pathlib import Path

from automator.errors import UsageError


def replace_file(path: Path, data: bytes) -> None:
    """All of the new file or all of the old one, also if the process dies; the mode is kept. Raises UsageError."""
    try:
        mode = path.stat().st_mode
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=".automator-", delete=False
        ) as file:
            written = Path(file.name)
            try:
                file.write(data)
                file.flush()
                written.chmod(mode)
                written.replace(path)
            except OSError:
                written.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
