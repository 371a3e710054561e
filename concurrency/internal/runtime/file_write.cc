// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/file_write.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <weft/concurrency/offload.h>

namespace weft {
namespace {

Error FromErrno(int number) { return std::error_code(number, std::generic_category()); }

Error WriteInPlace(int fd, std::string_view data, std::uint64_t offset) {
  constexpr auto kOffsetMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (offset > kOffsetMax || data.size() > kOffsetMax - offset) return FromErrno(EFBIG);
  while (!data.empty()) {
    const ssize_t n = pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FromErrno(errno);
    data.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

// In the pool, or in place if it accepts no more.
template <class F>
Error InThePool(const Context& ctx, F work) {
  const Error err = Offload(ctx, work);
  return err.Is(kRefused) ? work() : err;
}

std::string RandomName() {
  constexpr char kHex[] = "0123456789abcdef";
  unsigned char bytes[8] = {};
  static_cast<void>(
      getrandom(bytes, sizeof bytes, 0));  // if the name exists already, try another one
  std::string name;
  for (const unsigned char byte : bytes) name += {kHex[byte / 16], kHex[byte % 16]};
  return name;
}

Error SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno);
  const Error err = fsync(fd) == 0 ? Error() : FromErrno(errno);
  close(fd);
  return err;
}

}  // namespace

Error WriteFileAt(const Context& ctx, int fd, std::string_view data, std::uint64_t offset) {
  return InThePool(ctx, [&] { return WriteInPlace(fd, data, offset); });
}

namespace internal {

SavedFile::~SavedFile() {
  if (fd_ < 0 && temporary_.empty()) return;
  // The context may be done, but that is no reason to leave the file.
  static_cast<void>(InThePool(Background(), [this]() -> Error {
    Remove();
    return {};
  }));
}

Error SavedFile::Named(Error error) const { return error.Wrap("save to " + path_); }

Error SavedFile::Open(const Context& ctx) {
  buffer_.reset(new char[kBuffer]);
  return Named(InThePool(ctx, [this] { return OpenInPlace(); }));
}

Error SavedFile::OpenInPlace() {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    std::string name = path_ + "." + RandomName() + ".tmp";
    fd_ = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
               static_cast<mode_t>(options_.mode));
    if (fd_ >= 0) {
      temporary_ = std::move(name);
      return {};
    }
    if (errno != EEXIST && errno != EINTR) return FromErrno(errno);
  }
  return FromErrno(EEXIST);
}

Error SavedFile::Filled(const Context& ctx, std::size_t bytes) {
  if (bytes > options_.max - written_ - buffered_) {
    return Named(kTooLarge.Wrap("more than " + std::to_string(options_.max) + " bytes"));
  }
  buffered_ += bytes;
  if (buffered_ < kBuffer) return {};
  if (Error err = WriteFileAt(ctx, fd_, {buffer_.get(), buffered_}, written_)) return Named(err);
  written_ += std::exchange(buffered_, 0);
  return {};
}

Result<std::uint64_t> SavedFile::Finish(const Context& ctx) {
  if (Error err = Named(InThePool(ctx, [this] { return FinishInPlace(); }))) return err;
  return written_;
}

Error SavedFile::FinishInPlace() {
  if (Error err = WriteInPlace(fd_, {buffer_.get(), buffered_}, written_)) return err;
  written_ += std::exchange(buffered_, 0);
  if (options_.sync && fsync(fd_) != 0) return FromErrno(errno);
  if (close(std::exchange(fd_, -1)) != 0 && errno != EINTR) return FromErrno(errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return FromErrno(errno);
  temporary_.clear();
  return options_.sync ? SyncFolderOf(path_) : Error();
}

void SavedFile::Remove() noexcept {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

}  // namespace internal
}  // namespace weft
