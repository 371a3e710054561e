// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/random_hex.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <weft/concurrency/error.h>

namespace weft::internal {
namespace {

// As many as a page holds: a system call costs more than all that is made of its bits.
using Bits = std::array<std::uint64_t, 512>;

// The kernel never refuses as little as this once it has started, but a signal may come between.
void Fill(Bits& bits) {
  auto* at = reinterpret_cast<char*>(bits.data());
  std::size_t left = sizeof bits;
  while (left > 0) {
    const ssize_t got = getrandom(at, left, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      AbortMisuse("RandomBits", "the kernel provides no random bytes");
    }
    at += got;
    left -= static_cast<std::size_t>(got);
  }
}

constexpr std::size_t kDigitsOfBits = 16;

// Half a byte of eight, each in a byte of its own, as digits: one more than 9 needs the distance from '9' to 'a' besides.
std::uint64_t AsDigits(std::uint64_t halves) {
  const std::uint64_t above_nine = (halves + 0x0606060606060606) >> 4 & 0x0101010101010101;
  return halves + 0x3030303030303030 + above_nine * ('a' - '9' - 1);
}

// Which half of which byte becomes which digit is all the same: they are random.
void WriteHex(std::uint64_t bits, char* digits) {
  constexpr std::uint64_t kHalves = 0x0f0f0f0f0f0f0f0f;
  const std::uint64_t words[] = {AsDigits(bits >> 4 & kHalves), AsDigits(bits & kHalves)};
  std::memcpy(digits, words, sizeof words);
}

}  // namespace

std::uint64_t RandomBits() {
  thread_local Bits ahead;
  thread_local std::size_t left = 0;
  if (left == 0) {
    Fill(ahead);
    left = ahead.size();
  }
  return ahead[--left];
}

void FillRandomHex(std::span<char> digits) {
  do {
    for (std::size_t at = 0; at < digits.size(); at += kDigitsOfBits) {
      char text[kDigitsOfBits];
      const bool whole = digits.size() - at >= kDigitsOfBits;
      WriteHex(RandomBits(), whole ? digits.data() + at : text);
      if (!whole) std::memcpy(digits.data() + at, text, digits.size() - at);
    }
  } while (!digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return c == '0'; }));
}

std::string RandomHex(std::size_t digits) {
  std::string text(digits, '0');
  FillRandomHex(text);
  return text;
}

}  // namespace weft::internal
