// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SAMPLE_H_
#define WEFT_SAMPLE_H_

#include <string>

// What the file is about: `a' * b` stays, <b>, @c, 50% and ::Name are prose, docs/client.md is a page.
//
//   Sample sample;  // "an example" { is code

namespace spdlog {
class logger;
}

namespace weft {

class Undocumented {};

namespace internal {
// Nobody sees this.
struct Hidden {};
}  // namespace internal

// Not about what follows.

// The colours.
enum class Colour : char {
  kRed,   // like {this
          // and on
  kBlue,  // NOLINT: not for readers
  kGreen  // the last
};

// A type: its line
// goes on. A table:
//   a   one
//   b   two
// The end.
struct Sample {
  // Not the struct's words.
  explicit Sample(int a,  // not a description
                  int b = '"');
  ~Sample();
  Sample(const Sample&) = delete;

  // Two overloads.
  int Get() const {
    // Inside: not for readers.
    if (true) return 1;  // neither is this
    return f([] { return 2; });
  }
  template <class T>
    requires(sizeof(T) > 1)
  int Get(T t) const;
  int other = {};  // its own words

  int alone = 0;
};

}  // namespace weft

template <>
struct std::hash<weft::Sample> {
  int x;  // of others
};

#endif  // WEFT_SAMPLE_H_
