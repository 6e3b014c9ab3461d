import pytest

from automator.errors import Unavailable
from automator.registry.limits.circuit import (
    FAILURES_TO_OPEN,
    FIRST_COOLDOWN_SECONDS,
    LONGEST_COOLDOWN_SECONDS,
    Circuit,
)
from tests.servers.clocks import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


def open_circuit(clock, *, random=0.5):
    circuit = Circuit("r.example", clock, lambda: random)
    fail(circuit, FAILURES_TO_OPEN)
    return circuit


def fail(circuit, times=1):
    for _ in range(times):
        circuit.admit()
        circuit.failed(Unavailable("broken"))


def cooldown_seconds(circuit, clock):
    """How long it refuses, to the second."""
    began = clock.monotonic_seconds()
    while True:
        try:
            circuit.admit()
        except Unavailable:
            clock.advance(1)
        else:
            return clock.monotonic_seconds() - began


def test_failures_in_a_row_open_it(clock):
    circuit = open_circuit(clock)
    assert (circuit.state, circuit.failures) == ("open", FAILURES_TO_OPEN)
    with pytest.raises(Unavailable, match="failed 5 times in a row, last: broken") as caught:
        circuit.admit()
    assert caught.value.location == "r.example"
    assert "in 15 s" in caught.value.hint


def test_a_success_between_them_keeps_it_closed(clock):
    circuit = Circuit("r.example", clock, lambda: 0.5)
    fail(circuit, FAILURES_TO_OPEN - 1)
    circuit.succeeded()
    fail(circuit, FAILURES_TO_OPEN - 1)
    assert (circuit.state, circuit.failures) == ("closed", FAILURES_TO_OPEN - 1)


def test_after_the_cooldown_one_probe_is_let_through_and_closes_it(clock):
    circuit = open_circuit(clock)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    circuit.admit()
    assert circuit.state == "probing"
    with pytest.raises(Unavailable, match="in a row"):
        circuit.admit()
    circuit.succeeded()
    assert (circuit.state, circuit.failures) == ("closed", 0)
    circuit.admit()


def test_each_failed_probe_doubles_the_cooldown_up_to_the_longest(clock):
    circuit = open_circuit(clock)
    seen = []
    for _ in range(7):
        seen.append(cooldown_seconds(circuit, clock))
        circuit.failed(Unavailable("broken"))
    assert seen == [15, 30, 60, 120, 240, LONGEST_COOLDOWN_SECONDS, LONGEST_COOLDOWN_SECONDS]


def test_after_a_success_the_cooldown_is_short_again(clock):
    circuit = open_circuit(clock)
    cooldown_seconds(circuit, clock)
    circuit.failed(Unavailable("broken"))
    cooldown_seconds(circuit, clock)
    circuit.succeeded()
    fail(circuit, FAILURES_TO_OPEN)
    assert cooldown_seconds(circuit, clock) == FIRST_COOLDOWN_SECONDS


def test_late_answers_of_requests_that_were_under_way_prolong_nothing(clock):
    circuit = open_circuit(clock)
    clock.advance(FIRST_COOLDOWN_SECONDS - 1)
    circuit.failed(Unavailable("late"))
    clock.advance(1)
    circuit.admit()


def test_a_cancelled_probe_lets_another_through(clock):
    circuit = open_circuit(clock)
    clock.advance(FIRST_COOLDOWN_SECONDS)
    circuit.admit()
    circuit.abandoned()
    assert circuit.state == "open"
    circuit.admit()


@pytest.mark.parametrize(("random", "seconds"), [(0.0, 12), (0.5, 15), (1.0, 18)])
def test_the_cooldown_is_up_to_a_fifth_shorter_or_longer(clock, random, seconds):
    circuit = open_circuit(clock, random=random)
    clock.advance(seconds - 0.01)
    with pytest.raises(Unavailable):
        circuit.admit()
    clock.advance(0.02)
    circuit.admit()
