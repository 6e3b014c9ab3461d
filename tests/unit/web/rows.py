"""Rows for a table that nobody had to survey."""

from datetime import timedelta

from automator.model.plan import Status
from automator.web.table import Row


def make_row(
    workload="shop:deployment/carts",
    *,
    config_repo="shop",
    container="main",
    image="carts",
    status=Status.UP_TO_DATE,
    behind=0,
    age_days=None,
    policy="semver:^1",
):
    return Row(
        config_repo=config_repo,
        namespace=workload.partition(":")[0],
        workload=workload,
        container=container,
        path="a.yaml",
        line=1,
        status=status,
        behind=behind,
        age=None if age_days is None else timedelta(days=age_days),
        until=None,
        shape={"image": image, "policy": policy, "status": str(status)},
        text=f"{config_repo} {workload} {container} {image} {policy} {status}".casefold(),
    )
