"""Compose files: `services.*.image`, also where merge keys and anchors bring it (compose-spec, "services")."""

import yaml

from automator.scan.found import DocumentScan, Owner
from automator.scan.podspec import add_reference, is_twice
from automator.scan.reach import get, keys_of


def scan_compose(scan: DocumentScan, owner: Owner, root: yaml.MappingNode) -> None:
    for name, service in keys_of(get(root, "services")).items():
        image = get(service, "image")
        if image is not None and not is_twice(scan, service):
            add_reference(scan, owner, name, image)
