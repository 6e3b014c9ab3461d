"""One row a figure: what was measured, the figure, the goal, and what it compares with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    what: str
    figure: str
    goal: str
    compared: str
