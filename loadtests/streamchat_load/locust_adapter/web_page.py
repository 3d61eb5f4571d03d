"""The load tests in locust's web page: a tab with the figures, and a page with the charts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamchat_load.errors import LoadUsageError
from streamchat_load.metrics.labels import OUTCOME_LABELS, TIME_LABELS
from streamchat_load.metrics.summary import QUANTILES
from streamchat_load.report import html_report, json_report

if TYPE_CHECKING:
    from flask import Response

    from streamchat_load.locust_adapter.session import LoadSession

REFRESH_S = 2

TAB = "streamchat"


def add_pages(web_ui: Any, session: LoadSession) -> None:
    """Add the tab, its figures, and the routes `/streamchat` and `/streamchat.json`."""
    app = web_ui.app
    labels = ["count", *(label for label, _ in QUANTILES), "max"]
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Streams", "key": TAB}],
        "extended_tables": [
            {
                "key": TAB,
                "structure": [
                    {"key": "what", "title": "Milliseconds"},
                    *({"key": label.replace(".", "_"), "title": label} for label in labels),
                ],
            }
        ],
    }

    def page() -> Any:
        try:
            summary, verdict = session.snapshot()
        except LoadUsageError as error:
            return f"{error}\n", 503, {"Content-Type": "text/plain; charset=utf-8"}
        return html_report.render(summary, verdict, refresh_s=REFRESH_S)

    def figures() -> Any:
        try:
            summary, verdict = session.snapshot()
        except LoadUsageError as error:
            return {"error": str(error)}, 503
        return json_report.render(summary, verdict), 200, {"Content-Type": "application/json"}

    def extend(response: Response) -> Response:
        from flask import request

        if request.path.endswith("/stats/requests") and response.is_json:
            body = response.get_json()
            if isinstance(body, dict):
                body["extended_stats"] = [
                    *body.get("extended_stats", []),
                    {"key": TAB, "data": _rows(session)},
                ]
                response.set_data(json.dumps(body))
        return response

    guard = web_ui.auth_required_if_enabled
    base = getattr(session.environment.parsed_options, "web_base_path", "") or ""
    app.add_url_rule(f"{base}/streamchat", "streamchat", guard(page))
    app.add_url_rule(f"{base}/streamchat.json", "streamchat_json", guard(figures))
    app.after_request(extend)


def _rows(session: LoadSession) -> list[dict[str, Any]]:
    try:
        summary, verdict = session.snapshot()
    except LoadUsageError as error:
        return [{"what": f"no run: {error}"}]
    rows = [
        {"what": title}
        | {
            label.replace(".", "_"): "" if value is None else round(value, 2)
            for label, value in summary["times_ms"][name].items()
        }
        for name, title in TIME_LABELS.items()
        if summary["times_ms"][name]["count"]
    ]
    counted = {OUTCOME_LABELS[name]: count for name, count in summary["outcomes"].items()}
    counted |= {f"fault: {name}": count for name, count in summary["faults"].items()}
    rows += [{"what": name, "count": count} for name, count in counted.items() if count]
    return [*rows, {"what": f"verdict so far: {verdict.headline} (charts: /streamchat)"}]
