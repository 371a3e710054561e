// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_FLAGS_H_
#define WEFT_EXAMPLES_FLAGS_H_

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// Just enough of a command line for the examples: "--name VALUE" or "--name=VALUE". What is not understood ends the program with one
// line on stderr and exit code 2.
class Flags {
 public:
  Flags(int argc, char** argv, const char* usage) : argc_(argc), argv_(argv), usage_(usage) {}

  // Goes to the next flag; false at the end.
  bool Next() {
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

  bool Is(std::string_view name) const { return name_ == name; }

  std::string Text() {
    if (!has_value_) {
      if (++at_ >= argc_) Fail(std::string(name_) + " needs a value");
      value_ = argv_[at_];
    }
    return std::string(value_);
  }

  template <class T>
  T Number(T min, T max) {
    const std::string text = Text();
    T number{};
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || stopped != text.data() + text.size() || !(number >= min && number <= max)) {
      Fail(std::string(name_) + " is \"" + text + "\"; it must be a number from " + Shown(min) + " to " + Shown(max));
    }
    return number;
  }

  [[noreturn]] void Unknown() const { Fail("unknown flag " + std::string(name_)); }

  [[noreturn]] void Fail(const std::string& what) const {
    std::fprintf(stderr, "%s: %s (%s)\n", argv_[0], what.c_str(), usage_);
    std::exit(2);
  }

 private:
  template <class T>
  static std::string Shown(T number) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, number).ptr};
  }

  int argc_;
  char** argv_;
  const char* usage_;
  int at_ = 0;
  std::string_view name_;
  std::string_view value_;
  bool has_value_ = false;
};

#endif  // WEFT_EXAMPLES_FLAGS_H_
