"""Failures of the shared check tell what differs."""

import pytest

pytest.register_assert_rewrite("tests.unit.forms.making")
