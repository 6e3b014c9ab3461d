"""The shape of the code base itself: what style and layout promise, and a reader relies on."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(ROOT.glob("automator/**/*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_at_most_400_lines_and_says_what_it_is(module):
    text = module.read_text()
    assert text.count("\n") <= 400
    assert not text.strip() or text.startswith('"""')


def test_modules_were_found():
    assert len(MODULES) > 40
