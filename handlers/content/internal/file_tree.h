// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_FILE_TREE_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_FILE_TREE_H_

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/content/internal/open_file.h>

namespace weft::internal {

// A content coding, and what is appended to the name of a file for its form in that coding.
struct CodedSibling {
  std::string_view coding;  // "gzip"
  std::string_view ending;  // ".gz"
};

// What was found under a name: a regular file, or a folder, which is not opened.
struct FoundFile {
  OpenFile file;
  struct stat facts = {};
  std::string_view coding;  // of the sibling that was taken; empty: the file itself
  bool is_folder = false;
};

// The regular files below one folder. The kernel confines every lookup to it (openat2 with RESOLVE_BENEATH): neither "..", nor an
// absolute link, nor a link that leads out, nor a rename meanwhile leaves the tree. Where the kernel has no openat2, links are
// not followed at all.
//
// Never holds its loop for a disk: a lookup that the kernel can do from its caches is done in place (RESOLVE_CACHED), others by
// a thread of the pool (Offload). May be used by all loops at the same time.
class FileTree {
 public:
  enum class Way : std::uint8_t {
    kCachedFirst,
    kPool,  // always by a thread of the pool, as on kernels without RESOLVE_CACHED
    kWalk,  // the same, without openat2
  };

  // `root` may be a link. `links`: whether links inside are followed.
  static Result<FileTree> Open(const std::string& root, bool links);
  // For tests.
  void SetWay(Way way) { way_ = way; }
  Way way() const { return way_; }

  // Looks for a file by its name, which is relative to the root; "." is the root. If one of
  // `siblings` exists, is not older than the file and can be read, it is used instead; the first one
  // is preferred. Errors: those of open(2); ENOENT also for what is not a regular file, such as a
  // device or a pipe (which is opened without waiting and closed again). The context's if it ends
  // before a thread begins; kRefused if the pool accepts no more work.
  Result<FoundFile> Find(const Context& ctx, const std::string& name,
                         std::span<const CodedSibling> siblings) const;

 private:
  FileTree(OpenFile root, bool links, Way way) : root_(std::move(root)), links_(links), way_(way) {}

  int OpenBelow(const char* name, bool cached) const;
  int OpenByWalking(const char* name) const;
  int OpenPlain(const std::string& name, bool cached, FoundFile& found) const;
  Result<FoundFile> Look(const std::string& name, std::span<const CodedSibling> siblings,
                         bool cached) const;

  OpenFile root_;
  bool links_;
  Way way_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_FILE_TREE_H_
