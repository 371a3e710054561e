// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/pem_source.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <weft/net/internal/fd.h>

namespace weft::internal {
namespace {

constexpr std::size_t kBytesMax = 16 * 1024 * 1024;

std::string Labeled(std::string_view kind, const std::string& file) {
  return std::string(kind) + " " + file;
}

// With the code, so that Is(std::errc::...) holds.
Error CannotRead(std::string_view kind, const std::string& file, int error) {
  const Error code = std::error_code(error, std::generic_category());
  std::string_view advice;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      advice = "check its name";
      break;
    case EACCES:
      advice = "give the user of this process the right to read it";
      break;
    case EISDIR:
      advice = "name the file in it";
      break;
    default:
      advice = "it cannot be read";
      break;
  }
  return code.Wrap(Labeled(kind, file) + ": " + std::string(advice));
}

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileStamp Stamp(const std::string& file) {
  struct stat found{};
  if (stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, Nanoseconds(found.st_mtim),
          Nanoseconds(found.st_ctim)};
}

}  // namespace

Error PemSource::Wrong(std::string_view what) const {
  return Error::New(label + ": " + std::string(what));
}

Result<std::string> ReadWhole(std::string_view kind, const std::string& file) {
  const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.IsOpen()) return CannotRead(kind, file, errno);
  std::string text;
  for (;;) {
    char piece[8192];
    const ssize_t count = read(fd.Get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotRead(kind, file, errno);
    if (count == 0) break;
    text.append(piece, static_cast<std::size_t>(count));
    if (text.size() > kBytesMax)
      return PemSource{Labeled(kind, file), {}}.Wrong("is larger than 16 MiB: check its name");
  }
  if (text.empty()) return PemSource{Labeled(kind, file), {}}.Wrong("is empty");
  return text;
}

Result<PemSource> ReadPem(std::string_view kind, std::string_view field, const std::string& file,
                          const std::string& pem) {
  const std::string name(field);
  if (!file.empty() && !pem.empty())
    return Error::New(name + "_file and " + name + "_pem are both set: set one of them");
  if (file.empty() && pem.empty())
    return Error::New(name + "_file and " + name + "_pem are both empty: set one of them");
  if (!pem.empty()) return PemSource{name + "_pem", pem};
  Result<std::string> text = ReadWhole(kind, file);
  if (Error err = text.Err()) return err;
  return PemSource{Labeled(kind, file), *std::move(text)};
}

std::vector<FileStamp> StampFiles(const TlsServerOptions& options) {
  std::vector<FileStamp> stamps;
  for (const TlsCertificate& one : options.certificates) {
    if (!one.certificate_file.empty()) stamps.push_back(Stamp(one.certificate_file));
    if (!one.key_file.empty()) stamps.push_back(Stamp(one.key_file));
  }
  if (!options.client_ca_file.empty()) stamps.push_back(Stamp(options.client_ca_file));
  if (!options.ticket_key_file.empty()) stamps.push_back(Stamp(options.ticket_key_file));
  return stamps;
}

}  // namespace weft::internal
