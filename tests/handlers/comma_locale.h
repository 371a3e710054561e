// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HANDLERS_COMMA_LOCALE_H_
#define WEFT_TESTS_HANDLERS_COMMA_LOCALE_H_

#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace weft {

// As long as it lives, printf writes 0,5 for one half. Machines that build have seldom such a locale installed, so it writes one, in the
// format of glibc: an LC_NUMERIC with six items, of which the first and the fourth are the decimal point.
class CommaLocale {
 public:
  CommaLocale() {
    if (mkdtemp(folder_.data()) == nullptr) return;
    std::filesystem::create_directory(folder_ + "/comma");
    std::string file;
    const auto number = [&file](std::uint32_t value) { file.append(reinterpret_cast<const char*>(&value), sizeof value); };
    number(0x20031115 ^ LC_NUMERIC);
    constexpr std::array<std::uint32_t, 6> kPlaces = {32, 34, 35, 36, 40, 44};
    number(kPlaces.size());
    for (const std::uint32_t place : kPlaces) number(place);
    file.append(std::string_view(",\0\0\0", 4));
    number(',');
    number(0);
    file.append(std::string_view("UTF-8", 6));
    std::ofstream(folder_ + "/comma/LC_NUMERIC", std::ios::binary) << file;
    setenv("LOCPATH", folder_.c_str(), 1);
    set_ = std::setlocale(LC_NUMERIC, "comma") != nullptr;
    char text[8];
    std::snprintf(text, sizeof text, "%.1f", 0.5);
    set_ = set_ && std::string_view(text) == "0,5";
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;
  ~CommaLocale() {
    std::setlocale(LC_NUMERIC, "C");
    unsetenv("LOCPATH");
    std::filesystem::remove_all(folder_);
  }

  bool Set() const { return set_; }

 private:
  std::string folder_ = "/tmp/weft_locale_XXXXXX";
  bool set_ = false;
};

}  // namespace weft

#endif  // WEFT_TESTS_HANDLERS_COMMA_LOCALE_H_
