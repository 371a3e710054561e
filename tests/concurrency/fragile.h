// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_FRAGILE_H_
#define WEFT_TESTS_CONCURRENCY_FRAGILE_H_

#include <stdexcept>

namespace weft::testing {

// A value whose copies can be made to throw. It counts its objects: each that was made must be destroyed once. Without a move of its
// own (kMoves false), and perhaps without an assignment, moving it is copying it.
struct FragileState {
  int alive = 0;
  int copies_left = -1;  // until one throws; below zero: none does
  void Copy() {
    if (copies_left == 0) throw std::runtime_error("copy");
    if (copies_left > 0) --copies_left;
    ++alive;
  }
};

template <bool kMoves, bool kAssigns>
struct Fragile {
  static inline FragileState state;
  static void Reset() { state = {}; }

  explicit Fragile(int n) : number(n) { ++state.alive; }
  Fragile(const Fragile& other) : number(other.number) { state.Copy(); }
  Fragile(Fragile&& other) noexcept
    requires kMoves
      : number(other.number) {
    ++state.alive;
  }
  Fragile& operator=(const Fragile& other)
    requires kAssigns
  {
    state.Copy();
    --state.alive;
    number = other.number;
    return *this;
  }
  ~Fragile() { --state.alive; }

  int number;
};

using FragileCopy = Fragile<true, true>;     // moving never throws
using FragileMove = Fragile<false, true>;    // moving throws as well
using FragileConst = Fragile<false, false>;  // and it cannot be assigned

}  // namespace weft::testing

#endif  // WEFT_TESTS_CONCURRENCY_FRAGILE_H_
