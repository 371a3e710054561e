#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# axios over HTTP/2 (`httpVersion: 2`, a recent option) takes a response that was cut for a complete one: after RST_STREAM with NO_ERROR or
# CANCEL, and after the end of the connection, even if a Content-Length says that half is missing. Only INTERNAL_ERROR is an error. Over
# HTTP/1.1 the same program gets an error.
#
# Seen: axios 1.21.1, Node 20.20.2, 2026-11-30. It is how Node's own http2 reports the end of a stream, without a check on top.
# For us: a response over HTTP/2 that fails half way ends with INTERNAL_ERROR, and a connection is closed only after that.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund axios@1.21.1

cat >seen.js <<'JS'
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import axios from 'axios';

// The frames are written by hand, because Node's http2 server ends a stream in order before it resets it.
function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
const number = (value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]);
const reset = (code) => (socket, stream) => socket.write(frame(3, 0, stream, number(code)));
const cuts = {
  'RST_STREAM(NO_ERROR)': reset(0),
  'RST_STREAM(INTERNAL_ERROR)': reset(2),
  'RST_STREAM(CANCEL)': reset(8),
  'FIN': (socket) => socket.end(),
  'GOAWAY, FIN': (socket, stream) => socket.end(frame(7, 0, 0, Buffer.concat([number(stream), number(0)]))),
};

// Responds with half of a body, and then cuts it.
function cutting(cut, length) {
  return createServer((socket) => {
    let received = Buffer.alloc(0);
    let preface = true;
    socket.on('error', () => {});
    socket.write(frame(4, 0, 0, Buffer.alloc(0)));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (preface && received.length >= 24) {
        received = received.subarray(24);
        preface = false;
      }
      while (!preface && received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
        const [type, flags, stream] = [received[3], received[4], received.readUInt32BE(5)];
        received = received.subarray(9 + received.readUIntBE(0, 3));
        if (type === 4 && !(flags & 1)) socket.write(frame(4, 1, 0, Buffer.alloc(0)));
        if (type !== 1) continue;
        const fields = [0x88, 0x0f, 0x10, 10, ...Buffer.from('text/plain')];      // :status 200, content-type
        if (length) fields.push(0x0f, 0x0d, 1, length.charCodeAt(0));             // content-length
        socket.write(frame(1, 4, stream, Buffer.from(fields)));
        socket.write(frame(0, 0, stream, Buffer.from('half')));
        setTimeout(() => cut(socket, stream), 50);
      }
    });
  });
}

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

for (const length of ['', '8']) {
  for (const [name, cut] of Object.entries(cuts)) {
    console.log(`HTTP/2, ${length ? 'with' : 'without'} Content-Length, ${name}: ${await ask(cutting(cut, length), { httpVersion: 2 })}`);
  }
}
const classic = createHttpServer((request, response) => response.write('half', () => setTimeout(() => request.socket.destroy(), 50)));
console.log(`HTTP/1.1, FIN: ${await ask(classic, {})}`);
process.exit();
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
HTTP/2, without Content-Length, RST_STREAM(NO_ERROR): status 200, "half", no error
HTTP/2, without Content-Length, RST_STREAM(INTERNAL_ERROR): an error
HTTP/2, without Content-Length, RST_STREAM(CANCEL): status 200, "half", no error
HTTP/2, without Content-Length, FIN: status 200, "half", no error
HTTP/2, without Content-Length, GOAWAY, FIN: status 200, "half", no error
HTTP/2, with Content-Length, RST_STREAM(NO_ERROR): status 200, "half", no error
HTTP/2, with Content-Length, RST_STREAM(INTERNAL_ERROR): an error
HTTP/2, with Content-Length, RST_STREAM(CANCEL): status 200, "half", no error
HTTP/2, with Content-Length, FIN: status 200, "half", no error
HTTP/2, with Content-Length, GOAWAY, FIN: status 200, "half", no error
HTTP/1.1, FIN: an error
EOF
