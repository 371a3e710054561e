#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# fetchEventSource of @microsoft/fetch-event-source reconnects after a stream that broke, and not after one that ended well: there its promise
# is resolved, and the program has to know that it must call again. An EventSource reconnects after both.
#
# Seen: @microsoft/fetch-event-source 2.0.1, 2026-11-30.
# For us: a drain ends streams of events cleanly, so pages that use this library are silent after a restart, without an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund @microsoft/fetch-event-source@2.0.1

cat >seen.js <<'JS'
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { fetchEventSource } from '@microsoft/fetch-event-source';

globalThis.window = globalThis;     // what it wants of a browser

async function ask(end) {
  let requests = 0;
  const controller = new AbortController();
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write('retry: 50\nid: 7\ndata: x\n\n', () => {
      if (++requests === 2) controller.abort();
      else if (end === 'ends well') response.end();
      else setTimeout(() => request.socket.resetAndDestroy(), 50);
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  await fetchEventSource(`http://127.0.0.1:${server.address().port}/`,
                         { fetch, openWhenHidden: true, signal: controller.signal, onmessage() {} });
  server.close();
  server.closeAllConnections();
  return requests === 2 ? 'a second request' : 'the promise is resolved, no second request';
}

const version = JSON.parse(readFileSync('node_modules/@microsoft/fetch-event-source/package.json')).version;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
for (const end of ['is reset', 'ends well']) console.log(version + ': the stream', end + ':', await ask(end));
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
2.0.1: the stream is reset: a second request
2.0.1: the stream ends well: the promise is resolved, no second request
EOF
