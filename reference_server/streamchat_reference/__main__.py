import argparse, socket, os
from streamchat_reference.answerers.echo import EchoAnswerer
from streamchat_reference.app import create_app
from streamchat_reference.serving import Server
from streamchat_reference.worker import STOP, StreamWorker

p = argparse.ArgumentParser()
p.add_argument("--host", default="127.0.0.1")
p.add_argument("--port", type=int, default=5000)
p.add_argument("--events", type=int, default=0)
p.add_argument("--interval", type=float, default=1.0)
p.add_argument("--heartbeat", type=float, default=10.0)
p.add_argument("--max-streams", type=int, default=500)
o = p.parse_args()
s = socket.create_server((o.host, o.port), backlog=2048)
host, port = s.getsockname()[:2]
app = create_app(
    EchoAnswerer(events=o.events, interval_s=o.interval),
    stop=STOP,
    max_streams=o.max_streams,
    heartbeat_s=o.heartbeat,
)
Server(
    app,
    {
        "bind": f"fd://{s.detach()}",
        "worker_class": StreamWorker,
        "threads": o.max_streams + 64,
        "worker_connections": o.max_streams + 1064,
        "keepalive": 15,
        "graceful_timeout": 5,
        "control_socket_disable": True,
        "loglevel": "error",
        "limit_request_fields": 100,
        "post_worker_init": lambda w: print(f"http://{host}:{port}", flush=True),
    },
).run()
