// SPDX-License-Identifier: Apache-2.0
//
// JSON. The input is a text. What our reader takes, Boost's own parser takes, and both see the same
// value; what Boost takes and ours does not, breaks one of the rules that ours has beyond the
// grammar. What is written is read again as the same. And a struct that is filled from any text is
// whole or not given out.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <weft/handlers/content/json.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

enum class Colour { red, blue };
BOOST_DESCRIBE_ENUM(Colour, red, blue)

struct Thing {
  int a = 0;
  std::string b;
  std::optional<double> c;
  std::vector<Thing> d;
  std::optional<std::map<std::string, Colour>> e;
  std::optional<bool> f;
  std::optional<boost::json::value> g;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (a, b, c, d, e, f, g))

// Numbers apart, which Boost converts less exactly.
bool Alike(const boost::json::value& a, const boost::json::value& b) {
  if (a.is_number() && b.is_number()) return a.is_double() == b.is_double() || a.is_double();
  if (a.kind() != b.kind()) return false;
  if (a.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), Alike);
  }
  if (!a.is_object()) return a == b;
  if (a.get_object().size() != b.get_object().size()) return false;
  for (const auto& [key, value] : a.get_object()) {
    const boost::json::value* const other = b.get_object().if_contains(key);
    if (other == nullptr || !Alike(value, *other)) return false;
  }
  return true;
}

void CheckAny(std::string_view text) {
  const Result<boost::json::value> ours = ParseJson<boost::json::value>(text);
  boost::json::error_code ec;
  const boost::json::value theirs =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), ec);
  if (!ours.Ok()) {
    const std::string why = ours.Err().Message();
    const bool rule = why.find("occurs twice") != std::string::npos ||
                      why.find("out of range") != std::string::npos;
    FUZZ_CHECK(ec || rule, "what Boost takes breaks another rule");
    FUZZ_CHECK(why.size() < 400 + 32 * 70 && why.find('\n') == std::string::npos,
               "a fault is one line");
    return;
  }
  FUZZ_CHECK(!ec, "what is taken, Boost takes");
  FUZZ_CHECK(Alike(*ours, theirs), "both see the same value");
  const Result<std::string> written = ToJson(*ours);
  FUZZ_CHECK(written.Ok(), "what was read can be written");
  const Result<boost::json::value> again = ParseJson<boost::json::value>(*written);
  FUZZ_CHECK(again.Ok() && *ToJson(*again) == *written, "what is written is read as the same");
}

void CheckStruct(std::string_view text, bool unknown_members) {
  const Result<Thing> thing = ParseJson<Thing>(text, {.unknown_members = unknown_members});
  if (!thing.Ok()) return;
  const Result<std::string> written = ToJson(*thing);
  FUZZ_CHECK(written.Ok(), "what was read can be written");
  const Result<Thing> again = ParseJson<Thing>(*written);
  FUZZ_CHECK(again.Ok() && *ToJson(*again) == *written, "what is written is read as the same");
}

// Any bytes are a string that can be written.
void CheckString(std::string_view bytes) {
  const Result<std::string> written = ToJson(bytes);
  FUZZ_CHECK(written.Ok() && ParseJson<std::string>(*written).Ok(),
             "any bytes are written as JSON");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const weft::fuzz::ExactCopy text({reinterpret_cast<const char*>(data), size});
  weft::fuzz::CheckAny(text.View());
  weft::fuzz::CheckStruct(text.View(), false);
  weft::fuzz::CheckStruct(text.View(), true);
  weft::fuzz::CheckString(text.View());
  return 0;
}
