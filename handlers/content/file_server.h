// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_FILE_SERVER_H_
#define WEFT_HANDLERS_CONTENT_FILE_SERVER_H_

#include <string>

#include <weft/concurrency/result.h>
#include <weft/handlers/handler.h>

namespace weft {

struct FileServerOptions {
  // What comes before the name of a file in the paths of requests: "/static" for /static/site.css.
  // Other paths are not found.
  std::string prefix = {};
  // What a path that ends with a slash gives, if the folder has it. Empty: nothing. There are no
  // listings.
  std::string index = "index.html";
  // Whether files and folders are served whose names begin with a dot (.git, .env). /.well-known/
  // always is (RFC 8615).
  bool hidden = false;
  // Whether symbolic links are followed, as long as they stay below the root. An absolute one never
  // does.
  bool links = true;
  // Whether site.css.br, site.css.zst and site.css.gz are sent for site.css to clients that take
  // them (RFC 9110 section 12.5.3), with the type of site.css. One that is older than site.css is
  // left out. Costs a look-up for each coding that a client takes and that is not there.
  bool precompressed = false;
};

// Serves the plain files below one folder to GET and HEAD: type by the ending, ETag and
// Last-Modified, conditional requests, ranges (see ServeContent); large files by sendfile. A path
// to a folder without a slash at its end is redirected to the one with it. Go's http.FileServer.
//
// Nothing outside of `root` can be reached: paths with "." or "..", empty segments or NUL are not
// found, and the kernel holds each look-up below the root, links and renames included (openat2).
// What is no plain file (devices, pipes, sockets) is not found. A file that may not be read is a
// 403.
//
// It never holds its loop for a disk: a look-up that the kernel has cached is done in place, and so
// is reading what lies in memory; the rest is done by a thread of the pool (Offload) while the
// fiber is parked.
//
// The ETag is made of size and time of modification, and weak for two seconds after that, since the
// file may change again within a tick of its clock. Replace files by rename, so that nobody gets
// half of one and half of the other.
//
// `root` is opened once, here: the Error says why it cannot be. If it is a link, what it leads to
// now is served. The handler may be used by several servers.
//
//   weft::Result<weft::Handler> files = weft::FileServer("public", {.prefix = "/static"});
//   if (weft::Error err = files.Err()) return err;
//   mux.Handle("GET /static/", *files);
Result<Handler> FileServer(const std::string& root, FileServerOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_FILE_SERVER_H_
