// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/testing.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pwd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include <weft/clients/postgres/internal/child_process.h>

namespace weft::postgres {
namespace {

namespace fs = std::filesystem;

constexpr int kStopMs = 10'000;

// The folder with the programs; empty: they are not here.
std::string FindPrograms() {
  std::vector<std::string> folders;
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(path, folder, ':');) folders.push_back(folder);
  std::error_code ignored;
  std::vector<std::string> debian;
  for (const fs::directory_entry& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) debian.push_back(version.path() / "bin");
  std::sort(debian.rbegin(), debian.rend());
  folders.insert(folders.end(), debian.begin(), debian.end());
  for (const std::string& folder : folders) {
    if (access((folder + "/postgres").c_str(), X_OK) == 0 && access((folder + "/initdb").c_str(), X_OK) == 0) return folder;
  }
  return {};
}

struct User {
  uid_t id = 0;
  gid_t group = 0;
};

// Whom the server is to be, if we are root.
User ServerUser() {
  if (geteuid() != 0) return {};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* found = getpwnam(name)) return {found->pw_uid, found->pw_gid};
  }
  return {65534, 65534};
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 && getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 5432;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

bool TestServer::Available() { return !FindPrograms().empty(); }

TestServer::TestServer(TestServerOptions options) : options_(std::move(options)) {}

TestServer::~TestServer() {
  if (process_ != nullptr) Kill();
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<std::unique_ptr<TestServer>> TestServer::Start(TestServerOptions options) {
  if (!Available()) return Error::New("postgres and initdb are not installed (scripts/setup clients)");
  std::unique_ptr<TestServer> server(new TestServer(std::move(options)));
  if (Error err = server->InitDb()) return err.Wrap("initdb");
  Error err;
  // Somebody else may take the port meanwhile.
  for (int attempt = 0; attempt < 5; ++attempt) {
    if (!server->options_.certificate_file.empty()) server->port_ = FreePort();
    err = server->Launch();
    if (!err || server->options_.certificate_file.empty()) break;
  }
  if (err) return err.Wrap("start a PostgreSQL server");
  return server;
}

Error TestServer::InitDb() {
  std::string name = (fs::temp_directory_path() / "weft-postgres-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return Error(std::error_code(errno, std::generic_category())).Wrap(name);
  folder_ = name;
  const User user = ServerUser();
  std::vector<std::string> command = {FindPrograms() + "/initdb", "-D", folder_ + "/data", "-U", "weft", "-E", "UTF8", "--locale=C",
                                      "--no-sync", "--wal-segsize=1"};
  if (options_.password.empty()) {
    command.insert(command.end(), {"-A", "trust"});
  } else {
    std::ofstream(folder_ + "/password") << options_.password << "\n";
    command.insert(command.end(), {"-A", "scram-sha-256", "--pwfile=" + folder_ + "/password"});
  }
  if (!options_.key_file.empty()) {
    // The server accepts a key only if no other user may read it.
    std::error_code failed;
    fs::copy_file(options_.key_file, folder_ + "/server.key", failed);
    if (failed) return Error(failed).Wrap(options_.key_file);
    fs::permissions(folder_ + "/server.key", fs::perms::owner_read, failed);
    if (user.id != 0 && chown((folder_ + "/server.key").c_str(), user.id, user.group) != 0) return std::error_code(errno, std::generic_category());
  }
  if (user.id != 0 && chown(folder_.c_str(), user.id, user.group) != 0) return std::error_code(errno, std::generic_category());
  Result<std::unique_ptr<internal::ChildProcess>> run = internal::ChildProcess::Start(command, folder_ + "/log", user.id, user.group, folder_);
  if (Error err = run.Err()) return err;
  if ((*run)->Wait() != 0) return Error::New(Log());
  return {};
}

Error TestServer::Launch() {
  std::vector<std::string> command = {FindPrograms() + "/postgres", "-D", folder_ + "/data", "-k", folder_, "-p", std::to_string(port_)};
  std::vector<std::string> settings = {"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "autovacuum=off",
                                       "lc_messages=C"};
  if (options_.certificate_file.empty()) {
    settings.emplace_back("listen_addresses=");
  } else {
    settings.insert(settings.end(), {"listen_addresses=127.0.0.1", "ssl=on", "ssl_cert_file=" + options_.certificate_file,
                                     "ssl_key_file=" + folder_ + "/server.key"});
  }
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const std::string& setting : settings) command.insert(command.end(), {"-c", setting});
  const User user = ServerUser();
  Result<std::unique_ptr<internal::ChildProcess>> run = internal::ChildProcess::Start(command, folder_ + "/log", user.id, user.group, folder_);
  if (Error err = run.Err()) return err;
  process_ = *std::move(run);
  Error err = AwaitReady();
  if (err) process_.reset();
  return err;
}

// The eighth line of postmaster.pid says when it takes connections.
Error TestServer::AwaitReady() {
  const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  Error failure;
  if (watch < 0 || inotify_add_watch(watch, (folder_ + "/data").c_str(), IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE) < 0) {
    failure = std::error_code(errno, std::generic_category());
  }
  while (!failure && ReadAll(folder_ + "/data/postmaster.pid").find("\nready") == std::string::npos) {
    pollfd both[] = {{watch, POLLIN, 0}, {process_->EndDescriptor(), POLLIN, 0}};
    if (poll(both, 2, 60'000) == 0) failure = Error::New("it is not ready after a minute: " + Log());
    if (both[1].revents != 0) failure = Error::New("it has ended: " + Log());
    char events[4096];
    while (read(watch, events, sizeof events) > 0) {
    }
  }
  if (watch >= 0) close(watch);
  return failure;
}

std::string TestServer::ConnInfo() const {
  return "host=" + folder_ + " port=" + std::to_string(port_) + " dbname=postgres user=weft" +
         (options_.password.empty() ? "" : " password='" + options_.password + "'");
}

std::string TestServer::TlsConnInfo() const {
  return "host=localhost hostaddr=127.0.0.1 port=" + std::to_string(port_) + " dbname=postgres user=weft sslmode=require" +
         (options_.password.empty() ? "" : " password='" + options_.password + "'");
}

std::string TestServer::SocketPath() const { return folder_ + "/.s.PGSQL." + std::to_string(port_); }

std::string TestServer::Log() const { return ReadAll(folder_ + "/log"); }

void TestServer::Kill() {
  if (process_ == nullptr) return;
  process_->Signal(SIGKILL);
  (void)process_->Wait();
  process_.reset();
}

void TestServer::Stop() {
  if (process_ == nullptr) return;
  kill(process_->Id(), SIGINT);
  process_->Signal(SIGCONT);  // it may be paused
  // One that recovers from a crash at this moment may not hear it.
  pollfd end{process_->EndDescriptor(), POLLIN, 0};
  int ended = 0;
  do ended = poll(&end, 1, kStopMs);
  while (ended < 0 && errno == EINTR);
  if (ended == 0) process_->Signal(SIGQUIT);
  (void)process_->Wait();
  process_.reset();
}

Error TestServer::Restart() {
  if (process_ != nullptr) return Error::New("restart a PostgreSQL server: it is still running; call Kill or Stop first");
  std::error_code ignored;
  fs::remove(folder_ + "/data/postmaster.pid", ignored);  // of one that was killed: it would be ready at once
  return Launch();
}

void TestServer::Pause() { process_->Signal(SIGSTOP); }
void TestServer::Resume() { process_->Signal(SIGCONT); }

}  // namespace weft::postgres
