// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_PEM_SOURCE_H_
#define WEFT_NET_INTERNAL_TLS_PEM_SOURCE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/net/tls_options.h>

namespace weft::internal {

// Text that was given by an option, and its name in error messages.
struct PemSource {
  std::string label;  // "certificate file fullchain.pem", "certificates[0].certificate_pem"
  std::string text;

  // "certificate file fullchain.pem: WHAT"
  Error Wrong(std::string_view what) const;
};

// Reads what is given either as a file or as text. `kind` is what it should be ("certificate
// file"), `field` the option without its ending
// ("certificates[0].certificate"). Errors: neither or both are given, the file cannot be read, it
// is empty or larger than 16 MiB.
Result<PemSource> ReadPem(std::string_view kind, std::string_view field, const std::string& file,
                          const std::string& pem);

// A complete file. Never waits for a pipe without a writer.
Result<std::string> ReadWhole(std::string_view kind, const std::string& file);

// Shows whether a file has changed. A file that does not exist has a stamp, too.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// The stamps of all files that the options name. Links are followed, so that a link that points
// elsewhere counts as a change.
std::vector<FileStamp> StampFiles(const TlsServerOptions& options);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_PEM_SOURCE_H_
