"""What moves together."""

from itertools import permutations

import pytest

from automator.model.plan import CommitId, Plan
from automator.plan.groups import Batch, group_changes
from tests.unit.plan.making import change, policy

CARTS = change(line=5)
SIDECAR = change(line=9, container="sidecar", ruled_by=policy("glob:main-*", "annotation"))
ORDERS = change(workload="sock-shop:deployment/orders", path="deploy/orders.yaml")
OVERLAY = change(path="overlays/carts.yaml")


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (Batch.REPO, [(CARTS, OVERLAY, SIDECAR, ORDERS)]),
        (Batch.WORKLOAD, [(CARTS, OVERLAY, SIDECAR), (ORDERS,)]),
        (Batch.POLICY, [(CARTS, OVERLAY, ORDERS), (SIDECAR,)]),
    ],
)
def test_groups_do_not_depend_on_the_order_of_the_plan(batch, expected):
    for changes in permutations([CARTS, SIDECAR, ORDERS, OVERLAY]):
        plan = Plan(config_repo="shop", commit=CommitId("c0ffee"), changes=changes)
        assert group_changes(plan, batch) == expected


@pytest.mark.parametrize("batch", Batch)
def test_no_changes_make_no_group(batch):
    assert group_changes(Plan(config_repo="shop", commit=CommitId("c0ffee")), batch) == []
