"""Values of image fields that are not written literally, or are none of ours to touch."""

import re

_TEMPLATED = re.compile(r"\$\{|\{\{|\$\(|<[A-Z_]+>")


def why_untouched(value: str) -> str | None:
    """None for a value to read as a reference; else a reason to tell, or "" where there is nothing to tell."""
    if not value.strip() or "*" in value or value.startswith(("ENC[", "ko://", "!")):
        return ""
    if _TEMPLATED.search(value):
        return "it is not written literally"
    return None
