// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_FUZZ_FUZZ_H_
#define WEFT_TESTS_FUZZ_FUZZ_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// What fuzz targets share. A target is one file that defines LLVMFuzzerTestOneInput, which aborts when a rule does not hold. It runs
// under libFuzzer, or with replay_main.cc without it. What a target needs by chance in addition to its input comes from the input itself, so
// a file of the corpus always plays alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weft::fuzz {

[[noreturn]] inline void Fail(const char* rule, const char* file, int line) {
  std::fprintf(stderr, "fuzz: BROKEN: %s (%s:%d)\n", rule, file, line);
  std::abort();
}

#define FUZZ_CHECK(condition, rule) ((condition) ? (void)0 : ::weft::fuzz::Fail(rule, __FILE__, __LINE__))

// A small generator of numbers (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  explicit Dice(std::string_view seed) : state_(0xcbf29ce484222325) {
    for (const char c : seed) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Below `bound`, which is not 0.
  std::size_t Below(std::size_t bound) { return static_cast<std::size_t>(Next() % bound); }

 private:
  std::uint64_t state_;
};

// A copy in memory of its own that begins and ends where the text does, so that AddressSanitizer sees each access outside it.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view text) : memory_(new char[text.size()]), size_(text.size()) {
    text.copy(memory_.get(), size_);
  }
  std::string_view View() const { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t size_;
};

inline bool IsInside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// Cuts bytes into pieces, each time in another way: one by one, in two, at random.
class Pieces {
 public:
  enum class How : std::uint8_t { kSingle, kHalves, kRandom, kSmall };
  static constexpr How kAll[] = {How::kSingle, How::kHalves, How::kRandom, How::kSmall};

  Pieces(std::string_view bytes, How how) : left_(bytes), how_(how), dice_(bytes) {
    if (how == How::kHalves && !bytes.empty()) first_ = dice_.Below(bytes.size() + 1);
  }

  // False at the end. A piece may be empty.
  bool Next(std::string_view& piece) {
    if (left_.empty()) return false;
    piece = left_.substr(0, Size());
    left_.remove_prefix(piece.size());
    return true;
  }

 private:
  std::size_t Size() {
    switch (how_) {
      case How::kSingle: return 1;
      case How::kHalves: return std::exchange(first_, left_.size());
      case How::kRandom: return dice_.Below(left_.size() + 1);
      case How::kSmall: return 1 + dice_.Below(7);
    }
    return 1;
  }

  std::string_view left_;
  How how_;
  Dice dice_;
  std::size_t first_ = 0;
};

// Whatever comes is taken alike in whatever pieces. A Player takes bytes by Feed, whose false is a verdict, and says what it has Seen.
template <class Player>
void CheckPieces(std::string_view all) {
  Player whole;
  const bool good = whole.Feed(all);
  whole.Write();
  const auto seen = whole.Seen();
  for (const Pieces::How how : Pieces::kAll) {
    Player player;
    bool goes_on = true;
    Pieces pieces(all, how);
    for (std::string_view piece; goes_on && pieces.Next(piece);) goes_on = player.Feed(piece);
    player.Write();
    FUZZ_CHECK(player.Seen() == seen, "pieces change nothing");
    FUZZ_CHECK(goes_on == good, "nor the verdict");
  }
}

}  // namespace weft::fuzz

#endif  // WEFT_TESTS_FUZZ_FUZZ_H_
