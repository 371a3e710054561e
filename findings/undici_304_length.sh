#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# request() of undici 7 fails if a 304 carries the Content-Length that the 200 would have, which RFC 9110 section 8.6 allows. fetch of the same
# undici takes it, and so does undici 8.
#
# Seen: undici 7.30.2 (the newest for Node 20), Node 20, 2026-11-30.
# For us: a 304 leaves Content-Length out, which is allowed too.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund undici@7.30.2

cat >seen.js <<'JS'
import { createServer } from 'node:net';
import { fetch, request } from 'undici';

const server = createServer((connection) => {
  connection.on('error', () => {});
  connection.on('data', (data) => {
    const length = String(data).includes(' /length ') ? 'Content-Length: 100\r\n' : '';
    connection.write(`HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n${length}\r\n`);
  });
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const url = `http://127.0.0.1:${server.address().port}/`;

async function ask(path) {
  try {
    const { statusCode, body } = await request(url + path, { headers: { 'If-None-Match': '"a"' } });
    await body.text();
    return statusCode;
  } catch (error) {
    return error.code;
  }
}
console.log('request, 304 without Content-Length:', await ask(''));
console.log('request, 304 with Content-Length:', await ask('length'));
console.log('fetch, 304 with Content-Length:', (await fetch(url + 'length')).status);
process.exit();
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
request, 304 without Content-Length: 304
request, 304 with Content-Length: UND_ERR_RES_CONTENT_LENGTH_MISMATCH
fetch, 304 with Content-Length: 304
EOF
