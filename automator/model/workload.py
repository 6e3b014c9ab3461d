"""Workloads by the name that people know from the origin of this tool: `sock-shop:deployment/carts`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class WorkloadId:
    """`kind` is lower case; `namespace` is `default` where the manifest names none."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.kind}/{self.name}"
