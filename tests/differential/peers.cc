// SPDX-License-Identifier: Apache-2.0
#include "peers.h"

#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "../e2e/process.h"

namespace weft::differential {
namespace {

// The program of this name in PATH or where distributions keep servers; empty if there is none.
std::string Find(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/local/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/" + name;
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

bool Listens(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool listens = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return listens;
}

void WriteFile(const std::string& path, std::string text, const std::string& folder) {
  for (std::size_t at = 0; (at = text.find("@DIR@", at)) != std::string::npos;) text.replace(at, 5, folder);
  std::ofstream(path) << text;
}

// X-Edge marks what a proxy lets through: requests that it made, and responses that came through it.
constexpr const char* kNginx = R"(
daemon off;
worker_processes 1;
pid @DIR@/nginx.pid;
error_log @DIR@/nginx.err;
events { worker_connections 2000; }
http {
  access_log off;
  client_max_body_size 64m;
  client_body_temp_path @DIR@/body;
  proxy_temp_path @DIR@/proxy;
  fastcgi_temp_path @DIR@/fastcgi;
  uwsgi_temp_path @DIR@/uwsgi;
  scgi_temp_path @DIR@/scgi;
  upstream weft {
    server unix:@DIR@/weft.sock;
    keepalive 4;
  }
  server {
    listen unix:@DIR@/peer.sock;
    location / {
      proxy_pass http://weft;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Edge made-by-the-proxy;
      add_header X-Edge $upstream_status always;
    }
  }
}
)";
constexpr const char* kHaproxy = R"(
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend edge
  bind unix@@DIR@/peer.sock
  default_backend weft
backend weft
  http-request set-header X-Edge made-by-the-proxy
  http-response set-header X-Edge %[status]
  server weft unix@@DIR@/weft.sock
)";

}  // namespace

Peer::Peer() {
  std::string folder = std::filesystem::temp_directory_path() / "weft-differential-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) std::abort();
  folder_ = folder;
}

Peer::Peer(Peer&&) noexcept = default;
Peer& Peer::operator=(Peer&&) noexcept = default;

Peer::~Peer() {
  if (folder_.empty()) return;
  for (std::unique_ptr<Process>* process : {&other_, &weft_}) {
    if (*process == nullptr) continue;
    (*process)->Signal(SIGTERM);
    (*process)->Wait();
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// Starts a server, and waits until it listens. A server of others does not say when that is.
void Peer::Start(const std::string& name, const std::string& program, const std::vector<std::string>& arguments) {
  other_ = std::make_unique<Process>(program, arguments);
  path_ = folder_ + "/" + name;
  for (int i = 0; i < 3000 && !Listens(path_); ++i) poll(nullptr, 0, 10);
}

void Peer::StartWeftAs(const std::string& name) {
  Start(name, WEFT_PEER, {folder_ + "/" + name, folder_ + "/weft.log"});
  weft_ = std::move(other_);
}

std::vector<std::string> Peer::EndWeft() {
  weft_->Signal(SIGTERM);
  weft_->Wait();
  weft_.reset();
  std::ifstream log(folder_ + "/weft.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  return lines;
}

Peer StartWeft() {
  Peer peer;
  peer.StartWeftAs("weft.sock");
  return peer;
}

std::optional<Peer> StartGo() {
  const std::string program = WEFT_GO_PEER;
  if (program.empty() || access(program.c_str(), X_OK) != 0) return std::nullopt;
  Peer peer;
  peer.Start("peer.sock", program, {peer.folder_ + "/peer.sock"});
  return peer;
}

std::optional<Peer> StartNginx() {
  const std::string program = Find("nginx");
  if (program.empty()) return std::nullopt;
  Peer peer;
  peer.StartWeftAs("weft.sock");
  const std::string config = peer.folder_ + "/nginx.conf";
  // Started by root, its worker would become somebody who may not touch our sockets.
  const std::string user = std::string("user ") + getpwuid(geteuid())->pw_name + " " + getgrgid(getegid())->gr_name + ";\n";
  WriteFile(config, (geteuid() == 0 ? user : "") + std::string(kNginx), peer.folder_);
  peer.Start("peer.sock", program, {"-p", peer.folder_, "-c", config, "-e", peer.folder_ + "/nginx.err"});
  return peer;
}

std::optional<Peer> StartHaproxy() {
  const std::string program = Find("haproxy");
  if (program.empty()) return std::nullopt;
  Peer peer;
  peer.StartWeftAs("weft.sock");
  const std::string config = peer.folder_ + "/haproxy.cfg";
  WriteFile(config, kHaproxy, peer.folder_);
  peer.Start("peer.sock", program, {"-f", config, "-db"});
  return peer;
}

}  // namespace weft::differential
