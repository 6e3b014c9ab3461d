"""Argo CD Image Updater: the policies in annotations of an Application, and the image fields that they mean.

Image Updater adds overrides where it needs them; here existing image fields are written, no others. Which fields
those are follows its write-back target: the entries of a kustomization.yaml, a values file, the file
`.argocd-source-APPLICATION.yaml` beside the source; without Git, the Application's own parameters and images.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from automator.dialects.annotations import held, keep_first
from automator.dialects.argocd_settings import (
    DIALECT,
    Settings,
    WantedImage,
    is_template,
    read_settings,
)
from automator.dialects.paths import join_path
from automator.dialects.reading import ObjectKey, RepoReading
from automator.errors import InvalidReference
from automator.model.field import (
    Declaration,
    FieldKey,
    FileScan,
    Form,
    ImageField,
    Location,
    ManifestObject,
    Problem,
    RepoPath,
)
from automator.model.image import ImageRepository, parse_repository
from automator.model.policy import Declared
from automator.model.workload import WorkloadId
from automator.scan.annotations import ARGOCD_PREFIX
from automator.scan.workloads import ARGOCD_SOURCE, KUSTOMIZATION_NAMES

_SPEC_OF = {"application": "", "applicationset": "spec.template."}
"""Where the Application stands in the objects of each kind."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Image fields that may be an image's, and the name of where they stand."""

    name: str
    keys: tuple[FieldKey, ...]


def read_argocd(files: Mapping[RepoPath, FileScan]) -> RepoReading:
    """What the annotations of all Applications declare. Files without them cost nothing."""
    reader = _Reader(files)
    for scan in files.values():
        found: dict[WorkloadId, list[Declaration]] = {}
        for declaration in scan.declarations:
            if declaration.key.startswith(ARGOCD_PREFIX):
                found.setdefault(declaration.workload, []).append(declaration)
        for workload, declarations in found.items():
            reader.read_workload(scan, workload, declarations)
    return RepoReading(
        declared=reader.declared, said_by=reader.said_by, problems=tuple(reader.problems)
    )


class _Reader:
    def __init__(self, files: Mapping[RepoPath, FileScan]) -> None:
        self.declared: dict[FieldKey, Declared] = {}
        self.said_by: dict[FieldKey, set[ObjectKey]] = {}
        self.problems: list[Problem] = []
        self._files = files

    def read_workload(
        self, scan: FileScan, workload: WorkloadId, declarations: Sequence[Declaration]
    ) -> None:
        if workload.kind not in _SPEC_OF:
            what = f"{declarations[0].key} has no effect on {workload}"
            self._report(declarations[0].location, what, "Argo CD Image Updater reads Applications")
            return
        annotations: dict[str, Declaration] = {}
        for declaration in declarations:
            key = declaration.key.removeprefix(ARGOCD_PREFIX)
            if not keep_first(annotations, key, declaration):
                what = f"{declaration.key} says something else than in line {annotations[key].location.line}"
                self._report(declaration.location, what, "say it once")
        settings = read_settings(annotations)
        self.problems += settings.problems
        self._declare(scan, workload, settings)

    def _declare(self, scan: FileScan, workload: WorkloadId, settings: Settings) -> None:
        places = list(self._places(scan, workload, settings))
        for image in settings.images:
            for place in places:
                if reached := self._declare_in(place, image):
                    for key in reached:
                        self.said_by.setdefault(key, set()).add((scan.path, workload))
                    break
            else:
                self._tell_unreached(image, places, settings)

    def _places(self, scan: FileScan, workload: WorkloadId, settings: Settings) -> Iterator[_Place]:
        """In the order in which they are looked at; the first that holds the image counts."""
        target, colon, path = settings.write_back_target.partition(":")
        prefix = _SPEC_OF[workload.kind]
        application = next((one for one in scan.objects if one.workload == workload), None)
        folders = _source_folders(application, f"{prefix}spec.")
        if target == "kustomization":
            for folder in folders if not path.startswith("/") else [""]:
                yield self._kustomization(join_path(folder, path))
        elif target == "helmvalues":
            for folder in folders if not path.startswith("/") else [""]:
                yield self._file(join_path(folder, path if colon else "values.yaml"))
        elif not target:
            if settings.git:
                name = _application_name(workload, application, prefix)
                for folder in folders:
                    yield self._file(join_path(folder, f"{ARGOCD_SOURCE}{name}.yaml"))
            own = (number for number, one in enumerate(scan.fields) if one.workload == workload)
            yield _Place(f"{workload}", tuple((scan.path, number) for number in own))

    def _kustomization(self, folder: RepoPath) -> _Place:
        """Of the folder, or the file itself."""
        paths = [folder, *(join_path(folder, name) for name in KUSTOMIZATION_NAMES)]
        path = next((path for path in paths if path in self._files), paths[1])
        keys = (key for key in self._file(path).keys if self._field(key).form is Form.KUSTOMIZE)
        return _Place(path, tuple(keys))

    def _file(self, path: RepoPath) -> _Place:
        scan = self._files.get(path)
        fields = scan.fields if scan is not None else ()
        return _Place(path, tuple((path, number) for number in range(len(fields))))

    def _field(self, key: FieldKey) -> ImageField:
        path, number = key
        return self._files[path].fields[number]

    def _declare_in(self, place: _Place, image: WantedImage) -> list[FieldKey]:
        """The fields of the place that hold the image, be it that its policy is held there."""
        wanted = parse_repository(image.image)
        same = [key for key in place.keys if self._field(key).image.repository == wanted]
        if image.kustomize_name:
            same = [key for key in same if self._is_named(key, [image.kustomize_name])]
        helm = [key for key in same if self._field(key).container in image.helm_containers]
        for key in helm or same:
            self._put(key, image)
        if same:
            return helm or same
        names = [image.kustomize_name or image.image]
        renamed = [
            key
            for key in place.keys
            if self._field(key).form is Form.KUSTOMIZE and self._is_named(key, names)
        ]
        for key in renamed:
            field = self._field(key)
            what = f"this entry is {field.image.name}; image-list wants {image.image} for it"
            self._report(field.location, what, "names are not rewritten: change it by hand")
            self.declared[key] = Declared(policy=held(DIALECT, image.location))
        return renamed

    def _is_named(self, key: FieldKey, names: Iterable[str]) -> bool:
        """Whether a Kustomize entry is for the image of that name in the base; other forms have no such name."""
        field = self._field(key)
        return field.form is not Form.KUSTOMIZE or any(
            field.container == name or _parse(field.container) == _parse(name) is not None
            for name in names
        )

    def _put(self, key: FieldKey, image: WantedImage) -> None:
        """Two policies for one field are a mistake, and hold it."""
        other = self.declared.get(key)
        declared = Declared(policy=image.policy)
        if other is not None and other.policy is not None:
            if replace(other.policy, source=image.location) == image.policy:
                return
            field = self._field(key)
            what = (
                f"the image field at {field.location} has another policy from {other.policy.source}"
            )
            self._report(image.location, what, "name its Helm parameters, or its Kustomize entry")
            declared = Declared(policy=held(DIALECT, image.location))
        self.declared[key] = declared

    def _tell_unreached(
        self, image: WantedImage, places: Sequence[_Place], settings: Settings
    ) -> None:
        names = " or ".join(dict.fromkeys(place.name for place in places)) or "any source path"
        what = f"no image field of {image.image} in {names}"
        note, hint = False, "automator writes existing image fields only"
        if is_template(names) or is_template(settings.write_back_target):
            note, hint = True, "templates are left to Argo CD"
        elif not settings.git:
            note, hint = True, "without write-back-method git, nothing else is written to Git"
        self.problems.append(Problem(location=image.location, message=what, hint=hint, note=note))

    def _report(self, location: Location, message: str, hint: str) -> None:
        self.problems.append(Problem(location=location, message=message, hint=hint))


def _source_folders(application: ManifestObject | None, prefix: str) -> list[str]:
    """The paths of its sources in a config repo; a chart from a registry has none."""
    values = application.values if application is not None else {}
    return list(
        dict.fromkeys(
            value.text
            for path, value in values.items()
            if path == f"{prefix}source.path"
            or (path.startswith(f"{prefix}sources.") and _is_source_path(path, prefix))
        )
    )


def _is_source_path(path: str, prefix: str) -> bool:
    number, _, rest = path.removeprefix(f"{prefix}sources.").partition(".")
    return number.isdigit() and rest == "path"


def _application_name(workload: WorkloadId, application: ManifestObject | None, prefix: str) -> str:
    """An ApplicationSet names its Applications in the template."""
    named = application.values.get(f"{prefix}metadata.name") if application is not None else None
    return named.text if named is not None else workload.name


def _parse(name: str) -> ImageRepository | None:
    try:
        return parse_repository(name)
    except InvalidReference:
        return None
