"""What a registry host is asked at most, and while it is left alone: its rate, its quotas, its circuit. Knows nothing of credentials."""

from automator.registry.limits.circuit import CircuitState as CircuitState
from automator.registry.limits.host_limits import HostLimits as HostLimits
from automator.registry.limits.quota import Quota as Quota
