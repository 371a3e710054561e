// SPDX-License-Identifier: Apache-2.0
#include "load/beside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "common/address.h"
#include "load/connect.h"

namespace weft::bench {
namespace {

// Seldom enough that the files themselves cost the server little, often enough for some hundred a slice.
constexpr std::chrono::milliseconds kEvery{2};

}  // namespace

Beside::Beside(const Options& options) : evict_(options.evict), fd_(Connect(options)), reader_(cache_), input_(256 * 1024) {
  fcntl(fd_, F_SETFL, O_NONBLOCK);
  const std::filesystem::path folder = options.beside;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& path : paths) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) Die(path);
    const std::string target = "/files/" + folder.filename().string() + "/" + path.filename().string();
    files_.push_back({file, "GET " + target + " HTTP/1.1\r\nHost: " + options.host + "\r\n\r\n"});
  }
  if (files_.empty()) Die(options.beside + ": no files");
}

Beside::~Beside() {
  for (const File& file : files_) close(file.fd);
  if (fd_ >= 0) close(fd_);
}

void Beside::Turn(Clock::time_point now) {
  if (fd_ < 0 || waiting_ || now - sent_at_ < kEvery) return;
  const File& file = files_[next_];
  next_ = (next_ + 1) % files_.size();
  if (evict_) posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);
  if (send(fd_, file.request.data(), file.request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(file.request.size())) return Lose();
  waiting_ = true;
  sent_at_ = Clock::now();
}

void Beside::OnReady() {
  while (fd_ >= 0) {
    const ssize_t got = recv(fd_, input_.data(), input_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return Lose();
    const auto tally = reader_.Consume(std::string_view(input_.data(), static_cast<std::size_t>(got)));
    errors_ += static_cast<std::uint64_t>(tally.failed);
    if (tally.broken) return Lose();
    if (tally.complete == 0) continue;
    waiting_ = false;
    ++answers_;
    latency_.Add(static_cast<std::uint64_t>((Clock::now() - sent_at_).count()));
  }
}

void Beside::Lose() {
  close(fd_);
  fd_ = -1;
  ++errors_;
}

}  // namespace weft::bench
