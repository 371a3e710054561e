// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/json_text.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include <weft/http/internal/utf8.h>

namespace weft::internal {
namespace {

// What stands in place of a byte of ASCII in a string (RFC 8259 section 7): 0 the byte itself, 'u'
// its number, else the letter after a backslash.
constexpr std::array<char, 128> kEscapes = [] {
  std::array<char, 128> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && kEscapes[byte] == 0;
}

// Whether none of eight bytes is above ASCII, below the blank, a quote or a backslash: for the high
// bit of each, what a subtraction borrows.
bool ArePlain(const char* at) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = kOnes * 0x80;
  std::uint64_t bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  const std::uint64_t quote = bytes ^ (kOnes * '"');
  const std::uint64_t backslash = bytes ^ (kOnes * '\\');
  return (((bytes - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes) | bytes) & kHighs) == 0;
}

// How many bytes at the beginning stand for themselves.
std::size_t PlainSize(std::string_view text) {
  std::size_t size = 0;
  while (text.size() - size >= 8 && ArePlain(text.data() + size)) size += 8;
  while (size < text.size() && IsPlain(text[size])) ++size;
  return size;
}

}  // namespace

void JsonText::Grow(std::size_t more) {
  const std::size_t used = View().size();
  const std::size_t size = std::max(2 * static_cast<std::size_t>(end_ - begin_), used + more);
  std::unique_ptr<char[]> larger(new char[size]);
  std::memcpy(larger.get(), begin_, used);
  large_ = std::move(larger);
  begin_ = large_.get();
  at_ = begin_ + used;
  end_ = begin_ + size;
}

void JsonText::PutString(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  Put('"');
  while (!text.empty()) {
    const std::size_t plain = PlainSize(text);
    Put(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t taken = 1;
    if (byte >= 0x80) {
      taken = Utf8Length(text);
      Put(taken != 0 ? text.substr(0, taken) : kReplacementCharacter);
      taken = std::max<std::size_t>(taken, 1);
    } else if (kEscapes[byte] == 'u') {
      Put("\\u00");
      Put(kHex[byte / 16]);
      Put(kHex[byte % 16]);
    } else {
      Put('\\');
      Put(kEscapes[byte]);
    }
    text.remove_prefix(taken);
  }
  Put('"');
}

bool JsonText::Fail(const char* what) {
  failure_ = what;
  return false;
}

bool JsonText::FailedIn(std::string_view member) {
  place_.insert(0, member).insert(0, "/");
  return false;
}

Error JsonText::Failure() const {
  return Error::New(
      "JSON cannot be written: " + (place_.empty() ? std::string() : place_ + " is ") + failure_);
}

}  // namespace weft::internal
