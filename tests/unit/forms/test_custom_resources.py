"""Objects of any kind, byte for byte: those of Tekton, Argo, Knative, Strimzi and other operators, and unknown ones by shape."""

from automator.model.field import Form
from automator.scan.file import scan_file
from tests.unit.forms.making import HEX_A, HEX_B, A, B, Table, check


def head(kind, api="example.com/v1", name="x"):
    return f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: shop\n"


def one(row, kind, body, *found, api="example.com/v1", name=None, **more):
    row(name or kind, head(kind, api) + body, *found, workload=f"shop:{kind.lower()}/x", **more)


POD = "{containers: [{name: c, image: 'o/app:«v1→v2»'}]}"
pods = Table("x.yaml", "", Form.POD_SPEC)
FOUND, NEW = ("c", "o/app:v1"), "o/app:v2"
for kind, body in {
    "Pod": f"spec: {POD}\n",
    "Deployment": f"spec: {{template: {{spec: {POD}}}}}\n",
    "StatefulSet": f"spec: {{template: {{spec: {POD}}}}}\n",
    "DaemonSet": f"spec: {{template: {{spec: {POD}}}}}\n",
    "ReplicaSet": f"spec: {{template: {{spec: {POD}}}}}\n",
    "Job": f"spec: {{template: {{spec: {POD}}}}}\n",
    "CronJob": f"spec: {{jobTemplate: {{spec: {{template: {{spec: {POD}}}}}}}}}\n",
    "Rollout": f"spec: {{strategy: {{canary: {{}}}}, template: {{spec: {POD}}}}}\n",
    "AnalysisTemplate": f"spec: {{metrics: [{{name: m, provider: {{job: {{spec: {{template: {{spec: {POD}}}}}}}}}}}]}}\n",
    "Service": f"spec: {{template: {{metadata: {{annotations: {{a/minScale: '1'}}}}, spec: {POD}}}}}\n",
    "Revision": f"spec: {POD}\n",
    "Configuration": f"spec: {{template: {{spec: {POD}}}}}\n",
    "CloneSet": f"spec: {{template: {{spec: {POD}}}}}\n",
    "ScaledJob": f"spec: {{jobTargetRef: {{template: {{spec: {POD}}}}}}}\n",
    "DeploymentConfig": f"spec: {{template: {{spec: {POD}}}}}\n",
    "RayCluster": f"spec: {{workerGroupSpecs: [{{groupName: g, template: {{spec: {POD}}}}}]}}\n",
    "InferenceService": f"spec: {{predictor: {POD}}}\n",
    "Prometheus": f"spec: {POD}\n",
    "Elasticsearch": f"spec: {{nodeSets: [{{name: d, podTemplate: {{spec: {POD}}}}}]}}\n",
    "CronWorkflow": f"spec: {{workflowSpec: {{templates: [{{name: t, containerSet: {POD}}}]}}}}\n",
    "Sensor": f"spec: {{triggers: [{{template: {{k8s: {{source: {{resource: {{kind: Job, spec: {{template: {{spec: {POD}}}}}}}}}}}}}}}]}}\n",
    "Farm": f"spec: {{any: {{depth: [[{POD}]]}}}}\n",
}.items():
    one(pods.row, kind, body, FOUND, to=NEW)
# fmt: off
row = pods.row
one(row, "Workflow", "spec: {templates: [{name: t, initContainers: [{name: i, image: 'o/app:«v1→v2»'}]}]}\n",
    ("i", "o/app:v1"), to=NEW, name="Workflow: initContainers")
one(row, "Pod", "spec:\n  volumes:\n  - name: model\n    image: {reference: quay.io/o/model:«v1→v2», pullPolicy: Always}\n  containers: []\n", ("model", "quay.io/o/model:v1"), to="quay.io/o/model:v2", name="Pod: image volume")
one(row, "Pod", "spec:\n  ephemeralContainers: [{name: e, image: busybox«→:1.37»}]\n", ("e", "busybox"), to="busybox:1.37", name="Pod: ephemeral container")
one(row, "Deployment", f'spec: {{template: {{spec: {{containers: [{{name: c, image: "o/app@«{A[:30]}\\\n  {A[30:]}→{B}»"}}]}}}}}}\n', ("c", f"o/app@{A}"), to=f"o/app@{B}", name="Deployment: a digest split over lines")
# fmt: on


@pods.parametrize
def test_containers_in_any_kind(row, variant):
    check(row, variant)


shapes = Table("x.yaml", "", Form.CUSTOM_RESOURCE)
# fmt: off
row = shapes.row
STEP = "steps: [{name: s, image: 'o/app:«v1→v2»', script: 'image: o/app:v1'}]"
S = ("s", "o/app:v1")
one(row, "Task", f"spec: {{{STEP}}}\n", S, to=NEW)
one(row, "ClusterTask", f"spec: {{{STEP}}}\n", S, to=NEW)
one(row, "TaskRun", f"spec: {{taskSpec: {{{STEP}}}}}\n", S, to=NEW)
one(row, "Pipeline", f"spec: {{tasks: [{{name: t, taskSpec: {{{STEP}}}}}]}}\n", S, to=NEW)
one(row, "PipelineRun", f"spec: {{pipelineSpec: {{tasks: [{{name: t, taskSpec: {{{STEP}}}}}], finally: [{{name: f, taskSpec: {{steps: [{{name: s, image: alpine}}]}}}}]}}}}\n", S, ("s", "alpine"), to=NEW)
one(row, "Task", "spec:\n  stepTemplate: {image: 'alpine'}\n  sidecars:\n  - name: d\n    image: docker:«27-dind→28-dind»\n  steps:\n  - image: $(params.image)\n", ("stepTemplate", "alpine"), ("d", "docker:27-dind"), to="docker:28-dind",
    name="Task: template, sidecar, parameter", problem="'$(params.image)' is left alone: it is not written literally")
one(row, "Task", "spec:\n  steps:\n  - image: alpine«→:3.20»\n    script: x\n", ("steps.0", "alpine"), to="alpine:3.20", name="Task: a step without a name")
one(row, "Workflow", "spec:\n  templates:\n  - name: main\n    container: {image: alpine«→:3.20», command: [sh]}\n  - name: py\n    script:\n      image: python:3.12\n      source: |\n        image: alpine\n", ("main", "alpine"), ("py", "python:3.12"), to="alpine:3.20")
one(row, "Workflow", "spec:\n  templates:\n  - name: main\n    sidecars: [{name: s, image: nginx«→:1.27»}]\n    container: {image: '{{inputs.parameters.image}}'}\n", ("s", "nginx"), to="nginx:1.27", name="Workflow: sidecars, parameter", problem="is left alone: it is not written literally")
one(row, "WorkflowTemplate", "spec:\n  templateDefaults: {container: {image: 'o/d:v1'}}\n  templates:\n  - name: main\n    container:\n      image: o/app:«v1→v2»\n", ("templateDefaults.container", "o/d:v1"), ("main", "o/app:v1"), to=NEW)
one(row, "CronWorkflow", "spec:\n  workflowSpec:\n    templates:\n    - {name: main, container: {image: 'o/app:«v1→v2»'}}\n", ("main", "o/app:v1"), to=NEW)
one(row, "ClusterWorkflowTemplate", "spec: {templates: [{name: main, script: {image: 'o/app:«v1→v2»', source: x}}]}\n", ("main", "o/app:v1"), to=NEW)
one(row, "Kafka", "spec:\n  kafka:\n    version: 3.7.0\n    image: quay.io/strimzi/kafka:«0.40.0-kafka-3.7.0→0.41.0-kafka-3.7.0»\n  zookeeper: {replicas: 3}\n", ("kafka", "quay.io/strimzi/kafka:0.40.0-kafka-3.7.0"), to="quay.io/strimzi/kafka:0.41.0-kafka-3.7.0")
one(row, "KafkaConnect", "spec:\n  version: 3.7.0\n  image: r.io/connect:«v1→v2»\n  build: {output: {type: docker, image: 'r.io/connect-built:v1'}}\n", ("image", "r.io/connect:v1"), ("build.output", "r.io/connect-built:v1"), to="r.io/connect:v2")
one(row, "Prometheus", "spec:\n  version: v2.50.0\n  image: quay.io/prometheus/prometheus:«v2.50.0→v2.51.0»\n  thanos: {image: 'quay.io/thanos/thanos:v0.34.0'}\n", ("image", "quay.io/prometheus/prometheus:v2.50.0"), ("thanos", "quay.io/thanos/thanos:v0.34.0"), to="quay.io/prometheus/prometheus:v2.51.0", name="Prometheus: a whole image beside its version")
one(row, "Prometheus", "spec:\n  image: quay.io/prometheus/prometheus\n  version: «v2.50.0→v2.51.0»\n", ("image", "quay.io/prometheus/prometheus:v2.50.0"), to="quay.io/prometheus/prometheus:v2.51.0", name="Prometheus: image and version")
one(row, "Prometheus", "spec:\n  baseImage: quay.io/prometheus/prometheus\n  version: «v2.50.0→v2.51.0»\n", ("baseImage", "quay.io/prometheus/prometheus:v2.50.0"), to="quay.io/prometheus/prometheus:v2.51.0", name="Prometheus: baseImage and version")
one(row, "Alertmanager", "spec:\n  baseImage: quay.io/prometheus/alertmanager\n  tag: «v0.26.0→v0.27.0»\n  version: v0.26.0\n", ("baseImage", "quay.io/prometheus/alertmanager:v0.26.0"), to="quay.io/prometheus/alertmanager:v0.27.0", name="Alertmanager: baseImage and tag")
one(row, "ThanosRuler", f"spec: {{baseImage: quay.io/thanos/thanos, tag: «v1→v2», sha: «{HEX_A}→{HEX_B}»}}\n", ("baseImage", f"quay.io/thanos/thanos:v1@{A}"), to=f"quay.io/thanos/thanos:v2@{B}", name="ThanosRuler: baseImage, tag and sha")
one(row, "Elasticsearch", "spec:\n  version: 8.13.0\n  image: docker.elastic.co/elasticsearch/elasticsearch:«8.13.0→8.14.0»\n", ("image", "docker.elastic.co/elasticsearch/elasticsearch:8.13.0"), to="docker.elastic.co/elasticsearch/elasticsearch:8.14.0")
one(row, "Cluster", "spec:\n  imageName: ghcr.io/cloudnative-pg/postgresql:«16.2→16.3»\n  postgresql:\n    extensions:\n    - name: vchord\n      image: {reference: 'ghcr.io/t/v:v1'}\n", ("image", "ghcr.io/cloudnative-pg/postgresql:16.2"), ("postgresql.extensions.vchord", "ghcr.io/t/v:v1"), to="ghcr.io/cloudnative-pg/postgresql:16.3", name="CloudNativePG")
one(row, "CephCluster", "spec: {cephVersion: {image: 'quay.io/ceph/ceph:«v18.2.1→v18.2.2»', allowUnsupported: false}}\n", ("cephVersion", "quay.io/ceph/ceph:v18.2.1"), to="quay.io/ceph/ceph:v18.2.2")
one(row, "AWX", "spec: {image: quay.io/ansible/awx, image_version: «23.0.0→24.0.0»}\n", ("image", "quay.io/ansible/awx:23.0.0"), to="quay.io/ansible/awx:24.0.0")
one(row, "VMSingle", "spec: {image: {repository: victoriametrics/victoria-metrics, tag: «v1.99.0→v1.100.0»}}\n", ("image", "victoriametrics/victoria-metrics:v1.99.0"), to="victoriametrics/victoria-metrics:v1.100.0")
one(row, "ClusterPolicy", "spec: {driver: {repository: nvcr.io/nvidia, image: driver, version: «550.54.15→550.90.07»}}\n", ("driver", "nvcr.io/nvidia/driver:550.54.15"), to="nvcr.io/nvidia/driver:550.90.07", name="NVIDIA's ClusterPolicy")
one(row, "VitessCluster", "spec: {images: {vtctld: 'vitess/lite:«v19.0.0→v19.0.4»', vtgate: 'vitess/lite:«v19.0.0→v19.0.4»'}}\n", ("images.vtctld", "vitess/lite:v19.0.0"), ("images.vtgate", "vitess/lite:v19.0.0"), to="vitess/lite:v19.0.4")
one(row, "TempoStack", "spec: {images: {tempo: 'docker.io/grafana/tempo:«2.4.0→2.5.0»'}}\n", ("images.tempo", "docker.io/grafana/tempo:2.4.0"), to="grafana/tempo:2.5.0")
one(row, "SparkApplication", "spec: {image: 'gcr.io/spark/spark:«v3.5.0→v3.5.1»', sparkVersion: 3.5.0}\n", ("image", "gcr.io/spark/spark:v3.5.0"), to="gcr.io/spark/spark:v3.5.1")
one(row, "CatalogSource", "spec: {sourceType: grpc, image: 'quay.io/o/catalog:«v1→v2»'}\n", ("image", "quay.io/o/catalog:v1"), to="quay.io/o/catalog:v2")
one(row, "PerconaXtraDBCluster", "spec: {pxc: {image: 'percona/pxc:«8.0.35→8.0.36»'}, initImage: 'percona/operator:1.14'}\n", ("pxc", "percona/pxc:8.0.35"), ("initImage", "percona/operator:1.14"), to="percona/pxc:8.0.36")
one(row, "Sensor", "spec: {dependencies: [], template: {container: {image: 'o/app:«v1→v2»'}}}\n", ("template.container", "o/app:v1"), to=NEW)
one(row, "Farm", "spec: {components: [{name: web, image: {registry: r.io, repository: o/app, tag: «v1→v2»}}]}\n", ("components.web", "r.io/o/app:v1"), to="r.io/o/app:v2", name="unknown: a map in a list")
one(row, "Farm", "spec: {image: o/app, tag: «v1→v2»}\n", ("image", "o/app:v1"), to=NEW, name="unknown: image and tag")
one(row, "Farm", "spec: {image: o/app, imageTag: «v1→v2»}\n", ("image", "o/app:v1"), to=NEW, name="unknown: image and imageTag")
one(row, "Farm", "spec: {workers: [{name: a, image: 'o/app:«v1→v2»'}, {name: b, image: 'o/app:«v1→v2»'}]}\n", ("a", "o/app:v1"), ("b", "o/app:v1"), to=NEW, name="unknown: a list by name")
one(row, "Farm", "image: o/app:«v1→v2»\n", ("image", "o/app:v1"), to=NEW, name="unknown: beside metadata")
one(row, "Farm", "spec:\n  image: >-\n    o/app:«v1→v2»\n", ("image", "o/app:v1"), to=NEW, name="unknown: folded")
one(row, "Farm", "spec: {image: o/app, version: '{{ .version }}'}\n", name="unknown: a templated version", problem="'{{ .version }}' is left alone: it is not written literally")
one(row, "Farm", "spec: {a: {image: o/app}, b: {image: app}, c: {image: 'Not an image'}, d: {image: {size: 10Gi}}, e: {image: []}, f: {image: 12}}\n", name="unknown: what might be none")
one(row, "Application", "spec: {components: [{name: web, type: webservice, properties: {image: 'o/app:«v1→v2»'}}]}\n", ("components.web.properties", "o/app:v1"), to=NEW, api="core.oam.dev/v1beta1", name="KubeVela's Application")
one(row, "ImagePolicy", "spec: {image: 'o/app:«v1→v2»'}\n", ("image", "o/app:v1"), to=NEW, name="another API's ImagePolicy")
one(row, "Kptfile", "pipeline:\n  mutators:\n  - image: gcr.io/kpt-fn/set-namespace:«v0.4→v0.5»\n    configMap: {namespace: x}\n", ("pipeline.mutators.0", "gcr.io/kpt-fn/set-namespace:v0.4"), to="gcr.io/kpt-fn/set-namespace:v0.5")
# fmt: on


@shapes.parametrize
def test_shapes(row, variant):
    check(row, variant)


def test_a_file_without_an_ending_may_be_a_manifest():
    text = head("Kptfile") + "pipeline: {mutators: [{name: ns, image: 'gcr.io/kpt-fn/x:v1'}]}\n"
    (field,) = scan_file("app/Kptfile", text.encode()).fields
    assert (field.container, str(field.workload)) == ("ns", "shop:kptfile/x")
