// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_FLAGS_H_
#define WEFT_EXAMPLES_FLAGS_H_

#include <string>
#include <string_view>

// Just enough of a command line for the examples: "--name VALUE" or "--name=VALUE". What is not understood ends the program with one
// line on stderr and exit code 2.
class Flags {
 public:
  Flags(int argc, char** argv, const char* usage) : argc_(argc), argv_(argv), usage_(usage) {}

  // Goes to the next flag; false at the end.
  bool Next();

  bool Is(std::string_view name) const { return name_ == name; }

  std::string Text();

  // For int, double and std::uint64_t.
  template <class T>
  T Number(T min, T max);

  [[noreturn]] void Unknown() const;

  [[noreturn]] void Fail(const std::string& what) const;

 private:
  int argc_;
  char** argv_;
  const char* usage_;
  int at_ = 0;
  std::string_view name_;
  std::string_view value_;
  bool has_value_ = false;
};

#endif  // WEFT_EXAMPLES_FLAGS_H_
