"""nginx as two things: the upstream that answers at once, and the peer that only passes on.

One worker each. A whole chat completion is answered by the worker itself; what Backstop's engine asks
beside it (models, adapters, probes) goes to the Python upstream behind it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers import programs
from bench.peers.programs import Running

_SENTENCES = (
    "Your order has shipped and should arrive within three days. Is there anything else?",
    "I am sorry to hear that. Please send me the number on the invoice, and I will look into it.",
    "The refund was issued this morning; your bank shows it after two to five working days.",
    "You can change the address until the parcel leaves our house: open Orders, then Edit.",
    "Our shop in Berlin opens at nine on weekdays and at ten on Saturdays.",
    "The router blinks red while it has no line. Pull the plug, wait a minute, and try again.",
    "Yes, the warranty covers the battery for two years from the day of delivery.",
    "I have cancelled the second order. The first one is on its way to you.",
)


@contextmanager
def upstream(folder: Path, control: Running) -> Iterator[Running]:
    """Yield an nginx that answers chat completions at once."""
    names = [f"$answer_{number}" for number in range(len(_SENTENCES))]
    share = 100 // len(names)
    shares = "\n".join(f"    {share}% {number};" for number in range(len(names) - 1))
    split = f"split_clients $request_id $answer {{\n{shares}\n    * {len(names) - 1};\n}}"
    cases = "\n".join(f"    {n} '{_answer(text)}';" for n, text in enumerate(_SENTENCES))
    server = f"""
{split}
map $answer $body {{
{cases}
}}
upstream control {{ server 127.0.0.1:{control.port}; keepalive 8; }}
server {{
    listen 127.0.0.1:%PORT% backlog=4096;
    location = /v1/chat/completions {{ default_type application/json; return 200 $body; }}
    location / {{
        proxy_pass http://control; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
}}"""
    with _running("nginx-upstream", server, folder) as started:
        yield started


@contextmanager
def proxy(folder: Path, target: Running) -> Iterator[Running]:
    """Yield an nginx that passes everything on to `target`, unbuffered and over kept connections."""
    server = f"""
upstream target {{
    server 127.0.0.1:{target.port}; keepalive 2048; keepalive_requests 100000000;
}}
server {{
    listen 127.0.0.1:%PORT% backlog=4096;
    location / {{
        proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_buffering off; proxy_read_timeout 1h;
    }}
}}"""
    with _running("nginx-proxy", server, folder) as started:
        yield started


@contextmanager
def _running(name: str, server: str, folder: Path) -> Iterator[Running]:
    port = programs.free_port()
    home = folder / name
    home.mkdir(exist_ok=True)  # of a measurement before
    conf = home / "nginx.conf"
    conf.write_text(_conf(home, server.replace("%PORT%", str(port))))
    command = [programs.require("nginx", "nginx-light"), "-p", str(home), "-c", str(conf)]
    with programs.running(name, command, port=port, folder=folder) as started:
        yield started


def _conf(home: Path, servers: str) -> str:
    temporary = "\n".join(
        f"{kind}_temp_path {home}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""daemon off; worker_processes 1; worker_rlimit_nofile 16384;
pid {home}/nginx.pid; error_log stderr error;
events {{ worker_connections 8192; }}
http {{
access_log off; keepalive_requests 100000000; keepalive_timeout 1h; client_max_body_size 64m;
map_hash_bucket_size 1024; types_hash_max_size 2048;
{temporary}
{servers}
}}
"""


def _answer(text: str) -> str:
    body = {
        "id": "chatcmpl-$request_id",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "support",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 21, "completion_tokens": 18, "total_tokens": 39},
    }
    return json.dumps(body, separators=(",", ":"))
