// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/file_tree.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <tuple>

#include <weft/concurrency/offload.h>

namespace weft::internal {
namespace {

constexpr std::uint64_t kReadOnly = O_RDONLY | O_CLOEXEC | O_NOCTTY;
// A rename elsewhere in the tree, or a lease on the file, may make the kernel ask for another try.
constexpr int kTries = 16;

#ifndef RESOLVE_CACHED
constexpr std::uint64_t RESOLVE_CACHED = 0x20;  // Linux 5.12
#endif

Error FromErrno(int number) {
  return std::error_code(number, std::generic_category());
}

// A descriptor, or minus the errno.
int OpenAt2(int folder, const char* name, std::uint64_t flags, std::uint64_t resolve) {
  open_how how = {};
  how.flags = flags;
  how.resolve = resolve;
  for (;;) {
    const long fd = syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (fd >= 0) return static_cast<int>(fd);
    if (errno != EINTR) return -errno;
  }
}

int OpenAt(int folder, const char* name, int flags) {
  for (;;) {
    const int fd = openat(folder, name, flags);
    if (fd >= 0) return fd;
    if (errno != EINTR) return -errno;
  }
}

// What this kernel can do. Filters of system calls in containers reject openat2 with various errnos.
FileTree::Way WayOf(int root) {
  const OpenFile beneath(OpenAt2(root, ".", O_PATH | O_CLOEXEC, RESOLVE_BENEATH));
  if (!beneath.IsOpen()) return FileTree::Way::kWalk;
  const OpenFile cached(OpenAt2(root, ".", O_PATH | O_CLOEXEC, RESOLVE_BENEATH | RESOLVE_CACHED));
  return cached.IsOpen() ? FileTree::Way::kCachedFirst : FileTree::Way::kPool;
}

bool IsOlder(const struct stat& a, const struct stat& b) {
  return std::tie(a.st_mtim.tv_sec, a.st_mtim.tv_nsec) <
         std::tie(b.st_mtim.tv_sec, b.st_mtim.tv_nsec);
}

}  // namespace

Result<FileTree> FileTree::Open(const std::string& root, bool links) {
  const int fd = OpenAt(AT_FDCWD, root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(-fd).Wrap("open the folder " + root);
  OpenFile folder(fd);
  const Way way = WayOf(folder.fd());
  return FileTree(std::move(folder), links, way);
}

// O_NONBLOCK: a pipe in the tree must not wait for its writer.
int FileTree::OpenBelow(const char* name, bool cached) const {
  if (way_ == Way::kWalk) return OpenByWalking(name);
  const std::uint64_t resolve =
      RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (links_ ? 0 : RESOLVE_NO_SYMLINKS);
  if (cached) return OpenAt2(root_.fd(), name, kReadOnly | O_NONBLOCK, resolve | RESOLVE_CACHED);
  int fd = -EAGAIN;
  for (int i = 0; i < kTries && fd == -EAGAIN; ++i)
    fd = OpenAt2(root_.fd(), name, kReadOnly | O_NONBLOCK, resolve);
  return fd;
}

// Folder by folder, none of which may be a link. The name has no "..", the other way out, because
// FileServer rejects it.
int FileTree::OpenByWalking(const char* name) const {
  std::string_view rest = name;
  OpenFile folder;
  for (;;) {
    const int from = folder.IsOpen() ? folder.fd() : root_.fd();
    const std::size_t slash = rest.find('/');
    const std::string part(rest.substr(0, slash));
    if (part == "..") return -EXDEV;
    if (slash == std::string_view::npos)
      return OpenAt(from, part.c_str(), static_cast<int>(kReadOnly) | O_NONBLOCK | O_NOFOLLOW);
    const int next = OpenAt(from, part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) return next;
    folder = OpenFile(next);
    rest.remove_prefix(slash + 1);
  }
}

// Zero, or minus the errno.
int FileTree::OpenPlain(const std::string& name, bool cached, FoundFile& found) const {
  const int fd = OpenBelow(name.c_str(), cached);
  if (fd < 0) return fd;
  OpenFile file(fd);
  if (fstat(fd, &found.facts) != 0) return -errno;
  found.is_folder = S_ISDIR(found.facts.st_mode);
  if (!found.is_folder && !S_ISREG(found.facts.st_mode)) return -ENOENT;
  if (!found.is_folder) found.file = std::move(file);
  return 0;
}

Result<FoundFile> FileTree::Look(const std::string& name, std::span<const CodedSibling> siblings,
                                 bool cached) const {
  FoundFile found;
  if (const int failed = OpenPlain(name, cached, found); failed != 0) return FromErrno(-failed);
  if (found.is_folder) return found;
  for (const CodedSibling& each : siblings) {
    FoundFile sibling;
    const int failed = OpenPlain(name + std::string(each.ending), cached, sibling);
    if (failed == -EAGAIN && cached) return FromErrno(EAGAIN);
    if (failed != 0 || sibling.is_folder || IsOlder(sibling.facts, found.facts)) continue;
    sibling.coding = each.coding;
    return sibling;
  }
  return found;
}

Result<FoundFile> FileTree::Find(const Context& ctx, const std::string& name,
                                 std::span<const CodedSibling> siblings) const {
  if (way_ == Way::kCachedFirst) {
    Result<FoundFile> found = Look(name, siblings, /*cached=*/true);
    if (found.Err().Code() != std::errc::resource_unavailable_try_again) return found;
  }
  return Offload(ctx, [&] { return Look(name, siblings, /*cached=*/false); });
}

}  // namespace weft::internal
