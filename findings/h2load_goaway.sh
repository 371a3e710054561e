#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# h2load does not open a new connection after a GOAWAY: what it has not sent yet counts as failed, 40 of 50 requests here, though the server
# responded to all that it got. Over HTTP/1.1 (`--h1`) the same program reconnects after each Connection: close, and nothing fails.
#
# Seen: h2load 1.52.0 (Debian 12), 2026-11-30.
# For us: h2load cannot measure a drain, nor a server that ends connections after a number of requests: its failures are not lost requests.
set -euo pipefail
version=1.52.0-1+deb12u3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get -o APT::Sandbox::User=root download "nghttp2-client=$version" "libnghttp2-14=$version" libev4 libc-ares2 libjemalloc2 >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libnghttp2.so.14)
export LD_LIBRARY_PATH
root/usr/bin/h2load --version

cat >seen.js <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const http2 = require('node:http2');

const served = {};
// Each connection ends, by a GOAWAY or by Connection: close, after ten requests.
const modern = http2.createServer().on('session', (session) => {
  let requests = 0;
  session.on('stream', (stream) => {
    ++served.count;
    stream.respond({ ':status': 200 });
    stream.end('ok');
    if (++requests === 10) session.close();
  });
});
const classic = http.createServer((request, response) => {
  ++served.count;
  request.socket.requests = (request.socket.requests ?? 0) + 1;
  if (request.socket.requests === 10) response.setHeader('Connection', 'close');
  response.end('ok');
});

(async () => {
  for (const [name, server, ...options] of [['HTTP/2', modern], ['HTTP/1.1', classic, '--h1']]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    served.count = 0;
    const tool = spawn('root/usr/bin/h2load', [...options, '-n', '50', '-c', '1', `http://127.0.0.1:${server.address().port}/`]);
    let output = '';
    tool.stdout.on('data', (data) => output += data);
    await once(tool, 'close');
    console.log(`${name}: the server got ${served.count}; h2load: ${/\d+ succeeded, \d+ failed/.exec(output)}`);
  }
  process.exit();
})();
JS
timeout 60 node seen.js | tee seen

diff - seen <<'EOF'
HTTP/2: the server got 10; h2load: 10 succeeded, 40 failed
HTTP/1.1: the server got 50; h2load: 50 succeeded, 0 failed
EOF
