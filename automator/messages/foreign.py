"""Text of registries, Git and manifests, made safe to be shown in a chat. Pure.

Whoever names a tag must not be able to call a whole channel (`<!channel>`, `@everyone`), to show a link that leads
elsewhere than it says, or to add lines that look like ours. What the names of images and workloads are made of stays
as it is, but for the underscore in Markdown, which needs no care inside of a word.
"""

import re

_LONGEST = 500
_LOOK_ALIKE = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
        "*": "\N{ASTERISK OPERATOR}",
        "~": "\N{TILDE OPERATOR}",
        "|": "\N{BROKEN BAR}",
        "`": "'",
        "\\": "/",
    }
)
"""The letters of markup in Markdown, Slack's mrkdwn and HTML, each as one that looks like it and means nothing."""

_BREAK = "\N{ZERO WIDTH SPACE}"
_CALLS = re.compile(
    r"@(?!sha256:[0-9a-f]{64}(?![0-9A-Za-z]))|(?<=:)//|(?<=www)\.|&(?=#|[a-z])", re.IGNORECASE
)
"""Where a mention, a link or one of HTML's names for a letter begins; the `@` of a digest is none of them."""


def plain(text: str) -> str:
    """One line of at most 500 characters, without control and other unprintable characters, markup, mentions, links."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST - 3]}..."
    return _CALLS.sub(_broken, line.translate(_LOOK_ALIKE))


def _broken(found: re.Match[str]) -> str:
    sign = found[0]
    return f"{sign}{_BREAK}" if sign != "//" else f"/{_BREAK}/"
