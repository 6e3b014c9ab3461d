"""What the daemon says of itself on /healthz and /readyz: which config repos were read, which fail."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class RepoStatus:
    """`commit` is the head last read, empty before the first time; `error` is the last pass's, empty if it worked."""

    commit: str = ""
    error: str = ""


@dataclass(slots=True)
class DaemonStatus:
    repos: dict[str, RepoStatus] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Every config repo was read once. One that fails later leaves the others, and the daemon, ready."""
        return all(status.commit for status in self.repos.values())
