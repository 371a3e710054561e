// SPDX-License-Identifier: Apache-2.0

// Hands out the files of one folder. The bytes go from the page cache to the socket without a detour through this process, however large
// a file is; what must be read from the disk first is waited for by the request alone, and a client that takes its time costs no thread.
//
//   build/release/examples/download --address 127.0.0.1:8080 --folder /usr/share/common-licenses &
//   curl http://127.0.0.1:8080/files/GPL-3

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/concurrency/offload.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"

namespace {

// Closes a descriptor at the end of its scope.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Names that leave the folder, hidden files, links and what is no plain file are not found.
weft::Result<OpenFile> Open(int folder, const std::string& name) {
  if (name.starts_with('.') || name.find('/') != std::string::npos) return weft::HttpError(404);
  OpenFile file(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.fd() >= 0) return file;
  if (errno == ENOENT || errno == ELOOP || errno == EACCES) return weft::HttpError(404);
  return weft::Error(std::error_code(errno, std::generic_category())).Wrap("open " + name);
}

weft::Error Download(weft::ResponseWriter& w, weft::Request& r, int folder) {
  const std::string name(r.PathValue("name"));
  // Opening a file may have to wait for the disk, too.
  const weft::Result<OpenFile> file = weft::Offload(r.Ctx(), [&] { return Open(folder, name); });
  if (weft::Error err = file.Err()) return err;
  struct stat facts {};
  if (fstat(file->fd(), &facts) != 0 || !S_ISREG(facts.st_mode)) return weft::HttpError(404);

  const auto size = static_cast<std::uint64_t>(facts.st_size);
  w.Header().Set("Content-Length", std::to_string(size));
  return w.SendFile(file->fd(), 0, size);
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:8080"};
  std::string path = ".";
  Flags flags(argc, argv, "usage: download [--address HOST:PORT] [--folder PATH] [--loops N]");
  while (flags.Next()) {
    if (flags.Is("--address")) {
      options.address = flags.Text();
    } else if (flags.Is("--folder")) {
      path = flags.Text();
    } else if (flags.Is("--loops")) {
      options.loops = flags.Number(1, 1024);
    } else {
      flags.Unknown();
    }
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  const OpenFile folder(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (folder.fd() < 0) flags.Fail("--folder: " + path + ": " + std::strerror(errno));
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };

  weft::Mux mux;
  mux.Handle("GET /files/{name}", [&](weft::ResponseWriter& w, weft::Request& r) { return Download(w, r, folder.fd()); });

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, mux)) {
    std::fprintf(stderr, "download: %s\n", err.Message().c_str());
    return 1;
  }
}
