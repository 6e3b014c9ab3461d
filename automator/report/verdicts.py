"""The JSON shape of a verdict, apart from the others: `automator select` needs it alone, and starts in a third of the time."""

from typing import Any

from automator.model.selection import Verdict


def verdict_shape(verdict: Verdict) -> dict[str, Any]:
    return {"tag": verdict.tag, "accepted": verdict.accepted, "reason": str(verdict.reason)}
