"""What is special in a request is the cause only where it alone keeps it from being served."""

import pytest
from streamchat_conformance.cases import test_request_clients as clients
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.scenarios.equivalent_requests import first_unlike
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation

from .targets import prepared


def unlike(target: Target) -> bool:
    requests = [HttpRequest.chat(target.plain(), user_agent=None)]
    return first_unlike(target, requests, label="no User-Agent") is not None


def test_a_request_that_is_never_served_is_unlike() -> None:
    with prepared("absent-user-agent-fails") as target:
        assert unlike(target)
        assert not target.ledger.red("request.never-5xx")
        assert not target.ledger.red("request.valid-accepted")


def test_a_request_that_fails_by_chance_is_like_others_and_entered() -> None:
    with prepared("every-thirtieth-valid-request-fails") as target:
        assert not any(unlike(target) for _ in range(35))
        assert target.ledger.red("request.never-5xx")


def test_where_no_plain_request_is_served_nothing_is_compared() -> None:
    with prepared("absent-user-agent-fails") as target:
        target.baseline.accepted = False
        with pytest.raises(Blocked) as blocked:
            unlike(target)
    assert blocked.value.cause == "request.valid-accepted"


def test_an_upgrade_that_is_taken_up_is_no_fault() -> None:
    with prepared("upgrade-to-h2c-taken-up") as target:
        clients.test_an_offer_to_upgrade_loses_no_request(target)
        assert not target.ledger.red("transport.interim")


def test_a_finding_names_the_field_that_was_not_served() -> None:
    with prepared("libraries-forbidden") as target, pytest.raises(Violation) as broken:
        clients.test_every_client_gets_the_stream(target)
    assert "User-Agent: curl/" in str(broken.value)


def test_the_users_own_fields_take_the_place_of_the_common_ones() -> None:
    own = (("user-agent", "mine/1"), ("X-Key", "1"))
    request = HttpRequest(body=b"{}")
    assert request.client_fields(own) == (("Accept", request.accept), *own)
    encoded = request.encode(authority="a", path="/", extra=own)
    assert encoded.lower().count(b"user-agent:") == 1
