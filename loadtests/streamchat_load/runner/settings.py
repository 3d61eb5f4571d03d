"""Settings of one run: plain data, the same in every process."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from streamchat_conformance.recorder.endpoint import Endpoint

from streamchat_load.profiles.catalogue import find_profile

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import LoadDialect
    from streamchat_load.profiles.plan import LoadPlan

DRAIN_S = 5.0
"""How long open streams may go on when the run is over, unless the user says."""


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """What a run is to do. The master sends it to its workers."""

    url: str
    profile: str = "smoke"
    parameters: dict[str, str] = field(default_factory=dict)
    insecure: bool = False
    ca_file: str | None = None
    fields: list[list[str]] = field(default_factory=list)
    query: list[list[str]] = field(default_factory=list)
    """Query parameters that each request has in addition to those of the URL: a key."""
    first_event_limit_s: float = 10.0
    stall_limit_s: float = 15.0
    stream_limit_s: float = 600.0
    drain_s: float | None = None
    """Time for open streams to end when the run is over; None: as the preflight found."""
    read_events: int | None = None
    """Read each stream for this many events, then close it; None: to its end."""
    texts_vary: bool = False
    """Expect no particular texts."""
    seed: int = 0
    server_pid: int | None = None
    limits_ms: dict[str, float] = field(default_factory=dict)
    """Limits of a stream's times (milliseconds): a stream within all of them is good enough."""
    dialect: str = ""
    """The name of a dialect; empty: the user class's own."""
    form: dict[str, Any] = field(default_factory=dict)
    """What that dialect needs to know (`LoadDialect.dump`)."""

    def extra_fields(self, dialect: LoadDialect) -> list[tuple[str, str]]:
        """Return the field lines of each request that only this target needs.

        Streams are not decoded (RFC 9110 section 12.5.3: without the field any coding is fine).
        """
        given = [(name, value) for name, value in self.fields]
        taken = {name.lower() for name, _ in given}
        own = [each for each in dialect.fields if each[0].lower() not in taken]
        return [("Accept-Encoding", "identity"), *own, *given]

    def dump(self) -> dict[str, Any]:
        """Return a form that msgpack can carry; its members are the constructor's."""
        return asdict(self)

    def endpoint(self, dialect: LoadDialect) -> Endpoint:
        """Return where requests go. Raises TargetUrlError."""
        return Endpoint.from_url(
            self.url,
            path=dialect.path,
            base=dialect.base,
            parameters=[(name, value) for name, value in (*self.query, *dialect.query)],
            insecure=self.insecure,
            ca_file=self.ca_file,
        )

    def plan(self) -> LoadPlan:
        """Return the plan. Raises LoadUsageError."""
        return find_profile(self.profile).plan(self.parameters)
