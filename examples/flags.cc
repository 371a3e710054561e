// SPDX-License-Identifier: Apache-2.0
#include "flags.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

template <class T>
std::string Shown(T number) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

}  // namespace

bool Flags::Next() {
  if (++at_ >= argc_) return false;
  const std::string_view word = argv_[at_];
  const std::size_t equals = word.find('=');
  name_ = word.substr(0, equals);
  if (name_ == "--help") {
    std::printf("%s\n", usage_);
    std::exit(0);
  }
  has_value_ = equals != std::string_view::npos;
  if (has_value_) value_ = word.substr(equals + 1);
  return true;
}

std::string Flags::Text() {
  if (!has_value_) {
    if (++at_ >= argc_) Fail(std::string(name_) + " needs a value");
    value_ = argv_[at_];
  }
  return std::string(value_);
}

template <class T>
T Flags::Number(T min, T max) {
  const std::string text = Text();
  T number{};
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stopped != text.data() + text.size() || !(number >= min && number <= max)) {
    Fail(std::string(name_) + " is \"" + text + "\"; it must be a number from " + Shown(min) + " to " + Shown(max));
  }
  return number;
}

template int Flags::Number(int, int);
template double Flags::Number(double, double);
template std::uint64_t Flags::Number(std::uint64_t, std::uint64_t);

void Flags::Unknown() const { Fail("unknown flag " + std::string(name_)); }

void Flags::Fail(const std::string& what) const {
  std::fprintf(stderr, "%s: %s (%s)\n", argv_[0], what.c_str(), usage_);
  std::exit(2);
}
