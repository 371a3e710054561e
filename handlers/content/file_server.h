// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_FILE_SERVER_H_
#define WEFT_HANDLERS_CONTENT_FILE_SERVER_H_

#include <string>

#include <weft/concurrency/result.h>
#include <weft/handlers/handler.h>

namespace weft {

struct FileServerOptions {
  // What precedes the name of a file in the paths of requests: "/static" for /static/site.css.
  // Other paths are not found.
  std::string prefix = {};
  // The file that is served for a path that ends with a slash, if the folder has it. Empty: none.
  // There are no listings.
  std::string index = "index.html";
  // Whether to serve files and folders whose names start with a dot (.git, .env). /.well-known/ is
  // always served (RFC 8615).
  bool hidden = false;
  // Whether to follow symbolic links, as long as they stay below the root. An absolute link never
  // does.
  bool links = true;
  // Whether to send site.css.br, site.css.zst or site.css.gz instead of site.css to clients that
  // accept them (RFC 9110 section 12.5.3), with the type of site.css. One that is older than
  // site.css is ignored. Costs a lookup for each coding that a client accepts and that does not
  // exist.
  bool precompressed = false;
};

// Serves the regular files below one folder to GET and HEAD (Go's http.FileServer): with the type
// by the extension, ETag and Last-Modified, conditional requests, ranges (see ServeContent), and
// large files by sendfile. A path to a folder without a slash at its end is redirected to the one
// with it.
//
// Nothing outside of `root` can be reached. Paths with "." or "..", empty segments or NUL are not
// found, and the kernel keeps each lookup below the root, including links and renames (openat2).
// What is not a regular file (devices, pipes, sockets) is not found. A file that may not be read is
// a 403.
//
// It never blocks its loop for a disk. A lookup that the kernel has cached is done in place, and so
// is reading from memory. Everything else is done by a thread of the pool (Offload) while the fiber
// is parked.
//
// The ETag is made from size and modification time. It is weak for two seconds after that time,
// because the file may change again within one tick of its clock. Replace files by rename, so that
// no client gets half of one and half of the other.
//
// `root` is opened once, here; the Error says why it cannot be. If it is a link, its current target
// is served. Several servers may use the handler.
//
//   weft::Result<weft::Handler> files = weft::FileServer("public", {.prefix = "/static"});
//   if (weft::Error err = files.Err()) return err;
//   mux.Handle("GET /static/", *files);
Result<Handler> FileServer(const std::string& root, FileServerOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_FILE_SERVER_H_
