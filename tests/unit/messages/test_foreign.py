"""Text of strangers has no teeth: it calls nobody, links nowhere, and stays on its line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automator.messages.foreign import plain

DIGEST = f"sha256:{'ab' * 32}"
UNTOUCHED = [
    "sock-shop:deployment/carts",
    "registry.example.com:5000/shop/carts_v2:1.2.3-rc.1_4",
    f"ghcr.io/shop/carts:1.2.3@{DIGEST}",
    "held: min_age until 2026-01-02T00:00:00Z",
    "semver:^1.2 (approved by ops), 50% done; see #12 & more!",
    "Grüße, 日本語",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_names_are_made_of_stays(text):
    assert plain(text) == text


BROKEN = [
    ("<!channel>", "\u2039!channel\u203a"),
    ("<@U123>", "\u2039@\u200bU123\u203a"),
    ("@everyone", "@\u200beveryone"),
    ("@sha256:abc", "@\u200bsha256:abc"),
    (f"@{DIGEST}0", f"@\u200b{DIGEST}0"),
    ("[all well](https://evil.example)", "(all well)(https:/\u200b/evil.example)"),
    ("<https://evil.example|all well>", "\u2039https:/\u200b/evil.example¦all well\u203a"),
    ("www.evil.example", "www.\u200bevil.example"),
    (
        "`code` **bold** ~~gone~~",
        "'code' \u2217\u2217bold\u2217\u2217 \u223c\u223cgone\u223c\u223c",
    ),
    ("a\nb\r\n\tc\x1b[31md\u2028e\u202ef\x00", "a b c (31md e f"),
    ("&lt;!here&gt; &#64;all", "&\u200blt;!here&\u200bgt; &\u200b#64;all"),
    ("a" * 600, "a" * 497 + "..."),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), BROKEN)
def test_markup_mentions_and_links_are_broken(text, shown):
    assert plain(text) == shown


PIECES = [*"<>[](){}*_~|`\\@!#:/.&\n\r\t\x1b\u202e\u2028\u200b", "www.", "http://", f"@{DIGEST}"]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=60).map("".join)


@given(HOSTILE)
def test_nothing_is_left_that_a_chat_would_obey(text):
    shown = plain(text)
    assert not re.search(r"[<>\[\]{}*~|`\\]", shown)
    assert "://" not in shown
    assert not re.search(r"www\.(?!\u200b)", shown, re.IGNORECASE)
    assert not re.search(r"@(?!\u200b|sha256:[0-9a-f]{64})", shown)
    assert not re.search(r"&[#a-zA-Z]", shown)
    assert all(c.isprintable() or c == "\u200b" for c in shown)
    assert len(shown.replace("\u200b", "")) <= 500
