"""The profiles: named ways of loading, each with documented parameters and a bound on time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamchat_load.errors import LoadUsageError
from streamchat_load.profiles.parameters import (
    Parameter,
    nearest,
    read_values,
    seconds,
    share,
    whole,
)
from streamchat_load.profiles.plan import Arrival, LoadPlan, UserBehaviour, constant, poisson
from streamchat_load.profiles.recorded_arrivals import read_arrivals

if TYPE_CHECKING:
    from random import Random

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """A named way of loading."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    make: Callable[[Values], LoadPlan]

    def plan(self, given: Mapping[str, str]) -> LoadPlan:
        """Return the plan for parameters given as text. Raises LoadUsageError."""
        return self.make(read_values(self.parameters, given, f"profile {self.name!r}"))


PROFILES: dict[str, Profile] = {}


def profile(
    name: str, summary: str, *parameters: Parameter
) -> Callable[[Callable[[Values], LoadPlan]], Callable[[Values], LoadPlan]]:
    """Declare a profile by the function that makes its plan."""

    def declare(make: Callable[[Values], LoadPlan]) -> Callable[[Values], LoadPlan]:
        PROFILES[name] = Profile(name, summary, parameters, make)
        return make

    return declare


def find_profile(name: str) -> Profile:
    """Return the profile of a name. Raises LoadUsageError."""
    found = PROFILES.get(name)
    if found is None:
        known = ", ".join(PROFILES)
        raise LoadUsageError(
            f"there is no profile {name!r}{nearest(name, PROFILES)} (known: {known})"
        )
    return found


def describe_profiles() -> str:
    """Return the text of `--list-profiles`."""
    lines = []
    for found in PROFILES.values():
        lines.append(f"{found.name}: {found.summary}")
        lines.extend(
            f"    {parameter.name}={parameter.default}  {parameter.meaning}"
            for parameter in found.parameters
        )
    return "\n".join(lines)


def _users(default: int) -> Parameter:
    return whole("users", default, "streams that are open at once")


def _duration(default: float) -> Parameter:
    return seconds("duration_s", default, "length of the run", low=0.5)


def _steady(values: Values, behaviour: UserBehaviour | None = None) -> LoadPlan:
    return LoadPlan(
        duration_s=values["duration_s"],
        phases=((0.0, "all"),),
        users=constant(values["users"]),
        most_users=values["users"],
        behaviour=behaviour or UserBehaviour(),
    )


@profile(
    "smoke",
    "a few users for a few seconds: does the endpoint work at all?",
    _users(2),
    _duration(5.0),
)
def smoke(values: Values) -> LoadPlan:
    """Load steadily, with little by default."""
    return _steady(values)


@profile("steady", "a fixed number of open streams", _users(20), _duration(60.0))
def steady(values: Values) -> LoadPlan:
    """Each user opens its next stream as soon as the last one has ended."""
    return _steady(values)


@profile(
    "ramp",
    "from one user to many, then held",
    _users(100),
    seconds("ramp_s", 60.0, "time to the full number of users", low=0.1),
    seconds("hold_s", 30.0, "time at the full number"),
)
def ramp(values: Values) -> LoadPlan:
    """Raise the number of users along a straight line."""
    most, ramp_s = values["users"], values["ramp_s"]

    def users(at_s: float) -> int:
        return int(max(1, min(most, most * at_s / ramp_s)))

    return LoadPlan(
        duration_s=ramp_s + values["hold_s"],
        phases=((0.0, "ramp"), (ramp_s, "hold")),
        users=users,
        most_users=most,
    )


@profile(
    "staircase",
    "more users step by step, each step measured for itself; shows where the knee is",
    whole("start_users", 10, "users on the first step"),
    whole("step_users", 10, "users that each further step adds"),
    whole("steps", 5, "number of steps", low=2, high=200),
    seconds("step_s", 20.0, "length of a step", low=0.5),
)
def staircase(values: Values) -> LoadPlan:
    """Equal steps up; a stream belongs to the step that it began on."""
    start, step, steps = values["start_users"], values["step_users"], values["steps"]
    step_s = values["step_s"]

    def users(at_s: float) -> int:
        return int(start + step * min(steps - 1, int(at_s / step_s)))

    return LoadPlan(
        duration_s=steps * step_s,
        phases=tuple(
            (number * step_s, f"{start + step * number} users") for number in range(steps)
        ),
        users=users,
        most_users=start + step * (steps - 1),
    )


@profile(
    "spike",
    "a sudden increase of users, and whether the server recovers from it",
    _users(10),
    whole("spike_users", 100, "users during the spike"),
    seconds("before_s", 20.0, "time before the spike"),
    seconds("spike_s", 10.0, "length of the spike", low=0.5),
    seconds("after_s", 30.0, "time after it"),
)
def spike(values: Values) -> LoadPlan:
    """Add all users of the spike at once; they start no more streams after it."""
    few, many, before_s = values["users"], values["spike_users"], values["before_s"]
    end_s = before_s + values["spike_s"]
    if many < few:
        raise LoadUsageError(f"spike_users={many} is fewer than users={few}: that is no spike")

    def users(at_s: float) -> int:
        return int(many if before_s <= at_s < end_s else few)

    return LoadPlan(
        duration_s=end_s + values["after_s"],
        phases=((0.0, "before"), (before_s, "spike"), (end_s, "after")),
        users=users,
        most_users=many,
    )


@profile(
    "soak",
    "a steady load for a long time; shows the drift of latency and memory",
    _users(20),
    _duration(3600.0),
)
def soak(values: Values) -> LoadPlan:
    """Cut the run into four quarters, so that the last can be compared with the first."""
    quarter_s = values["duration_s"] / 4
    names = ("first quarter", "second quarter", "third quarter", "last quarter")
    return LoadPlan(
        duration_s=values["duration_s"],
        phases=tuple((number * quarter_s, name) for number, name in enumerate(names)),
        users=constant(values["users"]),
        most_users=values["users"],
    )


@profile(
    "open",
    "Poisson arrivals, whatever the server answers; latency counts from when a request is due",
    Parameter("rate_per_s", 10.0, "mean arrivals a second", 0.001, 100_000),
    _duration(60.0),
)
def open_(values: Values) -> LoadPlan:
    """Follow an open model: a server that stalls does not slow the arrivals down."""
    return LoadPlan(
        duration_s=values["duration_s"],
        phases=((0.0, "all"),),
        arrivals=poisson(values["rate_per_s"], values["duration_s"]),
    )


@profile(
    "burst",
    "many arrivals at the same instant, repeatedly",
    whole("burst_size", 50, "arrivals in a burst"),
    whole("bursts", 6, "number of bursts", high=1000),
    seconds("period_s", 10.0, "time from one burst to the next", low=0.1),
)
def burst(values: Values) -> LoadPlan:
    """Every burst is due at one instant."""
    size, bursts, period_s = values["burst_size"], values["bursts"], values["period_s"]

    def arrivals(_rng: Random) -> Iterator[Arrival]:
        for number in range(bursts):
            for _ in range(size):
                yield Arrival(number * period_s)

    return LoadPlan(
        duration_s=bursts * period_s,
        phases=tuple((number * period_s, f"burst {number + 1}") for number in range(bursts)),
        arrivals=arrivals,
    )


@profile(
    "replay",
    "arrivals from a file: one `seconds` or `seconds,bytes` or JSON object a line",
    Parameter("file", "", "the file of arrivals (required)"),
    Parameter("speed", 1.0, "how many times faster than recorded", 0.001, 10_000),
)
def replay(values: Values) -> LoadPlan:
    """Arrivals as they were recorded elsewhere, each with its additional bytes of prompt."""
    if not values["file"]:
        raise LoadUsageError("profile 'replay' needs a file of arrivals: --parameter file=PATH")
    recorded = read_arrivals(values["file"], values["speed"])

    def arrivals(_rng: Random) -> Iterator[Arrival]:
        return iter(recorded)

    return LoadPlan(
        duration_s=recorded[-1].at_s + 1.0,
        phases=((0.0, "all"),),
        arrivals=arrivals,
    )


@profile(
    "slow-reader",
    "some users read slowly; do the others notice?",
    _users(20),
    share("slow_share", 0.25, "share of users that read slowly"),
    Parameter("read_bytes_per_s", 1000.0, "how fast those read", 1, 1e9),
    whole("receive_buffer_bytes", 4096, "receive buffer of those", low=256, high=10_000_000),
    _duration(60.0),
)
def slow_reader(values: Values) -> LoadPlan:
    """Slow users are measured in a phase of their own, apart from the others."""
    return _steady(
        values,
        UserBehaviour(
            slow_share=values["slow_share"],
            read_bytes_per_s=values["read_bytes_per_s"],
            receive_buffer_bytes=values["receive_buffer_bytes"],
        ),
    )


@profile(
    "abandon",
    "a share of the streams is cut off by the client at a random event",
    _users(20),
    share("abandon_share", 0.3, "share of streams that are cut off"),
    _duration(60.0),
)
def abandon(values: Values) -> LoadPlan:
    """Behave like users who close the page."""
    return _steady(values, UserBehaviour(abandon_share=values["abandon_share"]))


@profile(
    "reconnect-storm",
    "a new connection for each stream, and all of them dropped together at intervals",
    _users(50),
    seconds("storm_every_s", 10.0, "time from one drop of all connections to the next", low=0.2),
    _duration(60.0),
)
def reconnect_storm(values: Values) -> LoadPlan:
    """Behave like the clients of a proxy that restarts."""
    behaviour = UserBehaviour(fresh_connections=True, storm_every_s=values["storm_every_s"])
    return _steady(values, behaviour)


@profile(
    "refusals",
    "invalid requests, and a few valid ones among them",
    _users(10),
    share("invalid_share", 0.9, "share of requests that are invalid"),
    _duration(30.0),
)
def refusals(values: Values) -> LoadPlan:
    """Every refusal is judged: status, media type, shape."""
    return _steady(values, UserBehaviour(invalid_share=values["invalid_share"]))


@profile(
    "mixed",
    "chat sessions: the history grows turn by turn, with think time, some cut off or invalid",
    _users(20),
    whole("turns", 5, "turns of a session", high=100),
    seconds("think_min_s", 0.5, "shortest pause before a turn"),
    seconds("think_max_s", 2.0, "longest pause before a turn"),
    share("abandon_share", 0.05, "share of streams that are cut off"),
    share("invalid_share", 0.02, "share of requests that are invalid"),
    _duration(60.0),
)
def mixed(values: Values) -> LoadPlan:
    """Behave like the users of a normal day."""
    if values["think_max_s"] < values["think_min_s"]:
        raise LoadUsageError("think_max_s is less than think_min_s")
    return _steady(
        values,
        UserBehaviour(
            turns=values["turns"],
            think_s=(values["think_min_s"], values["think_max_s"]),
            abandon_share=values["abandon_share"],
            invalid_share=values["invalid_share"],
        ),
    )
