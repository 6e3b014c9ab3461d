"""Scan and edit of every form of image field, next to the same change by a ruamel.yaml round trip."""

import io
from collections.abc import Callable, Iterator
from functools import partial

from ruamel.yaml import YAML

from automator.edit.apply import apply_changes
from automator.edit.set import plan_set
from automator.model.field import RepoPath
from automator.model.image import ImageReference
from automator.scan.file import scan_file
from benchmarks.steps import seconds
from benchmarks.table import Row

_NAME = "ghcr.io/example/carts"
_OLD, _NEW = "1.4.2", "1.4.3"

_POD_SPEC = f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: carts
  namespace: shop
  labels: {{app: carts}}
spec:
  selector:
    matchLabels: {{app: carts}}
  template:
    metadata:
      labels: {{app: carts}}
    spec:
      containers:
        - name: carts
          image: {_NAME}:{_OLD}   # the one that moves
          ports: [{{containerPort: 8080}}]
          resources:
            requests: {{cpu: 10m, memory: 64Mi}}
"""
_KUSTOMIZE = f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources: [../../base, ingress.yaml]
images:
  - name: carts
    newName: {_NAME}
    newTag: {_OLD}
  - name: front
    newTag: "7.1"
"""
_VALUES = f"""\
replicaCount: 2
image:
  repository: {_NAME}
  tag: {_OLD}
  pullPolicy: IfNotPresent
service: {{type: ClusterIP, port: 80}}
metrics:
  image: {{registry: quay.io, repository: prometheus/exporter, tag: "0.9"}}
resources:
  limits: {{cpu: 100m, memory: 128Mi}}
"""
_INDENTED = "".join(f"        {line}\n" for line in _VALUES.splitlines())
_HELM_RELEASE = f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: carts, namespace: shop}}
spec:
  interval: 10m
  chart: {{spec: {{chart: carts, version: 1.x, sourceRef: {{kind: HelmRepository, name: shop}}}}}}
  values:
{"".join(f"    {line}" + chr(10) for line in _VALUES.splitlines())}"""
_ARGOCD = f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: carts, namespace: argocd}}
spec:
  source:
    repoURL: https://git.example.com/shop.git
    path: charts/carts
    helm:
      values: |
{_INDENTED}"""
_COMPOSE = f"""\
services:
  carts:
    image: {_NAME}:{_OLD}
    ports: ["8080:80"]
    environment: {{DB: carts-db}}
  carts-db:
    image: mongo:7.0
"""
_CUSTOM_RESOURCE = f"""\
apiVersion: tekton.dev/v1
kind: Task
metadata: {{name: build}}
spec:
  steps:
    - name: build
      image: {_NAME}:{_OLD}
      script: make
    - {{name: test, image: "golang:1.22", script: make test}}
"""
_COMMENTS = _VALUES.replace(f"tag: {_OLD}", f"tag: {_OLD} # automator: semver:^1")

_FORMS = {
    "pod spec": ("deployment.yaml", _POD_SPEC),
    "Kustomize": ("kustomization.yaml", _KUSTOMIZE),
    "values file": ("values.yaml", _VALUES),
    "HelmRelease": ("release.yaml", _HELM_RELEASE),
    "Argo CD, values as text": ("application.yaml", _ARGOCD),
    "Compose": ("compose.yaml", _COMPOSE),
    "custom resource": ("task.yaml", _CUSTOM_RESOURCE),
    "values with a comment": ("values.yaml", _COMMENTS),
}


def forms(*, quick: bool) -> Iterator[Row]:
    """Documents a second: the scan; scan and edit; and ruamel's load and dump with the value set in between."""
    count = 50 if quick else 300
    for name, (path, text) in _FORMS.items():
        data, target = text.encode(), ImageReference(_NAME, _NEW)
        edited = _edit(RepoPath(path), data, target)
        assert edited == text.replace(_OLD, _NEW).encode()
        scan = seconds(partial(_repeat, count, partial(scan_file, RepoPath(path), data)))
        edit = seconds(partial(_repeat, count, partial(_edit, RepoPath(path), data, target)))
        round_trip = seconds(partial(_repeat, count, partial(_round_trip, text)), times=1)
        kept = "the same bytes" if _round_trip(text) == text.replace(_OLD, _NEW) else "other bytes"
        yield Row(
            f"{name}: scan; scan and edit ({len(data)} bytes)",
            f"{count / scan:.0f}/s, {len(data) * count / scan / 1e6:.1f} MB/s; {count / edit:.0f}/s",
            "",
            f"ruamel.yaml {count / round_trip:.0f}/s, {kept}; {round_trip / edit:.1f}x as long",
        )


def _repeat(count: int, work: Callable[[], object]) -> None:
    for _ in range(count):
        work()


def _edit(path: RepoPath, data: bytes, target: ImageReference) -> bytes:
    return apply_changes(path, data, plan_set(scan_file(path, data).fields, target))


def _round_trip(text: str) -> str:
    """As a person would: load, set the value, dump. The value is replaced in the text beforehand: the least of the work."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    out = io.StringIO()
    yaml.dump(yaml.load(text.replace(_OLD, _NEW)), out)
    return out.getvalue()
