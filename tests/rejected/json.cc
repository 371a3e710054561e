// SPDX-License-Identifier: Apache-2.0
// What is no JSON, and what the compiler must say: one case at a time, by rejected_test.sh.
#include <filesystem>
#include <string>
#include <vector>

#include <weft/handlers/content/json.h>
#include <weft/handlers/handler.h>

namespace shop {

struct Note {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text))
#if CASE == 3  // Validate returns a weft::Error
bool Validate(const Note& note) { return !note.text.empty(); }
#elif CASE == 4  // Validate takes a const T&
weft::Error Validate(Note& note) { return note.text.empty() ? weft::HttpError(422) : weft::Error(); }
#elif CASE == 5  // Validate takes a const T&
weft::Error Validate(Note&& note) { return note.text.empty() ? weft::HttpError(422) : weft::Error(); }
#elif CASE == 6  // accepted
weft::Error Validate(Note note) { return note.text.empty() ? weft::HttpError(422) : weft::Error(); }
#elif CASE == 7  // Validate returns a weft::Error
void Validate(const Note& note);
#endif

}  // namespace shop

weft::Result<shop::Note> Read(weft::Request& r) { return weft::ReadJson<shop::Note>(r); }

weft::Result<std::string> Write() {
#if CASE == 0  // accepted
  return weft::ToJson(std::vector<std::vector<std::string>>{{"a"}});
#elif CASE == 1  // write it as a string
  return weft::ToJson(std::filesystem::path("a/b"));
#elif CASE == 2  // write it as a string
  return weft::ToJson(std::vector<std::filesystem::path>{"a/b"});
#else
  return std::string();
#endif
}
