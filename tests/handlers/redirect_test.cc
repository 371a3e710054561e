// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/redirect.h>

#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

struct Redirection {
  std::string target;
  const char* location;
};

TEST(Redirect, EncodesWhatHasNoPlaceInAUri) {
  const Redirection rows[] = {
      {"/a?b=c#d", "/a?b=c#d"},           {"https://a.test/%20", "https://a.test/%20"}, {"/a b", "/a%20b"},
      {"/\\evil.test", "/%5Cevil.test"},  {"/\r\nX: y", "/%0D%0AX:%20y"},               {"/\xc3\xa9", "/%C3%A9"},
      {"/<\"'>^`{|}", "/%3C%22'%3E%5E%60%7B%7C%7D"}, {std::string("/\0", 2), "/%00"},
  };
  for (const Redirection& row : rows) {
    Recorder recorder;

    recorder.Serve([&](ResponseWriter& w, Request&) { return Redirect(w, row.target, 303); }, RequestBuilder());

    EXPECT_EQ(recorder.Status(), 303);
    EXPECT_EQ(recorder.Header().Get("Location"), row.location);
  }
}

}  // namespace
}  // namespace weft
