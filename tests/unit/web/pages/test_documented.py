"""What docs/reference/web.md tells of the pages is all that there is."""

import re
from pathlib import Path

import pytest

from automator.model.plan import Status
from automator.web.pages.render import SHAPES, make_renderer
from automator.web.pages.routes import page_routes
from automator.web.query import Grouping, Sort, TableQuery

ROOT = Path(__file__).parents[4]
DOCUMENT = (ROOT / "docs/reference/web.md").read_text()
PATHS = [route.path for route in page_routes(None, make_renderer())]
KEYS = re.findall(
    r"^    (?:\"(.)\"|([a-z])): ", (ROOT / "automator/web/static/keys.js").read_text(), re.MULTILINE
)


@pytest.mark.parametrize("path", PATHS)
def test_every_address(path):
    plain = re.sub(r"\{(\w+)(:path)?\}", lambda found: found[1].upper(), path)
    assert f"`{plain}`" in DOCUMENT


@pytest.mark.parametrize(
    "name", [*TableQuery.model_fields, *Sort, *(one for one in Grouping if one != "none")]
)
def test_every_parameter_and_its_values(name):
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("status", list(Status))
def test_every_status_with_its_shape(status):
    assert f"| {SHAPES[status]} | {status}" in DOCUMENT


@pytest.mark.parametrize("key", ["".join(found) for found in KEYS])
def test_every_key(key):
    assert f"`{key}`" in DOCUMENT


def test_statuses_have_shapes_of_their_own():
    assert len(set(SHAPES.values())) == len(Status)


def test_keys_were_found():
    assert len(KEYS) == 5
