// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/percent.h>

namespace weft::internal {
namespace {

int HexValue(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that the escape at `at` represents; -1 if there is no complete one.
int EscapeAt(std::string_view text, std::size_t at) noexcept {
  if (text[at] != '%' || text.size() - at < 3) return -1;
  const int high = HexValue(text[at + 1]);
  const int low = HexValue(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace

std::size_t DecodedSize(std::string_view text) noexcept {
  std::size_t size = text.size();
  for (std::size_t i = text.find('%'); i < text.size(); i = text.find('%', i + 1)) {
    if (EscapeAt(text, i) >= 0) {
      size -= 2;
      i += 2;
    }
  }
  return size;
}

void AppendDecoded(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = EscapeAt(text, i);
    out.push_back(byte < 0 ? text[i] : static_cast<char>(byte));
    if (byte >= 0) i += 2;
  }
}

bool AppendDecodedQuery(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const int byte = EscapeAt(text, i);
    if (byte < 0) return false;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return true;
}

}  // namespace weft::internal
