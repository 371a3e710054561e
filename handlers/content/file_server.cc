// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/file_server.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <weft/handlers/content/internal/file_name.h>
#include <weft/handlers/content/internal/file_tree.h>
#include <weft/handlers/content/internal/file_version.h>
#include <weft/handlers/content/serve_content.h>
#include <weft/handlers/routing/redirect.h>
#include <weft/http/content_coding.h>

namespace weft {
namespace {

using internal::CodedSibling;
using internal::FileTree;
using internal::FoundFile;

// In order of preference, if the client gives them the same weight.
constexpr std::array<CodedSibling, 3> kSiblings{{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}};

// The siblings that the client accepts, the best first.
class Wanted {
 public:
  Wanted() = default;
  explicit Wanted(const Request& r) {
    std::array<std::string_view, kSiblings.size()> left;
    std::transform(kSiblings.begin(), kSiblings.end(), left.begin(),
                   [](const CodedSibling& each) { return each.coding; });
    for (auto end = left.end(); end != left.begin();) {
      const std::string_view coding =
          ChooseCoding(r.Header(), std::span<const std::string_view>(left.begin(), end));
      if (coding.empty()) return;
      list_[count_++] =
          *std::find_if(kSiblings.begin(), kSiblings.end(),
                        [&](const CodedSibling& each) { return each.coding == coding; });
      end = std::remove(left.begin(), end, coding);
    }
  }
  std::span<const CodedSibling> List() const { return {list_.data(), count_}; }

 private:
  std::array<CodedSibling, kSiblings.size()> list_;
  std::size_t count_ = 0;
};

// The response to a failed lookup: it does not reveal whether a file exists that is not served.
Error ToResponse(const Error& error, const std::string& name) {
  const std::error_code code = error.Code();
  switch (code.category() == std::generic_category() ? code.value() : 0) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
    case ENAMETOOLONG:
    case ENXIO:
    case ENODEV:
      return HttpError(404);
    case EACCES:
    case EPERM:
      return HttpError(403);
    case EMFILE:
    case ENFILE:
      return Error(kRefused).Wrap(error.Message()).Wrap("open " + name);
    default:
      return error.Wrap("open " + name);
  }
}

class Files {
 public:
  Files(FileTree tree, FileServerOptions options)
      : tree_(std::move(tree)), options_(std::move(options)) {
    while (options_.prefix.ends_with('/')) options_.prefix.pop_back();
  }

  Error operator()(ResponseWriter& w, const Request& r) const {
    if (r.Method() != "GET" && r.Method() != "HEAD") {
      w.Header().Set("Allow", "GET, HEAD");
      return HttpError(405);
    }
    const std::optional<std::string> name =
        internal::FileNameOf(r.Path(), options_.prefix, options_.index, options_.hidden);
    if (!name) return HttpError(404);
    const Wanted wanted = options_.precompressed ? Wanted(r) : Wanted();
    const Result<FoundFile> found = tree_.Find(r.Ctx(), *name, wanted.List());
    if (Error err = found.Err()) return ToResponse(err, *name);
    if (found->is_folder) return ToFolder(w, r);
    return Send(w, r, *name, *found);
  }

 private:
  // Relative, so that it is right whatever was removed from the path before; it starts with "./", so that no
  // first segment can look like a scheme or a host.
  Error ToFolder(ResponseWriter& w, const Request& r) const {
    if (options_.index.empty() || r.Path().ends_with('/')) return HttpError(404);
    const std::string_view path = r.RawPath();
    std::string target = "./" + std::string(path.substr(path.rfind('/') + 1)) + "/";
    if (!r.RawQuery().empty()) target.append("?").append(r.RawQuery());
    return Redirect(w, target, 307);
  }

  Error Send(ResponseWriter& w, const Request& r, std::string_view name,
             const FoundFile& found) const {
    if (options_.precompressed) AddVary(w.Header(), "Accept-Encoding");
    if (!found.coding.empty()) w.Header().Set("Content-Encoding", found.coding);
    const internal::FileVersion version(found.facts, found.coding);
    return ServeContent(w, r, {.name = name, .modified = version.modified, .etag = version.etag},
                        found.file.fd(), static_cast<std::uint64_t>(found.facts.st_size));
  }

  FileTree tree_;
  FileServerOptions options_;
};

}  // namespace

Result<Handler> FileServer(const std::string& root, FileServerOptions options) {
  Result<FileTree> tree = FileTree::Open(root, options.links);
  if (Error err = tree.Err()) return err;
  return Handler(Files(*std::move(tree), std::move(options)));
}

}  // namespace weft
