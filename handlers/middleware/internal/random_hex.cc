// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/random_hex.h>

#include <sys/random.h>

#include <array>
#include <cerrno>

#include <weft/concurrency/error.h>

namespace weft::internal {
namespace {

// The kernel never refuses as little as this once it has started, but a signal may come between.
void Fill(std::array<std::uint64_t, 32>& bits) {
  auto* at = reinterpret_cast<char*>(bits.data());
  std::size_t left = sizeof bits;
  while (left > 0) {
    const ssize_t got = getrandom(at, left, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      AbortMisuse("RandomBits", "the kernel must give random bytes");
    }
    at += got;
    left -= static_cast<std::size_t>(got);
  }
}

}  // namespace

std::uint64_t RandomBits() {
  thread_local std::array<std::uint64_t, 32> ahead;
  thread_local std::size_t left = 0;
  if (left == 0) {
    Fill(ahead);
    left = ahead.size();
  }
  return ahead[--left];
}

std::string RandomHex(std::size_t digits) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text(digits, '0');
  bool zero = true;
  while (zero && digits > 0) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i % 16 == 0) bits = RandomBits();
      text[i] = kHex[bits % 16];
      zero = zero && bits % 16 == 0;
      bits /= 16;
    }
  }
  return text;
}

}  // namespace weft::internal
