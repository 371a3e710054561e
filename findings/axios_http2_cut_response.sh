#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# axios over HTTP/2 (`httpVersion: 2`, a recent option) takes a response without Content-Length that was cut for a complete one: after any
# RST_STREAM, INTERNAL_ERROR too, and after the end of the connection. With a Content-Length it notices a reset of the stream, and not the end
# of the connection. Over HTTP/1.1 the same program gets an error.
#
# Seen: axios 1.21.1, Node 20.20.2, 2026-11-30.
# For us: there is no way to tell such a client that a response without a length has failed; what must be complete needs a Content-Length, and
# a reset of its stream before the connection ends.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund axios@1.21.1

cat >seen.js <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import axios from 'axios';

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants;
const cuts = {
  'RST_STREAM(NO_ERROR)': (stream) => stream.close(NGHTTP2_NO_ERROR),
  'RST_STREAM(CANCEL)': (stream) => stream.close(NGHTTP2_CANCEL),
  'RST_STREAM(INTERNAL_ERROR)': (stream) => stream.close(NGHTTP2_INTERNAL_ERROR),
  'end of the connection': (stream) => stream.session.destroy(),
};

async function ask(server, options) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const response = await axios.get(`http://127.0.0.1:${server.address().port}/`, { ...options, timeout: 10_000 });
    return `status ${response.status}, "${response.data}", no error`;
  } catch (error) {
    return 'an error';
  }
}

for (const length of [{}, { 'content-length': '8' }]) {
  for (const [name, cut] of Object.entries(cuts)) {
    const server = http2.createServer();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond({ ':status': 200, 'content-type': 'text/plain', ...length });
      stream.write('half', () => setTimeout(() => cut(stream), 50));
    });
    const known = 'content-length' in length ? 'with' : 'without';
    console.log(`HTTP/2, ${known} Content-Length, ${name}: ${await ask(server, { httpVersion: 2 })}`);
  }
}
const server = createServer((request, response) => response.write('half', () => setTimeout(() => request.socket.destroy(), 50)));
console.log(`HTTP/1.1, end of the connection: ${await ask(server, {})}`);
process.exit();
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
HTTP/2, without Content-Length, RST_STREAM(NO_ERROR): status 200, "half", no error
HTTP/2, without Content-Length, RST_STREAM(CANCEL): status 200, "half", no error
HTTP/2, without Content-Length, RST_STREAM(INTERNAL_ERROR): status 200, "half", no error
HTTP/2, without Content-Length, end of the connection: status 200, "half", no error
HTTP/2, with Content-Length, RST_STREAM(NO_ERROR): an error
HTTP/2, with Content-Length, RST_STREAM(CANCEL): an error
HTTP/2, with Content-Length, RST_STREAM(INTERNAL_ERROR): an error
HTTP/2, with Content-Length, end of the connection: status 200, "half", no error
HTTP/1.1, end of the connection: an error
EOF
