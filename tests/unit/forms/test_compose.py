"""Compose files, byte for byte: `services.*.image`, wherever it is written."""

import pytest

from automator.model.field import Form
from automator.scan.file import scan_file
from tests.unit.forms.making import A, B, Table, check

table = Table("shop/compose.yaml", "default:compose/shop/compose", Form.COMPOSE)
# fmt: off
row = table.row
row("plain", "services:\n  web:\n    image: o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("a name without anything", "services:\n  web:\n    image: nginx«→:1.27»\n", ("web", "nginx"), to="nginx:1.27")
row("with the old version key", "version: '3.8'\nservices:\n  web: {image: 'o/app:«v1→v2»', ports: ['80:80']}\n", ("web", "o/app:v1"), to="o/app:v2")
row("several", 'name: shop\nservices:\n  web:\n    image: "o/app:«v1→v2»" # o/app:v1\n  db:\n    image: postgres:16\nvolumes: {data: {}}\n', ("web", "o/app:v1"), ("db", "postgres:16"), to="o/app:v2")
row("with a digest", f"services: {{web: {{image: 'o/app:v1@{A}'}}, api: {{image: 'o/api:«v1@{A}→v2@{B}»'}}}}\n", ("web", f"o/app:v1@{A}"), ("api", f"o/api:v1@{A}"), to=f"o/api:v2@{B}")
row("with a build", "services:\n  web:\n    build: .\n    image: o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("a template by merge key", "x-base: &base\n  image: o/app:«v1→v2»\n  restart: always\nservices:\n  web:\n    <<: *base\n  job: {<<: *base, command: job}\n", ("web", "o/app:v1"), ("job", "o/app:v1"), to="o/app:v2")
row("an image by alias", "x-image: &image o/app:«v1→v2»\nservices:\n  web:\n    image: *image\n", ("web", "o/app:v1"), to="o/app:v2")
row("by its name, with more at the top", "common: &c {image: 'o/app:«v1→v2»'}\nservices:\n  web: *c\n", ("web", "o/app:v1"), to="o/app:v2")
row("another file name", "services:\n  web:\n    image: o/app:«v1→v2»\n  x: {extends: web}\n", ("web", "o/app:v1"), to="o/app:v2", path="stack.yml", workload="default:compose/stack")
row("a folded image", "services:\n  web:\n    image: >-\n      o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("tabs before a comment", "services:\n  web:\n    image: o/app:«v1→v2»\t# tab\n", ("web", "o/app:v1"), to="o/app:v2")
row("a variable", "services:\n  web:\n    image: ${IMAGE}:${TAG:-v1}\n", problem="'${IMAGE}:${TAG:-v1}' is left alone: it is not written literally")
row("a variable as a tag", "services:\n  web:\n    image: o/app:$TAG\n", problem="'o/app:$TAG' is left alone: it is not written literally")
row("reset", "services:\n  web:\n    image: !reset null\n", problem="its tag !reset is no text's")
row("no image at all", "services:\n  web:\n    build: .\n    environment: {IMAGE: 'o/app:v1'}\n")
row("null", "services:\n  web:\n    image:\n    build: .\n")
row("twice", "services:\n  web:\n    image: o/app:v1\n    image: o/app:v2\n", problem="`image` stands twice in one map")
row("values of a chart that has services", "image: {repository: o/app, tag: «v1→v2»}\nservices:\n  web: {image: {repository: o/web, tag: v1}}\n  api: {image: 'o/api:v1'}\n",
    ("image", "o/app:v1"), ("services.web", "o/web:v1"), ("services.api", "o/api:v1"), to="o/app:v2", path="values.yaml", workload="default:values/values", form=Form.HELM_VALUES)
# fmt: on


@table.parametrize
def test_compose(row, variant):
    check(row, variant)


@pytest.mark.parametrize(("text", "read"), [
    ("services:\n  a: {image: &i 'x:1'}\n  b: {image: *i}\n", [1, 1]),
    ("services:\n  a: {image: 'x:1'}\n  b: {image: 'x:1'}\n", [0, 0]),
])  # fmt: skip
def test_services_that_share_an_image_tell_of_it(text, read):
    assert [field.also_read for field in scan_file("compose.yaml", text.encode()).fields] == read
