// SPDX-License-Identifier: Apache-2.0
#include "files.h"

#include <cstdint>
#include <random>
#include <string_view>

#include <weft/concurrency/file_write.h>
#include <weft/handlers/content/file_server.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/content/multipart.h>
#include <weft/handlers/log.h>
#include <weft/handlers/middleware/security_headers.h>

struct UploadedFile {
  std::string name;  // what the client calls it
  std::string url;
  std::uint64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(UploadedFile, (), (name, url, size))

namespace {

constexpr std::uint64_t kFileBytesMax = 100 << 20;

// A name of our own that cannot be guessed. Of the client's only the extension stays, if it is a plain one: browsers take the type from it.
std::string NewName(std::string_view clients_name) {
  static thread_local std::random_device random;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name;
  for (int i = 0; i < 32; ++i) name += kDigits[random() % 16];
  const std::size_t dot = clients_name.rfind('.');
  if (dot == std::string_view::npos || clients_name.size() - dot > 8) return name;
  const std::string_view ending = clients_name.substr(dot);
  const bool plain = ending.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 1) == std::string_view::npos;
  return plain ? name.append(ending) : name;
}

weft::Error Upload(weft::ResponseWriter& w, weft::Request& r, const std::string& folder) {
  r.Body().SetLimit(kFileBytesMax);
  if (!r.LongLived()) return weft::HttpError(503);  // no deadline: only a client that stalls ends it
  weft::MultipartReader parts(r);
  while (true) {
    const weft::Result<weft::MultipartPart*> part = parts.Next(r.Ctx());
    if (weft::Error err = part.Err()) return err;
    if (*part == nullptr) return weft::HttpError(400, "the form has no file in a field \"file\"");
    if ((*part)->Name() != "file" || (*part)->FileName().empty()) continue;
    const std::string name = NewName((*part)->FileName());
    UploadedFile file{.name = std::string((*part)->FileName()), .url = "/files/" + name};
    const weft::Result<std::uint64_t> size = weft::SaveTo(r.Ctx(), **part, folder + "/" + name, {.sync = true});
    if (weft::Error err = size.Err()) return err.Wrap("save a file");  // nothing of it is left
    file.size = *size;
    weft::LogLine(weft::LogLevel::kInfo, "saved " + name + ", " + std::to_string(*size) + " bytes");
    w.Header().Set("Location", file.url);
    return weft::WriteJson(w, 201, file);
  }
}

}  // namespace

weft::Error AddFileRoutes(weft::Mux& mux, const std::string& folder) {
  const weft::Result<weft::Handler> files = weft::FileServer(folder, {.prefix = "/files", .index = ""});
  if (weft::Error err = files.Err()) return err;
  mux.Handle("POST /api/files", [folder](weft::ResponseWriter& w, weft::Request& r) { return Upload(w, r, folder); });
  // What users have uploaded may be a page: in a sandbox its scripts do not run, and it is not of this origin.
  mux.Handle("GET /files/{path...}", *files, {weft::SecurityHeaders({.content_security_policy = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox"})});
  return {};
}
