// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/codec.h>

namespace weft::postgres {
namespace internal {

Oid ElementOf(Oid array) noexcept {
  switch (array) {
    case 1000: return kBool;
    case 1001: return kBytea;
    case 1003: return kName;
    case 1005: return kInt2;
    case 1007: return kInt4;
    case 1016: return kInt8;
    case 1009: return kText;
    case 1014: return kBpchar;
    case 1015: return kVarchar;
    case 1021: return kFloat4;
    case 1022: return kFloat8;
    case 1028: return kOid;
    case 1115: return kTimestamp;
    case 1182: return kDate;
    case 1185: return kTimestampTz;
    case 1231: return kNumeric;
    case 199: return kJson;
    case 3807: return kJsonb;
    case 2951: return kUuid;
    default: return 0;
  }
}

bool IsTextual(Oid type) noexcept {
  switch (type) {
    case kBool:
    case kBytea:
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8: return false;
    default: return ElementOf(type) == 0;
  }
}

bool MayBeArray(Oid type) noexcept {
  switch (type) {
    case kName:
    case kText:
    case kBpchar:
    case kVarchar:
    case kJson:
    case kJsonb:
    case kUuid:
    case kNumeric:
    case kDate:
    case kTimestamp:
    case kTimestampTz: return false;
    default: return IsTextual(type);
  }
}

bool ReadArray(std::string_view text, void* to, bool (*add)(void* to, std::optional<std::string_view> element)) {
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return false;  // "[2:3]={...}" too: bounds of its own
  text = text.substr(1, text.size() - 2);
  std::string unquoted;
  while (!text.empty()) {
    std::size_t end = 0;
    if (text.front() == '"') {
      unquoted.clear();
      for (end = 1; end < text.size() && text[end] != '"'; ++end) {
        if (text[end] == '\\') ++end;
        if (end < text.size()) unquoted.push_back(text[end]);
      }
      if (end >= text.size() || !add(to, unquoted)) return false;
      ++end;
    } else {
      end = text.find(',');
      if (end == std::string_view::npos) end = text.size();
      const std::string_view element = text.substr(0, end);
      if (element.empty() || element.find_first_of("{}\"") != std::string_view::npos) return false;
      if (!(element == "NULL" ? add(to, std::nullopt) : add(to, element))) return false;
    }
    if (end == text.size()) return true;
    if (text[end] != ',' || end + 1 == text.size()) return false;
    text.remove_prefix(end + 1);
  }
  return true;
}

void QuoteElement(std::string_view text, std::string& to) {
  to.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') to.push_back('\\');
    to.push_back(c);
  }
  to.push_back('"');
}

namespace {
constexpr std::string_view kHex = "0123456789abcdef";

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

// The form "hex", which every connection of ours is set to.
bool DecodeBytes(std::string_view text, Bytes& out) {
  if (text.substr(0, 2) != "\\x" || text.size() % 2 != 0) return false;
  text.remove_prefix(2);
  out.resize(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = DigitOf(text[2 * i]), low = DigitOf(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

void EncodeBytes(std::span<const std::byte> bytes, std::string& to) {
  to.reserve(to.size() + 2 + 2 * bytes.size());
  to += "\\x";
  for (const std::byte byte : bytes) {
    to.push_back(kHex[static_cast<unsigned>(byte) >> 4]);
    to.push_back(kHex[static_cast<unsigned>(byte) & 15]);
  }
}

}  // namespace internal

Result<Uuid> Uuid::Parse(std::string_view text) {
  Uuid out;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = internal::DigitOf(c);
    if (digit < 0 || digits == 32) return Error::New("\"" + std::string(text) + "\" is not a UUID");
    std::uint8_t& byte = out.bytes[digits++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | digit);
  }
  if (digits != 32) return Error::New("\"" + std::string(text) + "\" is not a UUID");
  return out;
}

std::string Uuid::Text() const {
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(internal::kHex[bytes[i] >> 4]);
    text.push_back(internal::kHex[bytes[i] & 15]);
  }
  return text;
}

bool Codec<Uuid>::Decode(std::string_view text, Uuid& out) {
  Result<Uuid> parsed = Uuid::Parse(text);
  if (parsed.Ok()) out = *parsed;
  return parsed.Ok();
}

}  // namespace weft::postgres
