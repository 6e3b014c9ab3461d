"""Which channel is told of what. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from automator.config.messages import ChannelSettings
from automator.messages.occasion import Move, Occasion
from automator.model.event import Level

_GRAVITY = {level: gravity for gravity, level in enumerate(Level)}


def routed(occasion: Occasion, channel: ChannelSettings) -> Occasion | None:
    """What this channel is told: the occasion with those of its changes that are the channel's, or None.

    A pattern lets through only what names something that it matches.
    """
    if occasion.kind not in channel.about or _GRAVITY[occasion.level] < _GRAVITY[channel.level]:
        return None
    if not _fits(occasion.config_repo, channel.config_repo):
        return None
    if not channel.workload and not channel.namespace:
        return occasion
    moves = tuple(move for move in occasion.moves if _concerns(move, channel))
    return replace(occasion, moves=moves) if moves else None


def _concerns(move: Move, channel: ChannelSettings) -> bool:
    return _fits(move.namespace, channel.namespace) and _fits(move.kind_and_name, channel.workload)


def _fits(text: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(text and fnmatchcase(text, pattern) for pattern in patterns)
