#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `async for socket in connect(...)` of websockets, which is its loop for reconnecting, waits and tries again after 500, 502, 503 and 504, and
# after no other status: 429 and 408 end the program's loop with an exception. Retry-After is not read: after a 503 it waits for a random time
# of up to five seconds, then longer.
#
# Seen: websockets 17.4, 2026-11-30.
# For us: a server that is full says 503 to a WebSocket request. A rate limit in front of it (429) turns clients away for good.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check websockets==17.4

cat >seen.py <<'PY'
import asyncio, http, time, websockets
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

async def once(status):
    """Rejects the first request with this status, and accepts the second one."""
    tries = []
    def reject(connection, _):
        tries.append(time.monotonic())
        if len(tries) == 1:
            response = connection.respond(http.HTTPStatus(status), "")
            response.headers["Retry-After"] = "0"
            return response
    async def hold(socket): await socket.wait_closed()
    async with serve(hold, "127.0.0.1", 0, process_request=reject) as server:
        port = server.sockets[0].getsockname()[1]
        try:
            async for socket in connect(f"ws://127.0.0.1:{port}/", proxy=None):
                await socket.close()
                return f"connected by request {len(tries)}"
        except websockets.InvalidStatus as error:
            return f"gave up after request {len(tries)}: {error}"

print("websockets", websockets.__version__)
for status in 503, 500, 429, 408:
    print(f"{status}, Retry-After 0: {asyncio.run(once(status))}")
PY
venv/bin/python seen.py 2>/dev/null | tee seen

diff - seen <<'EOF'
websockets 17.4
503, Retry-After 0: connected by request 2
500, Retry-After 0: connected by request 2
429, Retry-After 0: gave up after request 1: server rejected WebSocket connection: HTTP 429
408, Retry-After 0: gave up after request 1: server rejected WebSocket connection: HTTP 408
EOF
