// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/copy.h>

#include <weft/clients/postgres/internal/connection.h>

namespace weft::postgres {
namespace internal {

void AppendCopyNull(std::string& to) { to += "\\N"; }

void AppendCopyText(std::string_view text, std::string& to) {
  for (const char c : text) {
    switch (c) {
      case '\\': to += "\\\\"; break;
      case '\t': to += "\\t"; break;
      case '\n': to += "\\n"; break;
      case '\r': to += "\\r"; break;
      default: to.push_back(c);
    }
  }
}

}  // namespace internal

Error CopyWriter::Write(const Context& ctx, std::string_view data) { return connection_.PutCopyData(ctx, data); }

}  // namespace weft::postgres
