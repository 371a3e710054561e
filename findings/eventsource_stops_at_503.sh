#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An EventSource that reconnects gives up for good if it gets a 503: readyState is 2 (closed), and nothing is sent any more. If the connection
# is reset or refused instead, it continues to try. So one 503 in a restart, of the server or of a proxy in front of it, ends what ten
# minutes without any server would not have ended. 429 and 502 do the same, with or without Retry-After.
#
# Seen: eventsource 5.1.5 (npm), the EventSource of undici 7.30.2 (Node), and the one of Chromium 156 by hand: all alike; 2026-11-30.
# For us: a 503 to a request for events is forever for a browser's page, unless its script opens a new EventSource.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

echo '{"type": "module", "private": true}' >package.json
npm install --silent --no-audit --no-fund eventsource@5.1.5 undici@7.30.2

cat >seen.js <<'JS'
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { EventSource } from 'eventsource';
import { EventSource as UndiciEventSource } from 'undici';

// Serves one event to the first request and to the third; the second one gets `what`.
function ask(Client, what) {
  return new Promise((resolve) => {
    let requests = 0;
    const server = createServer((request, response) => {
      if (++requests === 2) {
        if (what === 'reset') return request.socket.destroy();
        response.writeHead(what, { 'Retry-After': '0' });
        return response.end();
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('retry: 50\ndata: x\n\n');
      if (requests === 1) response.end();
      else finish('reconnects');
    });
    const finish = (result) => {
      source.close();
      server.close();
      server.closeAllConnections();
      resolve(result);
    };
    let source;
    server.listen(0, '127.0.0.1', () => {
      source = new Client(`http://127.0.0.1:${server.address().port}/`);
      source.onerror = () => { if (source.readyState === 2) finish('gives up'); };
    });
  });
}

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`)).version;
for (const [name, Client] of [['eventsource', EventSource], ['undici', UndiciEventSource]]) {
  for (const what of ['reset', 429, 502, 503]) console.log(name, version(name) + ',', what + ':', await ask(Client, what));
}
JS
node --no-warnings seen.js | tee seen

diff - seen <<'EOF'
eventsource 5.1.5, reset: reconnects
eventsource 5.1.5, 429: gives up
eventsource 5.1.5, 502: gives up
eventsource 5.1.5, 503: gives up
undici 7.30.2, reset: reconnects
undici 7.30.2, 429: gives up
undici 7.30.2, 502: gives up
undici 7.30.2, 503: gives up
EOF
