"""Facts about a deployment that are needed before the first request, such as its model."""

from __future__ import annotations

from streamchat_conformance.core.http_request import Body
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target

WITHIN_S = 10.0
"""How long is waited for an answer that only helps (seconds)."""


def deploy(target: Target) -> None:
    """Find out what the dialect has to know of this deployment, and make its requests for it."""
    settings, dialect = target.settings, target.dialect
    deployment = settings.deployment
    if dialect.discovery is not None and dialect.discovered is not None:
        request = dialect.discovery(deployment, target.endpoint.path)
        if request is not None:
            reading = target.send(
                request,
                stop=Answered(whole=True, within_s=WITHIN_S),
                label="what is deployed?",
                observe=False,
                method=request.method,
            )
            if reading.status in (401, 403):
                # A server may well serve those who do not know what it has.
                target.known.undiscovered = (
                    f"the server answers {request.method} {request.path} with {reading.status}"
                )
            deployment = dialect.discovered(deployment, reading.body if reading.accepted else b"")
    target.deploy(settings.deployed(deployment))


def learn(target: Target, plain: Body) -> None:
    """Make all requests as the plain one is that the target accepts, where the first one is not."""
    settings, accepted = target.settings, target.dialect.accepted
    if accepted is not None:
        target.deploy(settings.deployed(accepted(settings.deployment, plain)))


def credentials_hint(target: Target) -> str:
    """Return what to set where a server wants credentials, or others than it got."""
    return hint_with(target.settings)


def hint_with(settings: Settings) -> str:
    """Return what to set where a server rejects a request with these settings."""
    sent = {name.lower() for name, _ in settings.headers}
    field, _ = settings.dialect.credentials("")
    if "authorization" in sent:
        return "it rejects the credentials that are set: check the key, and what it may be used for"
    if field.lower() in sent:
        return (
            f"it rejects the key that is sent as {field}: check it; a server that reads its key "
            "elsewhere gets it with --target-header 'Authorization: Bearer …'"
        )
    return (
        "give its key with --api-key-env VARIABLE, or other credentials with "
        "--target-header 'Authorization: …'"
    )
