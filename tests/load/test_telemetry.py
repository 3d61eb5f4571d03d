"""A load run exports its metrics by OpenTelemetry, as locust does, to a collector that counts."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from .harness import LENIENT, PATH, RUN_LIMIT_S, environment, locust_command, running_server

if TYPE_CHECKING:
    from pathlib import Path


class Collector(ThreadingHTTPServer):
    """Takes what an exporter of OTLP sends over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.requests: list[ExportMetricsServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def counts(self) -> dict[str, int]:
        """Return how many durations were recorded of each name, by the last export."""
        last: dict[str, int] = {}
        for metric in self._metrics():
            if metric.name == "locust.client.duration":
                for point in metric.histogram.data_points:
                    names = {each.key: each.value.string_value for each in point.attributes}
                    last[names["name"]] = point.count
        return last

    def _metrics(self) -> Iterator[Any]:
        for request in self.requests:
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    yield from scope.metrics


class CollectorHandler(BaseHTTPRequestHandler):
    """Answers an export."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(ExportMetricsServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is inherited
        """Print nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


def test_every_request_of_a_run_is_exported(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with collecting() as collector, running_server() as server:
        done = subprocess.run(
            [
                *locust_command(server.url, "--headless", "--only-summary", "--otel", *LENIENT),
                *("-u", "2", "-t", "2s", "--load-json", str(report)),
            ],
            env={
                **{name: text for name, text in environment().items() if "OTEL" not in name},
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
                "OTEL_TRACES_EXPORTER": "none",
                "OTEL_LOGS_EXPORTER": "none",
                "OTEL_METRIC_EXPORT_INTERVAL": "500",
                "NO_PROXY": "127.0.0.1",
                "PATH": os.environ["PATH"],
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )
        counts = collector.counts()
    assert report.exists(), done.stdout
    started = json.loads(report.read_text("utf-8"))["counts"]["started"]
    assert started > 0
    assert counts[PATH] == started
    assert counts[f"{PATH} first event"] == started
