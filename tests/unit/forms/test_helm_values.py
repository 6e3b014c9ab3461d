"""Helm values, byte for byte: in values files, as charts in the wild lay them out, and in HelmReleases."""

import pytest

from automator.model.field import Form
from automator.scan.file import scan_file
from tests.unit.forms.making import HEX_A, HEX_B, A, B, Table, check

values = Table("charts/web/values.yaml", "default:values/charts/web/values", Form.HELM_VALUES)
# fmt: off
row = values.row

# one map is the image
row("repository and tag", "image:\n  repository: quay.io/o/app\n  tag: «v1→v2»\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("tag before repository", "image:\n  tag: «v1→v2» # the release\n  repository: quay.io/o/app\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("Bitnami: registry, repository, tag, empty digest", 'image:\n  registry: docker.io\n  repository: bitnami/redis\n  tag: «7.2.4-debian-12-r9→7.2.5-debian-12-r0»\n  digest: ""\n  pullPolicy: IfNotPresent\n  pullSecrets: []\n',
    ("image", "docker.io/bitnami/redis:7.2.4-debian-12-r9"), to="bitnami/redis:7.2.5-debian-12-r0")
row("Bitnami: an empty digest is filled", f'image:\n  registry: docker.io\n  repository: bitnami/redis\n  tag: «v1→v2»\n  digest: "«→{B}»"\n',
    ("image", "docker.io/bitnami/redis:v1"), to=f"bitnami/redis:v2@{B}")
row("Bitnami: the digest moves along", f"image:\n  registry: docker.io\n  repository: bitnami/redis\n  tag: «v1→v2»\n  digest: «{A}→{B}»\n",
    ("image", f"docker.io/bitnami/redis:v1@{A}"), to=f"bitnami/redis:v2@{B}")
row("a null digest is no place for one", f"image:\n  repository: bitnami/redis\n  tag: «v1→v2@{B}»\n  digest:\n", ("image", "bitnami/redis:v1"), to=f"bitnami/redis:v2@{B}")
row("tag with a digest in it", f"image: {{repository: quay.io/o/app, tag: «v1@{A}→v2@{B}»}}\n", ("image", f"quay.io/o/app:v1@{A}"), to=f"quay.io/o/app:v2@{B}")
row("kube-prometheus-stack: sha", f"image:\n  registry: quay.io\n  repository: prometheus/prometheus\n  tag: «v2.50.0→v2.51.0»\n  sha: «{HEX_A}→{HEX_B}»\n",
    ("image", f"quay.io/prometheus/prometheus:v2.50.0@{A}"), to=f"quay.io/prometheus/prometheus:v2.51.0@{B}")
row("kube-prometheus-stack: an empty sha", 'prometheus:\n  prometheusSpec:\n    image:\n      registry: quay.io\n      repository: prometheus/prometheus\n      tag: «v2.50.0→v2.51.0»\n      sha: ""\n',
    ("prometheus.prometheusSpec", "quay.io/prometheus/prometheus:v2.50.0"), to="quay.io/prometheus/prometheus:v2.51.0")
row("kube-prometheus-stack: thanosImage", "prometheusOperator:\n  thanosImage:\n    registry: quay.io\n    repository: thanos/thanos\n    tag: «v0.34.0→v0.35.0»\n",
    ("prometheusOperator.thanosImage", "quay.io/thanos/thanos:v0.34.0"), to="quay.io/thanos/thanos:v0.35.0")
row("the digits of a digest in the tag's place", f"image:\n  repository: quay.io/o/app:«v1→v2»@sha256\n  tag: «{HEX_A}→{HEX_B}»\n", ("image", f"quay.io/o/app:v1@{A}"), to=f"quay.io/o/app:v2@{B}")
row("name and tag in the repository", "image:\n  repository: quay.io/o/app:«v1→v2»\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("a registry beside a whole name", "image:\n  registry: quay.io\n  repository: o/app:«v1→v2»\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("a registry with a path", "image: {registry: ghcr.io/o, repository: app, tag: «v1→v2»}\n", ("image", "ghcr.io/o/app:v1"), to="ghcr.io/o/app:v2")
row("an empty registry", "image: {registry: '', repository: quay.io/o/app, tag: «v1→v2»}\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("no tag: the chart's own", "image:\n  repository: quay.io/o/app\n", ("image", "quay.io/o/app"), to="quay.io/o/app:v2", refused="no place for the tag")
row("an empty tag: the chart's own", 'image:\n  repository: quay.io/o/app\n  tag: ""\n', ("image", "quay.io/o/app"), to="quay.io/o/app:v2", refused="no place for the tag")
row("a null tag: the chart's own", "image:\n  repository: quay.io/o/app\n  tag:\n", ("image", "quay.io/o/app"), to="quay.io/o/app:v2", refused="no place for the tag")
row("only a digest", f"image:\n  repository: quay.io/o/app\n  digest: «{A}→{B}»\n", ("image", f"quay.io/o/app@{A}"), to=f"quay.io/o/app@{B}")
row("Linkerd: name and version", "proxyInit:\n  image:\n    name: cr.l5d.io/linkerd/proxy-init\n    version: «v2.4.1→v2.4.2»\n", ("proxyInit", "cr.l5d.io/linkerd/proxy-init:v2.4.1"), to="cr.l5d.io/linkerd/proxy-init:v2.4.2")
row("Linkerd: registry, name and tag", "namespaceMetadata:\n  image:\n    registry: cr.l5d.io/linkerd\n    name: extension-init\n    tag: «v0.1.1→v0.1.2»\n", ("namespaceMetadata", "cr.l5d.io/linkerd/extension-init:v0.1.1"), to="cr.l5d.io/linkerd/extension-init:v0.1.2")
row("ingress-nginx: image in image", f"controller:\n  image:\n    chroot: false\n    registry: registry.k8s.io\n    image: ingress-nginx/controller\n    tag: «v1.10.0→v1.11.0»\n    digest: «{A}→{B}»\n    digestChroot: {A}\n",
    ("controller", f"registry.k8s.io/ingress-nginx/controller:v1.10.0@{A}"), to=f"registry.k8s.io/ingress-nginx/controller:v1.11.0@{B}")
row("GitLab runner: registry and image", "image:\n  registry: registry.gitlab.com\n  image: gitlab-org/gitlab-runner\n  tag: «v16→v17»\n", ("image", "registry.gitlab.com/gitlab-org/gitlab-runner:v16"), to="registry.gitlab.com/gitlab-org/gitlab-runner:v17")
row("Kyverno: defaultRegistry", "admissionController:\n  container:\n    image:\n      registry: ~\n      defaultRegistry: reg.kyverno.io\n      repository: kyverno/kyverno\n      tag: «v1.13.0→v1.14.0»\n",
    ("admissionController.container", "reg.kyverno.io/kyverno/kyverno:v1.13.0"), to="reg.kyverno.io/kyverno/kyverno:v1.14.0")
row("cert-manager: several", "image:\n  repository: quay.io/jetstack/cert-manager-controller\n  tag: «v1.14.0→v1.15.0»\nwebhook:\n  image:\n    repository: quay.io/jetstack/cert-manager-webhook\n    tag: v1.14.0\n",
    ("image", "quay.io/jetstack/cert-manager-controller:v1.14.0"), ("webhook", "quay.io/jetstack/cert-manager-webhook:v1.14.0"), to="quay.io/jetstack/cert-manager-controller:v1.15.0")
row("Longhorn: repository and tag below any key", "image:\n  longhorn:\n    engine:\n      repository: longhornio/longhorn-engine\n      tag: «v1.5.3→v1.6.0»\n", ("image.longhorn.engine", "longhornio/longhorn-engine:v1.5.3"), to="longhornio/longhorn-engine:v1.6.0")
row("Airflow: images by name", "images:\n  gitSync:\n    repository: registry.k8s.io/git-sync/git-sync\n    tag: «v4.1.0→v4.2.0»\n", ("images.gitSync", "registry.k8s.io/git-sync/git-sync:v4.1.0"), to="registry.k8s.io/git-sync/git-sync:v4.2.0")
row("Airflow: the default pair", 'defaultAirflowRepository: apache/airflow\ndefaultAirflowTag: «"2.8.1"→"2.9.0"»\n', ("defaultAirflow", "apache/airflow:2.8.1"), to="apache/airflow:2.9.0")
row("Rook: repository and tag of a driver", "csi:\n  cephcsi:\n    repository: quay.io/cephcsi/cephcsi\n    tag: «v3.11.0→v3.12.0»\n", ("csi.cephcsi", "quay.io/cephcsi/cephcsi:v3.11.0"), to="quay.io/cephcsi/cephcsi:v3.12.0")
row("repo", "app: {repo: quay.io/x/y, tag: «v1→v2»}\n", ("app", "quay.io/x/y:v1"), to="quay.io/x/y:v2")
row("Cilium: with a digest that is not used", f'image:\n  override: ~\n  repository: quay.io/cilium/cilium\n  tag: "«v1.15.0→v1.16.0»"\n  pullPolicy: IfNotPresent\n  digest: "«{A}→{B}»"\n  useDigest: true\n', ("image", f"quay.io/cilium/cilium:v1.15.0@{A}"), to=f"quay.io/cilium/cilium:v1.16.0@{B}")
row("app-template: maps of containers", "controllers:\n  main:\n    containers:\n      app:\n        image:\n          repository: ghcr.io/o/app\n          tag: «1.2.3@" + A + "→1.2.4@" + B + "»\n", ("controllers.main.containers.app", f"ghcr.io/o/app:1.2.3@{A}"), to=f"ghcr.io/o/app:1.2.4@{B}")
row("a list of containers with image maps", "containers:\n- name: x\n  image:\n    repository: r.io/a/b\n    tag: «v1→v2»\n", ("containers.x", "r.io/a/b:v1"), to="r.io/a/b:v2")
row("a list by number", "mirrors:\n- image: {repository: r.io/a/b, tag: «v1→v2»}\n", ("mirrors.0", "r.io/a/b:v1"), to="r.io/a/b:v2")
row("a list by name", "jobs:\n- name: nightly\n  image: {repository: r.io/a/b, tag: «v1→v2»}\n", ("jobs.nightly", "r.io/a/b:v1"), to="r.io/a/b:v2")

# one key is the image
row("a whole reference", "image: quay.io/o/app:«v1→v2»\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("a whole reference below a key", "sidecar:\n  image: app:«v1→v2» # app:v0\n", ("sidecar", "app:v1"), to="app:v2")
row("a reference without a tag, with a registry", "image: quay.io/o/app«→:v2»\n", ("image", "quay.io/o/app"), to="quay.io/o/app:v2")
row("by digest", f"image: quay.io/o/app@«{A}→{B}»\n", ("image", f"quay.io/o/app@{A}"), to=f"quay.io/o/app@{B}")
row("image and imageTag", 'image: docker.elastic.co/elasticsearch/elasticsearch\nimageTag: "«7.17.0→8.0.0»"\n', ("image", "docker.elastic.co/elasticsearch/elasticsearch:7.17.0"), to="docker.elastic.co/elasticsearch/elasticsearch:8.0.0")
row("image and tag (old Jenkins)", "controller:\n  image: jenkins/jenkins\n  tag: «2.440-jdk17→2.452-jdk17»\n", ("controller", "jenkins/jenkins:2.440-jdk17"), to="jenkins/jenkins:2.452-jdk17")
row("new Jenkins", "controller:\n  image:\n    registry: docker.io\n    repository: jenkins/jenkins\n    tagLabel: jdk17\n    tag: «2.440-jdk17→2.452-jdk17»\n", ("controller", "docker.io/jenkins/jenkins:2.440-jdk17"), to="jenkins/jenkins:2.452-jdk17")
row("imageName and imageTag", "imageName: o/app\nimageTag: «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("imageRepository and imageTag", "web:\n  imageRepository: o/app\n  imageTag: «v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("imageRegistry, imageRepository, imageTag", "imageRegistry: quay.io\nimageRepository: o/app\nimageTag: «v1→v2»\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("snake case", "redis_image: docker.io/redis\nredis_image_version: «v6→v7»\n", ("redis_image", "docker.io/redis:v6"), to="redis:v7")
row("AWX: image and image_version", "image: quay.io/ansible/awx\nimage_version: «23.0.0→24.0.0»\n", ("image", "quay.io/ansible/awx:23.0.0"), to="quay.io/ansible/awx:24.0.0")
row("sidecarImage", "sidecarImage: o/app:«v1→v2»\n", ("sidecarImage", "o/app:v1"), to="o/app:v2")
row("sidecarImage and sidecarTag", "sidecarImage: o/app\nsidecarTag: «v1→v2»\ntag: v9\n", ("sidecarImage", "o/app:v1"), to="o/app:v2")
row("sidecarImage and sidecarImageTag", "sidecarImage: o/app\nsidecarImageTag: «v1→v2»\n", ("sidecarImage", "o/app:v1"), to="o/app:v2")
row("sidecarImageName", "sidecarImageName: o/app\nsidecarImageTag: «v1→v2»\n", ("sidecarImage", "o/app:v1"), to="o/app:v2")
row("Rancher: rancherImage and rancherImageTag", "rancherImage: rancher/rancher\nrancherImageTag: «v2.8.0→v2.9.0»\n", ("rancherImage", "rancher/rancher:v2.8.0"), to="rancher/rancher:v2.9.0")
row("Consul: imageK8S", "global:\n  image: hashicorp/consul:«1.17.0→1.18.0»\n  imageK8S: hashicorp/consul-k8s-control-plane:1.3.0\n  imagePullPolicy: Always\n",
    ("global", "hashicorp/consul:1.17.0"), ("global.imageK8S", "hashicorp/consul-k8s-control-plane:1.3.0"), to="hashicorp/consul:1.18.0")
row("Vault: agentImage as a map", 'injector:\n  agentImage:\n    repository: hashicorp/vault\n    tag: "«1.15.0→1.16.0»"\n', ("injector.agentImage", "hashicorp/vault:1.15.0"), to="hashicorp/vault:1.16.0")
row("Istio: hub, image and tag", "pilot:\n  hub: docker.io/istio\n  image: pilot\n  tag: «1.21.0→1.22.0»\n", ("pilot", "docker.io/istio/pilot:1.21.0"), to="istio/pilot:1.22.0")
row("Istio: a whole image beside an unused hub", "pilot:\n  hub: docker.io/istio\n  image: quay.io/o/pilot:«1.21.0→1.22.0»\n", ("pilot", "quay.io/o/pilot:1.21.0"), to="quay.io/o/pilot:1.22.0")
row("Istio: nothing but a name", 'pilot: {hub: "", image: pilot, tag: ""}\n')
row("Istio: a hub for all, whose images are the chart's", "global: {hub: docker.io/istio, tag: 1.21.0}\n")
row("NVIDIA: repository, image and version", "toolkit:\n  repository: nvcr.io/nvidia/k8s\n  image: container-toolkit\n  version: «v1.14.0→v1.15.0»\n", ("toolkit", "nvcr.io/nvidia/k8s/container-toolkit:v1.14.0"), to="nvcr.io/nvidia/k8s/container-toolkit:v1.15.0")
row("image and version", "tigeraOperator:\n  image: tigera/operator\n  version: «v1.32.0→v1.34.0»\n  registry: quay.io\n", ("tigeraOperator", "quay.io/tigera/operator:v1.32.0"), to="quay.io/tigera/operator:v1.34.0")
row("images by name", "images:\n  etcd: quay.io/coreos/etcd:«v3.5.0→v3.5.9»\n  pause: registry.k8s.io/pause:«3.9→3.10»\n", ("images.etcd", "quay.io/coreos/etcd:v3.5.0"), ("images.pause", "registry.k8s.io/pause:3.9"), to=("quay.io/coreos/etcd:v3.5.9", "registry.k8s.io/pause:3.10"))
row("a list of images", "images:\n- o/one:«v1→v2»\n- o/two:v1\n", ("images.0", "o/one:v1"), ("images.1", "o/two:v1"), to="o/one:v2")
row("sonarqube: initContainers as a map", "initContainers:\n  image: busybox:«1.36→1.37»\n", ("initContainers", "busybox:1.36"), to="busybox:1.37")
row("postgres-operator: docker_image", "configGeneral:\n  docker_image: ghcr.io/zalando/spilo-15:«3.0-p1→3.1-p1»\n", ("configGeneral.docker_image", "ghcr.io/zalando/spilo-15:3.0-p1"), to="ghcr.io/zalando/spilo-15:3.1-p1")

# global parts
row("global.imageRegistry stands for a registry", "global:\n  imageRegistry: reg.local:5000\nimage: {registry: docker.io, repository: bitnami/redis, tag: «v1→v2»}\n", ("image", "reg.local:5000/bitnami/redis:v1"), to="reg.local:5000/bitnami/redis:v2")
row("global.imageRegistry is honoured for an empty registry", "global: {imageRegistry: reg.local}\nimage: {registry: '', repository: bitnami/redis, tag: «v1→v2»}\n", ("image", "reg.local/bitnami/redis:v1"), to="reg.local/bitnami/redis:v2")
row("global.imageRegistry leaves a map without a registry", "global: {imageRegistry: reg.local}\nimage: {repository: quay.io/o/app, tag: «v1→v2»}\n", ("image", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("global.imageRegistry leaves a prefix", "global: {imageRegistry: reg.local}\ndriver: {repository: nvcr.io/nvidia, image: driver, tag: «v1→v2»}\n", ("driver", "nvcr.io/nvidia/driver:v1"), to="nvcr.io/nvidia/driver:v2")
row("an empty global.imageRegistry", 'global: {imageRegistry: ""}\nimage: {registry: docker.io, repository: bitnami/redis, tag: «v1→v2»}\n', ("image", "docker.io/bitnami/redis:v1"), to="bitnami/redis:v2")
row("a templated global.imageRegistry", "global: {imageRegistry: '${REGISTRY}'}\nimage: {registry: docker.io, repository: bitnami/redis, tag: v1}\n", problem="'bitnami/redis' is left alone: '${REGISTRY}' is put before it")
row("a registry with a scheme", "image: {registry: 'https://r.io', repository: o/app, tag: v1}\n", problem="'o/app' is left alone: behind the registry 'https://r.io' it is no image name")
row("global.image.registry", "global: {image: {registry: r.io}}\nimage: {registry: docker.io, repository: o/app, tag: «v1→v2»}\n", ("image", "r.io/o/app:v1"), to="r.io/o/app:v2")
row("global.image that is an image of its own", "global: {image: {registry: r.io, repository: o/app, tag: v1}}\nweb: {image: {registry: quay.io, repository: o/app, tag: «v1→v2»}}\n", ("global", "r.io/o/app:v1"), ("web", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("Argo CD: global.image", "global:\n  image:\n    repository: quay.io/argoproj/argocd\n    tag: «v2.10.0→v2.11.0»\n", ("global", "quay.io/argoproj/argocd:v2.10.0"), to="quay.io/argoproj/argocd:v2.11.0")

# how scalars are written
row("a tag that is a number", 'image:\n  repository: debian\n  tag: «16→"17"»\n', ("image", "debian:16"), to="debian:17")
row("a tag that is a float", 'image:\n  repository: debian\n  tag: «0.92→"0.93"»\n', ("image", "debian:0.92"), to="debian:0.93")
row("a float that Helm prints shorter", 'image:\n  repository: debian\n  tag: «3.0→"3.1"»\n', ("image", "debian:3.0"), to="debian:3.1", problem="3.0 is a number: a chart reads it as 3")
row("1.10 is 1.1", 'image: {repository: debian, tag: «1.10→"1.20"»}\n', ("image", "debian:1.10"), to="debian:1.20", problem="a chart reads it as 1.1")
row("a Windows release", 'image: {repository: mcr.microsoft.com/windows/nanoserver, tag: «2004→"2009"»}\n', ("image", "mcr.microsoft.com/windows/nanoserver:2004"), to="mcr.microsoft.com/windows/nanoserver:2009")
row("a short sha of digits", "image: {repository: o/app, tag: '«1234567→7654321»'}\n", ("image", "o/app:1234567"), to="o/app:7654321")
row("a new tag that is a float", 'image: {repository: o/app, tag: «1e3f→"1e3"»}\n', ("image", "o/app:1e3f"), to="o/app:1e3")
row("version-date-time-commit with a digest", f"image:\n  repository: o/app\n  tag: «1.2.0-20240101-120000-abc1234@{A}→1.3.0-20240202-130000-def5678@{B}»\n", ("image", f"o/app:1.2.0-20240101-120000-abc1234@{A}"), to=f"o/app:1.3.0-20240202-130000-def5678@{B}")
row("flow map with quotes", "web: { image: 'debian', tag: '«9.1→9.2»' }\n", ("web", "debian:9.1"), to="debian:9.2")
row("anchor with an alias elsewhere", "image: {repository: o/app, tag: &tag «v1→v2»}\nlabels: {version: *tag}\n", ("image", "o/app:v1"), to="o/app:v2")
row("alias to an anchor elsewhere", "version: &tag «v1→v2»\nimage: {repository: o/app, tag: *tag}\n", ("image", "o/app:v1"), to="o/app:v2")
row("a map by anchor and alias", "one:\n  image: &i {repository: o/app, tag: «v1→v2»}\ntwo:\n  image: *i\n", ("one", "o/app:v1"), to="o/app:v2")
row("merge key", "base: &b\n  repository: o/app\nweb:\n  image:\n    <<: *b\n    tag: «v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("folded tag", "image:\n  repository: o/app\n  tag: >-\n    «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2")
row("literal tag with its newline", "image:\n  repository: o/app\n  tag: |\n    «v1→v2»\nx: 1\n", ("image", "o/app:v1"), to="o/app:v2")
row("two documents", "image: {repository: o/app, tag: «v1→v2»}\n---\nimage: {repository: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), ("image", "o/app:v1"), to="o/app:v2")
row("JSON", '{"image": {"repository": "o/app",\t"tag": "«v1→v2»"}}\n', ("image", "o/app:v1"), to="o/app:v2", path="values.json", workload="default:values/values")
row("a templated tag", "image:\n  repository: o/app\n  tag: '{{ .Values.tag }}'\n", problem="'{{ .Values.tag }}' is left alone: it is not written literally")
row("a variable as a tag", "image:\n  repository: o/app\n  tag: ${TAG:-v1}\n", problem="'${TAG:-v1}' is left alone: it is not written literally")
row("a tag that is none", "image: {repository: o/app, tag: 'v1 or so'}\n", problem="'v1 or so' is left alone: it is no tag")
row("a digest that is none", "image: {repository: o/app, digest: 'sha256:12'}\n", problem="'sha256:12' is left alone: 'sha256:12' is no digest")
row("a tag twice", "image: {repository: o/app, tag: v1, tag: v2}\n", problem="`tag` stands twice in one map")
row("a repository twice", "image: {repository: o/app, repository: o/b, tag: v2}\n", problem="`repository` stands twice in one map")
row("two names", "image: {repository: ghcr.io/o, name: app, tag: v1}\n", problem="another value beside it may name the image as well")
row("three names", "web: {registry: quay.io, repository: o, image: app, tag: v1}\n", problem="another value beside it may name the image as well")
row("something else twice", "image: {repository: o/app, tag: «v1→v2», pullPolicy: a, pullPolicy: b}\n", ("image", "o/app:v1"), to="o/app:v2")
row("no kind in a release of Fleet", "helm:\n  chart: web\n  values:\n    image: {repository: o/app, tag: «v1→v2»}\n", ("helm.values", "o/app:v1"), to="o/app:v2", path="fleet.yaml", workload="default:values/fleet")
# fmt: on


@values.parametrize
def test_values(row, variant):
    check(row, variant)


RELEASE = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n  namespace: shop\n"
SPEC = "spec:\n  chart: {spec: {chart: web, version: 1.2.3, sourceRef: {kind: HelmRepository, name: r}}}\n  values:\n"
PLACED = RELEASE + "  annotations:\n"
releases = Table("release.yaml", "shop:helmrelease/web", Form.HELM_VALUES)
# fmt: off
row = releases.row
row("top of values", RELEASE + SPEC + "    image: {repository: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), to="o/app:v2")
row("one map down", RELEASE + SPEC + "    web:\n      image: o/app:«v1→v2»\n", ("web", "o/app:v1"), to="o/app:v2")
row("several at any depth", RELEASE + SPEC + "    a: {b: {c: {image: {repository: o/app, tag: «v1→v2»}}}}\n    d: {image: 'o/d:v1'}\n", ("a.b.c", "o/app:v1"), ("d", "o/d:v1"), to="o/app:v2")
row("global.imageRegistry", RELEASE + SPEC + "    global: {imageRegistry: r.io}\n    image: {registry: docker.io, repository: o/app, tag: «v1→v2»}\n", ("image", "r.io/o/app:v1"), to="r.io/o/app:v2")
row("containers in values", RELEASE + SPEC + "    extraContainers: []\n    initContainers:\n    - name: plugin\n      image: velero/velero-plugin-for-aws:«v1.9.0→v1.10.0»\n", ("plugin", "velero/velero-plugin-for-aws:v1.9.0"), to="velero/velero-plugin-for-aws:v1.10.0", form=Form.POD_SPEC)
row("postRenderers: images", RELEASE + "spec:\n  postRenderers:\n  - kustomize:\n      images:\n      - name: app\n        newTag: «v1→v2»\n", ("app", "app:v1"), to="app:v2", form=Form.KUSTOMIZE)
row("postRenderers: patches", RELEASE + "spec:\n  postRenderers:\n  - kustomize:\n      patches:\n      - target: {kind: Deployment, name: api, namespace: shop}\n        patch: |\n          - op: add\n            path: /spec/template/spec/containers/0/image\n            value: app:«v1→v2»\n", ("containers[0]", "app:v1"), to="app:v2", form=Form.KUSTOMIZE, workload="shop:deployment/api")
row("Flux v1's release", "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  chart: {repository: 'https://charts.example.com', name: web, version: 1.0.0}\n  values:\n    image: {repository: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), to="o/app:v2")
row("Flux v1's oldest release", "apiVersion: flux.weave.works/v1beta1\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\nspec:\n  chart: {git: 'git@example.com:o/c', path: c, ref: main}\n  values: {image: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), to="o/app:v2")
row("annotations that place the parts", PLACED + "    repository.fluxcd.io/web: a.name\n    tag.fluxcd.io/web: a.release\n" + SPEC + "    a: {name: o/app, release: «v1→v2»}\n", ("web", "o/app:v1"), to="o/app:v2")
row("annotations that place a reference", PLACED + "    image.fluxcd.io/web: a.b\n" + SPEC + "    a: {b: 'o/app:«v1→v2»'}\n", ("web", "o/app:v1"), to="o/app:v2")
row("annotations that place a registry", PLACED + "    registry.fluxcd.io/web: r\n    repository.fluxcd.io/web: n\n    tag.fluxcd.io/web: t\n" + SPEC + "    {r: quay.io, n: o/app, t: «v1→v2»}\n", ("web", "quay.io/o/app:v1"), to="quay.io/o/app:v2")
row("what annotations place has no other name", PLACED + "    repository.fluxcd.io/web: image.repository\n    tag.fluxcd.io/web: image.tag\n" + SPEC + "    image: {repository: o/app, tag: «v1→v2»}\n    b: {image: 'o/b:v1'}\n", ("web", "o/app:v1"), ("b", "o/b:v1"), to="o/app:v2")
row("annotations that lead nowhere", PLACED + "    repository.fluxcd.io/web: no.such\n    tag.fluxcd.io/web: x\n" + SPEC + "    image: {repository: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), to="o/app:v2")
row("not the chart", RELEASE + "spec:\n  chart: {spec: {chart: app, version: 1.2.3}}\n  install: {image: 'o/no:v1'}\n")
row("K3s: values as text", "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: web, namespace: shop}\nspec:\n  chart: web\n  valuesContent: |-\n    # the app\n    image:\n      repository: o/app # name\n      tag: «v1→v2» # release\n", ("image", "o/app:v1"), to="o/app:v2", workload="shop:helmchart/web")
row("K3s: the config of a chart", "apiVersion: helm.cattle.io/v1\nkind: HelmChartConfig\nmetadata: {name: traefik, namespace: kube-system}\nspec:\n  valuesContent: |\n    image: {registry: docker.io, repository: traefik, tag: «v2.10→v2.11»}\n", ("image", "docker.io/traefik:v2.10"), to="traefik:v2.11", workload="kube-system:helmchartconfig/traefik")
row("K3s: set", "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: web, namespace: shop}\nspec:\n  set:\n    image.repository: o/app\n    image.tag: «v1→v2»\n", ("image", "o/app:v1"), to="o/app:v2", workload="shop:helmchart/web")
row("a List of releases", "apiVersion: v1\nkind: List\nitems:\n- kind: HelmRelease\n  metadata: {name: web, namespace: shop}\n  spec: {values: {image: {repository: o/app, tag: «v1→v2»}}}\n", ("image", "o/app:v1"), to="o/app:v2")
# fmt: on


@releases.parametrize
def test_releases(row, variant):
    check(row, variant)


def test_a_map_without_a_version_is_told_from_one_with():
    text = "a: {image: {repository: o/app}}\nb: {image: {repository: o/app, tag: v1}}\nc: {image: {repository: o/app, tag: ''}}\n"
    fields = scan_file("values.yaml", text.encode()).fields
    assert [(field.container, field.holds_version) for field in fields] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]


def test_a_list_of_containers_names_its_containers_and_itself():
    text = "initContainers: [{name: i, image: 'a:1'}]\n"
    assert [(f.container, f.slot) for f in scan_file("values.yaml", text.encode()).fields] == [
        ("i", "initContainers")
    ]


@pytest.mark.parametrize(("alias", "read"), [("", 0), ("x: *t\ny: [*t, *t]\n", 3)])
def test_other_readers_of_an_anchor_are_counted(alias, read):
    text = f"image: {{repository: o/app, tag: &t v1}}\n{alias}"
    assert [field.also_read for field in scan_file("values.yaml", text.encode()).fields] == [read]
