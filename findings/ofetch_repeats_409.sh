#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ofetch (the $fetch of Nuxt) sends a GET again, once and at once, not only after 503 but after 409 (Conflict) and 425 (Too Early) too, and does
# not read Retry-After: after a 429 or 503 that asks for a second it is back within milliseconds.
#
# Seen: ofetch 1.5.1, Node 20.20.2, 2026-11-30.
# For us: a rate limit counts such a client twice for each request that it rejects; Retry-After does not slow it down.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund ofetch@1.5.1

cat >seen.js <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { ofetch } from 'ofetch';

let times = [];
const server = createServer((request, response) => {
  times.push(Date.now());
  response.writeHead(Number(request.url.slice(1)), { 'Retry-After': '1' });
  response.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
for (const [method, status] of [['GET', 404], ['GET', 409], ['GET', 425], ['GET', 429], ['GET', 503], ['POST', 503]]) {
  times = [];
  await ofetch(`http://127.0.0.1:${server.address().port}/${status}`, { method }).catch(() => {});
  const gap = times.length > 1 ? `, ${times[1] - times[0] < 900 ? 'less than' : 'at least'} a second apart` : '';
  console.log(`${method}, ${status} with Retry-After 1: ${times.length} requests${gap}`);
}
process.exit();
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
GET, 404 with Retry-After 1: 1 requests
GET, 409 with Retry-After 1: 2 requests, less than a second apart
GET, 425 with Retry-After 1: 2 requests, less than a second apart
GET, 429 with Retry-After 1: 2 requests, less than a second apart
GET, 503 with Retry-After 1: 2 requests, less than a second apart
POST, 503 with Retry-After 1: 1 requests
EOF
