# The suite and the load tests, for linux/amd64 and linux/arm64:
#   docker buildx build --platform linux/amd64,linux/arm64 -t streamchat-conformance .
#   docker run --rm --network host -v "$PWD:/work" streamchat-conformance --target-url http://127.0.0.1:8000
#   docker run --rm --network host --entrypoint locust streamchat-conformance \
#     -f /usr/local/share/streamchat-conformance/locustfile.py --host http://127.0.0.1:8000
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/streamchat-conformance \
    && /opt/streamchat-conformance/bin/pip install --no-cache-dir ".[load,xdist]"

FROM python:3.13-slim
LABEL org.opencontainers.image.title="streamchat-conformance" \
      org.opencontainers.image.source="https://github.com/streamchat-conformance/streamchat-conformance" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/streamchat-conformance /opt/streamchat-conformance
COPY loadtests/locustfile.py /usr/local/share/streamchat-conformance/locustfile.py
RUN useradd --uid 10001 --create-home streamchat && install -d -o streamchat /work
ENV PATH="/opt/streamchat-conformance/bin:$PATH" \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /work
ENTRYPOINT ["streamchat-conformance"]
CMD ["--help"]
