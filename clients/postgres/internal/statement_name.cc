// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/statement_name.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace weft::postgres::internal {
namespace {

// SipHash-2-4 with a result of 128 bits. Its key is fixed: all processes must give a text the same name.
class SipHash {
 public:
  void Take(std::uint64_t word) {
    v_[3] ^= word;
    Round();
    Round();
    v_[0] ^= word;
  }
  std::uint64_t Half(std::uint64_t tag, std::size_t of_state) {
    v_[of_state] ^= tag;
    for (int i = 0; i < 4; ++i) Round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void Round() {
    auto& [a, b, c, d] = v_;
    a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16) ^ c;
    a += d, d = std::rotl(d, 21) ^ a;
    c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
  }

  static constexpr std::uint64_t kKey0 = 0x0706050403020100, kKey1 = 0x0f0e0d0c0b0a0908;
  std::array<std::uint64_t, 4> v_ = {0x736f6d6570736575 ^ kKey0, 0x646f72616e646f6d ^ kKey1 ^ 0xee, 0x6c7967656e657261 ^ kKey0,
                                     0x7465646279746573 ^ kKey1};
};

// Of up to eight bytes, the lowest one first.
std::uint64_t WordOf(std::string_view text) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i) word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  return word;
}

void AppendHex(std::uint64_t word, std::string& to) {
  for (int byte = 0; byte < 8; ++byte, word >>= 8) {
    to.push_back("0123456789abcdef"[(word >> 4) & 15]);
    to.push_back("0123456789abcdef"[word & 15]);
  }
}

}  // namespace

std::string StatementName(std::string_view sql) {
  SipHash hash;
  const std::uint64_t length = std::uint64_t{sql.size()} << 56;
  for (; sql.size() >= 8; sql.remove_prefix(8)) hash.Take(WordOf(sql.substr(0, 8)));
  hash.Take(length | WordOf(sql));
  std::string name = "weft_";
  AppendHex(hash.Half(0xee, 2), name);
  AppendHex(hash.Half(0xdd, 1), name);
  return name;
}

}  // namespace weft::postgres::internal
