"""Who is told what."""

import pytest

from automator.config.messages import MessageKind
from automator.messages.route import routed
from automator.model.event import Level
from tests.unit.messages.making import channel, committed, move, trouble

CARTS, ORDERS = move("sock-shop:deployment/carts"), move("sock-shop:statefulset/orders")
PAYMENT = move("payment:deployment/payment")
BOTH = committed(CARTS, ORDERS, PAYMENT)
FAILING = trouble()
REFUSED = trouble(MessageKind.PUSH_REFUSED, Level.ERROR, config_repo="shop", image_repository="")

TABLE = [
    ({}, BOTH, [CARTS, ORDERS, PAYMENT]),
    ({"namespace": "payment"}, BOTH, [PAYMENT]),
    ({"namespace": ["pay*", "none"]}, BOTH, [PAYMENT]),
    ({"namespace": "shop"}, BOTH, None),
    ({"workload": "deployment/*"}, BOTH, [CARTS, PAYMENT]),
    ({"workload": "*/orders"}, BOTH, [ORDERS]),
    ({"workload": "deployment/*", "namespace": "sock-shop"}, BOTH, [CARTS]),
    ({"workload": "Deployment/*"}, BOTH, None),
    ({"config_repo": "sh*"}, BOTH, [CARTS, ORDERS, PAYMENT]),
    ({"config_repo": "other"}, BOTH, None),
    ({"about": ["held"]}, BOTH, None),
    ({"level": "warning"}, BOTH, None),
    ({"level": "warning"}, FAILING, []),
    ({"level": "error"}, FAILING, None),
    ({"level": "error"}, REFUSED, []),
    ({"about": ["push_refused"]}, FAILING, None),
    ({"config_repo": "shop"}, REFUSED, []),
    ({"config_repo": "*"}, FAILING, None),
    ({"namespace": "*"}, FAILING, None),
    ({"workload": "*"}, REFUSED, None),
]


@pytest.mark.parametrize(("settings", "occasion", "told"), TABLE)
def test_a_channel_is_told_what_is_its_own(settings, occasion, told):
    result = routed(occasion, channel(**settings))
    assert (None if result is None else list(result.moves)) == told
