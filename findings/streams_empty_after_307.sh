#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A 307 keeps the method and the body, but a body that was streamed is gone once it has been sent. Some clients say so and fail. These follow
# the redirect with an empty body, get a 200, and report success: the upload is lost without a trace. If the body was a string, they all send
# it again.
#
# Seen: requests 2.34.2 with urllib3 2.8.0 (a generator), got 14.6.6 and superagent 10.4.2 (a Readable), 2026-11-30. Not so: httpx, aiohttp,
# node-fetch, Node's fetch and ky fail, axios 1.21.1 keeps a copy and sends it.
# For us: a redirect from /a to /a/ by 307, as Mux and Go's ServeMux make it, turns an upload to the wrong one of them into an empty one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check requests==2.34.2 urllib3==2.8.0
echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund got@14.6.6 superagent@10.4.2

cat >seen.js <<'JS'
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import got from 'got';
import superagent from 'superagent';

const seen = [];
const server = createServer(async (request, response) => {
  let size = 0;
  for await (const piece of request) size += piece.length;
  seen.push(`${request.method} ${request.url} with ${size} bytes`);
  if (request.url === '/a') response.writeHead(307, { Location: '/a/' });
  response.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/a`;

const pieces = () => Readable.from([Buffer.from('part one,'), Buffer.from('part two')]);
const clients = {
  'requests, a string': () => python('b"part one,part two"'),
  'requests, a generator': () => python('(part for part in (b"part one,", b"part two"))'),
  'got, a Readable': async () => (await got.post(url, { body: pieces() })).statusCode,
  'superagent, a Readable': async () => {
    const request = superagent.post(url);
    pieces().pipe(request);
    return (await once(request, 'response'))[0].status;
  },
};

async function python(body) {
  const child = spawn('venv/bin/python', ['-c', `import requests; print(requests.post("${url}", data=${body}).status_code)`]);
  return String(await once(child.stdout, 'data')).trim();
}

for (const [name, send] of Object.entries(clients)) {
  const status = await send();
  console.log(`${name}: ${seen.splice(0).join(', then ')}; the program sees ${status}`);
}
process.exit();
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
requests, a string: POST /a with 17 bytes, then POST /a/ with 17 bytes; the program sees 200
requests, a generator: POST /a with 17 bytes, then POST /a/ with 0 bytes; the program sees 200
got, a Readable: POST /a with 17 bytes, then POST /a/ with 0 bytes; the program sees 200
superagent, a Readable: POST /a with 17 bytes, then POST /a/ with 0 bytes; the program sees 200
EOF
