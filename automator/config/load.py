"""Finds and reads `automator.yaml` and the policy files. All mistakes of a file are told at once."""

import glob
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from automator.config.effects import without_effect
from automator.config.models import Settings
from automator.config.policy_file import PolicyFile, make_rules
from automator.config.problems import KeyPath, YamlFile, explain_validation, parse_yaml
from automator.errors import ConfigError, UsageError
from automator.model.policy import Rule

_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRETS = (
    "password",
    "token",
    "secret",
    "client_secret",
    "proxy",
    "url",
    "cloudevents",
    "template",
)


def find_config(explicit: Path | None, environ: Mapping[str, str]) -> Path:
    """--config, then AUTOMATOR_CONFIG, then automator.yaml here."""
    if explicit is not None:
        path, said = explicit, "--config"
    elif environ.get("AUTOMATOR_CONFIG"):
        path, said = Path(environ["AUTOMATOR_CONFIG"]), "AUTOMATOR_CONFIG"
    else:
        path, said = Path("automator.yaml"), ""
    if not path.is_file():
        named = f"{said} names {path}, which" if said else f"{path}"
        raise UsageError(f"{named} is not there", hint="name the configuration with --config FILE")
    return path


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Raises ConfigError with every mistake."""
    _, settings, problems = _read_settings(path, environ)
    if settings is None:
        raise _config_error(path, problems)
    return settings


def file_stamps(settings: Settings) -> tuple[object, ...]:
    """Changes when a file changes that is named in the settings and read later: certificates are renewed in their place."""
    paths = [
        path
        for registry in settings.registries
        for path in (
            registry.ca_file,
            registry.client_certificate_file,
            registry.client_key_file,
        )
        if path is not None
    ]
    return tuple((path, *_stamp(path)) for path in paths)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


def load_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules of all policy files, in the order of `policies`, files of one pattern by name."""
    rules, problems = _read_rules(settings)
    if problems:
        raise ConfigError("mistakes in policy files", problems=tuple(problems))
    return tuple(rules)


def check_config(path: Path, environ: Mapping[str, str]) -> list[str]:
    """Every mistake in the configuration and, as far as that can be read, in the policy files."""
    _, settings, problems = _read_settings(path, environ)
    if settings is not None:
        problems += _read_rules(settings)[1]
    return problems


def check_effects(path: Path, environ: Mapping[str, str]) -> list[str]:
    """What has no effect in a configuration without mistakes: the daemon starts with it all the same."""
    file, settings, _ = _read_settings(path, environ)
    return [] if settings is None else list(without_effect(file, settings))


def _config_error(path: Path, problems: list[str]) -> ConfigError:
    return ConfigError(f"mistakes in {path}", problems=tuple(problems))


def _read_settings(
    path: Path, environ: Mapping[str, str]
) -> tuple[YamlFile, Settings | None, list[str]]:
    file, problems = _read_yaml(path)
    if file.root is None and problems:
        return file, None, problems
    data = _replace_variables(file, file.data, (), environ, problems)
    data = _read_secret_files(file, data, (), path.parent, problems)
    try:
        settings = Settings.model_validate(data if data is not None else {})
    except ValidationError as error:
        return file, None, problems + explain_validation(file, error, Settings)
    known = None if problems else settings.relative_to(path.parent.absolute())
    return file, known, problems


def _read_rules(settings: Settings) -> tuple[list[Rule], list[str]]:
    rules: list[Rule] = []
    problems: list[str] = []
    for pattern in settings.policies:
        paths = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - an absolute pattern
        if not paths:
            problems.append(f"{pattern}:1:1: no policy file is there (see `policies`)")
        for name in paths:
            file, mistakes = _read_yaml(Path(name))
            problems += mistakes
            if file.root is not None or not mistakes:
                made, mistakes = _rules_of(file)
                rules += made
                problems += mistakes
    return rules, problems


def _rules_of(file: YamlFile) -> tuple[list[Rule], list[str]]:
    try:
        content = PolicyFile.model_validate(file.data if file.data is not None else {})
    except ValidationError as error:
        return [], explain_validation(file, error, PolicyFile)
    return make_rules(file, content)


def _read_yaml(path: Path) -> tuple[YamlFile, list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        return YamlFile(str(path), None, None), [f"{path}:1:1: cannot be read: {reason}"]
    return parse_yaml(str(path), text)


def _replace_variables(
    file: YamlFile, data: Any, where: KeyPath, environ: Mapping[str, str], problems: list[str]
) -> Any:
    """`${VAR}` in every text; `$${` stands for `${`."""
    if isinstance(data, dict):
        return {
            key: _replace_variables(file, value, (*where, key), environ, problems)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [
            _replace_variables(file, value, (*where, index), environ, problems)
            for index, value in enumerate(data)
        ]
    if not isinstance(data, str):
        return data

    def replace(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "${"
        if name not in environ:
            problems.append(
                file.problem(
                    where, f"the variable {name} is not set", "set it, or write $${ for ${"
                )
            )
        return environ.get(name, "")

    return _VARIABLE.sub(replace, data)


def _read_secret_files(
    file: YamlFile, data: Any, where: KeyPath, folder: Path, problems: list[str]
) -> Any:
    """`password_file: PATH` becomes `password:` with what the file holds, less one final newline."""
    if isinstance(data, list):
        return [
            _read_secret_files(file, value, (*where, index), folder, problems)
            for index, value in enumerate(data)
        ]
    if not isinstance(data, dict):
        return data
    result = {
        key: _read_secret_files(file, value, (*where, key), folder, problems)
        for key, value in data.items()
    }
    for secret in _SECRETS:
        name = result.pop(f"{secret}_file", None)
        if not isinstance(name, str):
            continue
        place = (*where, f"{secret}_file")
        if secret in result:
            problems.append(file.problem(place, f"{secret} and {secret}_file exclude each other"))
            continue
        try:
            result[secret] = (folder / name).read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            problems.append(file.problem(place, f"{name} cannot be read: {reason}"))
            result[secret] = ""
    return result
