"""What a run may send: how much, how fast, and which cases it goes to."""

import itertools

import pytest
from streamchat_conformance.catalogue import MUST, SHOULD, Level
from streamchat_conformance.plugin.state import RunState
from streamchat_conformance.suite.budget.cost import Cost, cost_of, costs
from streamchat_conformance.suite.budget.estimate import estimate_line
from streamchat_conformance.suite.budget.limits import CostLimits, Thoroughness
from streamchat_conformance.suite.budget.plan import PREFLIGHT, PricedCase, plan_run
from streamchat_conformance.suite.budget.rate import Rate
from streamchat_conformance.suite.budget.request_budget import RequestBudget
from streamchat_conformance.suite.config.reach import is_public_address
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.verdicts.outcomes import NotRun


class FakeClock:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.now_s += seconds


def paced(rate: str, clock: FakeClock) -> RequestBudget:
    return RequestBudget(rate=Rate.parse(rate), clock=clock, wait=clock.wait)


@pytest.mark.parametrize(
    ("text", "interval_s"), [("15/m", 4.0), ("2/s", 0.5), ("90/h", 40.0), ("0.5/s", 2.0)]
)
def test_a_rate_is_a_number_and_a_unit(text: str, interval_s: float) -> None:
    assert Rate.parse(text).interval_s == interval_s


@pytest.mark.parametrize("text", ["", "15", "15/d", "/s", "0/m", "-1/s", "1e3/s", "0.1/h", "x/s"])
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 15/m or 2/s"):
        Rate.parse(text)


@pytest.mark.parametrize("pattern", [(1,), (4, 1, 1), (1, 1, 16, 1), (8,)])
def test_no_minute_has_more_requests_than_the_rate_allows(pattern: tuple[int, ...]) -> None:
    clock = FakeClock()
    budget = paced("16/m", clock)
    times: list[float] = []
    for requests in itertools.islice(itertools.cycle(pattern), 60):
        budget.admit(requests)
        times += [clock.now_s] * requests
        # A pause is not saved up for a burst.
        clock.now_s += 30.0 if len(times) % 7 == 0 else 0.1
    for begin in times:
        assert sum(begin <= at < begin + 60 for at in times) <= 16


def test_requests_on_an_open_connection_are_not_delayed_but_those_after_them_are() -> None:
    clock = FakeClock()
    budget = paced("1/s", clock)
    budget.admit(1)
    budget.admit(1, wait=False)
    budget.admit(1, wait=False)
    assert clock.now_s == 1000.0
    budget.admit(1)
    assert clock.now_s == 1003.0


def test_the_request_beyond_the_limit_is_not_run() -> None:
    budget = RequestBudget(5)
    budget.admit(4)
    with pytest.raises(NotRun, match="limit of 5 requests"):
        budget.admit(2)
    budget.admit(1)
    assert (budget.sent, budget.left, budget.exhausted) == (5, 0, True)


def case(id_: str, cost: Cost, level: Level = MUST) -> PricedCase:
    return PricedCase(id_, f"test_{id_}", level, cost)


def test_without_a_limit_everything_is_run() -> None:
    cases = [case("a.big", Cost(300, together=True)), case("b.property", Cost(0, 4, 1.0))]
    plan = plan_run(cases, CostLimits(generated=60))
    assert (plan.left_out, plan.examples, plan.order) == ({}, {}, [])
    assert plan.requests == PREFLIGHT + 300 + 64


def test_what_proves_the_most_for_a_request_is_run_first() -> None:
    cases = [
        case("a.should", Cost(1), SHOULD),
        case("b.dear", Cost(20)),
        case("c.cheap", Cost(1)),
        case("d.judged", Cost(0)),
    ]
    plan = plan_run(cases, CostLimits(max_requests=5))
    assert plan.order == ["d.judged", "c.cheap", "a.should"]
    assert plan.left_out == {"b.dear": "of 5 requests none is left for it"}


def test_areas_take_turns() -> None:
    cases = [case(f"a.{number}", Cost(1)) for number in range(9)] + [case("b.only", Cost(1))]
    assert "b.only" in plan_run(cases, CostLimits(max_requests=PREFLIGHT + 2)).order


def test_properties_share_what_is_left_over() -> None:
    cases = [case("a.one", Cost(0, 2, 0.5)), case("b.two", Cost(2, 40, 1.0, each=3))]
    plan = plan_run(cases, CostLimits(max_requests=25, generated=10))
    assert plan.examples == {"test_a.one": 6, "test_b.two": 5}
    assert plan.requests == PREFLIGHT + 6 + 2 + 3 * 5 == 25


@pytest.mark.parametrize(
    ("cost", "reason"),
    [
        (Cost(4, together=True), "several connections"),
        (Cost(1, largest_bytes=1024 * 1024), "1 MiB"),
        (Cost(1, seconds=2.2), "2.2 s"),
    ],
)
def test_a_smoke_run_is_short_small_and_sequential(cost: Cost, reason: str) -> None:
    limits = Settings(thoroughness=Thoroughness.SMOKE).cost_limits
    assert limits.max_requests == 30
    assert reason in plan_run([case("a.b", cost)], limits).left_out["a.b"]


def test_a_slow_rate_leaves_out_what_has_to_happen_at_once() -> None:
    limits = Settings(rate=Rate.parse("15/m")).cost_limits
    assert "the rate" in plan_run([case("a.b", Cost(4, together=True))], limits).left_out["a.b"]


def test_a_number_that_is_given_wins_over_the_levels() -> None:
    quick = Settings(thoroughness=Thoroughness.QUICK)
    assert quick.cost_limits.max_requests == 120
    more = Settings(thoroughness=Thoroughness.QUICK, max_requests=500)
    assert more.cost_limits.max_requests == 500


def test_the_estimate_is_one_line() -> None:
    limits = CostLimits(max_requests=30, rate=Rate.parse("15/m"))
    plan = plan_run([case("a.big", Cost(1, largest_bytes=65536)), case("b.c", Cost(99))], limits)
    assert estimate_line(plan, limits, "--max-requests 30") == (
        "about 3 requests, at most 30; most below 4 KiB each, the largest 64 KiB "
        "(--max-requests 30); at 15/m: 12 s; 1 requirements are left out"
    )


def test_a_case_says_what_it_sends_and_a_property_knows() -> None:
    @costs(7, largest_bytes=5000)
    def one(target: object) -> None:
        """Do nothing."""

    @costs(1, each=2)
    @generated(lambda: None, examples=[1, 2, 3], share=0.5)  # type: ignore[arg-type, return-value]  # never drawn
    def many(target: object, value: object) -> None:
        """Do nothing."""

    assert (cost_of(one).least, cost_of(one).largest_bytes) == (7, 5000)
    assert (cost_of(many).least, cost_of(many).most(10)) == (3, 1 + 2 * (3 + 5))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *((address, False) for address in ("127.0.0.1", "10.1.2.3", "192.168.1.1", "100.64.0.1")),
        *((address, False) for address in ("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1")),
        *((address, True) for address in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")),
    ],
)
def test_private_addresses_are_no_public_ones(address: str, public: bool) -> None:
    assert is_public_address(address) is public


@pytest.mark.parametrize(
    ("settings", "level", "said"),
    [
        (Settings(url="http://8.8.8.8/"), "smoke", True),
        (Settings(url="http://8.8.8.8/", thoroughness_given=True), "default", False),
        (Settings(url="http://127.0.0.1:1/"), "default", False),
    ],
)
def test_a_public_target_gets_a_smoke_run_unless_a_level_is_given(
    settings: Settings, level: str, said: bool
) -> None:
    state = RunState(settings, set())
    line = state.prepare([])
    assert state.settings.thoroughness == level
    assert ("private network" in line) is said
