// SPDX-License-Identifier: Apache-2.0
#include <weft/http/content_coding.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/http/internal/quality.h>

namespace weft {
namespace {

TEST(Quality, IsReadInThousandths) {
  EXPECT_EQ(internal::ParseQuality("0"), 0);
  EXPECT_EQ(internal::ParseQuality("1"), 1000);
  EXPECT_EQ(internal::ParseQuality("0."), 0);
  EXPECT_EQ(internal::ParseQuality("1.000"), 1000);
  EXPECT_EQ(internal::ParseQuality("0.5"), 500);
  EXPECT_EQ(internal::ParseQuality("0.123"), 123);
  for (const char* bad :
       {"", "2", ".5", "-1", "1.001", "0.1234", "0,5", "0.5 ", "1.0000", "0x1", "a"}) {
    EXPECT_EQ(internal::ParseQuality(bad), std::nullopt) << bad;
  }
}

struct Choice {
  std::vector<std::string> accept;  // the fields
  std::string_view chosen;
};

// RFC 9110 section 12.5.3. br, zstd and gzip are offered, in this order.
const Choice kChoices[] = {
    {{}, ""},
    {{""}, ""},
    {{"gzip"}, "gzip"},
    {{"GZip"}, "gzip"},
    {{"x-gzip"}, "gzip"},
    {{"compress, gzip"}, "gzip"},
    {{"compress"}, ""},
    {{"*"}, "br"},
    {{"gzip, deflate, br, zstd"}, "br"},
    {{"gzip, deflate, zstd"}, "zstd"},
    {{"gzip", "br"}, "br"},
    {{"compress;q=0.5, gzip;q=1.0"}, "gzip"},
    {{"br;q=0.5, gzip;q=1.0"}, "gzip"},
    {{"gzip;q=1.0, identity; q=0.5, *;q=0"}, "gzip"},
    {{"gzip;q=0.5, identity;q=1"}, ""},
    {{"gzip;q=0.5, identity"}, ""},
    {{"gzip;q=0.5, identity;q=0.5"}, "gzip"},
    {{"gzip;q=0.5"}, "gzip"},
    {{"gzip;q=0"}, ""},
    {{"gzip;q=0.000"}, ""},
    {{"gzip;q=0.001"}, "gzip"},
    {{"*;q=0"}, ""},
    {{"br;q=0, *;q=0.7"}, "zstd"},
    {{"*;q=0.5, gzip;q=0.1"}, "br"},
    {{"identity;q=0"}, ""},
    {{"gzip ; q=1"}, "gzip"},
    {{"gzip;Q=0.4, zstd;q=0.3"}, "gzip"},
    {{"gzip;q=2"}, ""},
    {{"gzip;q"}, ""},
    {{"gzip;level=9"}, ""},
    {{",, gzip ,,"}, "gzip"},
    {{"gzipped"}, ""},
};

TEST(ChooseCoding, TakesWhatTheClientWantsMost) {
  for (const Choice& each : kChoices) {
    Fields request;
    std::string shown;
    for (const std::string& value : each.accept) {
      request.Add("Accept-Encoding", value);
      shown += value + " | ";
    }
    EXPECT_EQ(ChooseCoding(request, {"br", "zstd", "gzip"}), each.chosen) << shown;
  }
}

TEST(ChooseCoding, OffersNothingOfItsOwn) {
  Fields request;
  request.Add("Accept-Encoding", "br, gzip, *");
  EXPECT_EQ(ChooseCoding(request, {}), "");
}

TEST(AddVary, NamesAFieldOnce) {
  const struct {
    std::vector<std::string> before;
    std::string_view after;
  } cases[] = {
      {{}, "Accept-Encoding"},
      {{"Origin"}, "Origin, Accept-Encoding"},
      {{"Origin", "Cookie"}, "Origin, Cookie, Accept-Encoding"},
      {{"accept-encoding"}, "accept-encoding"},
      {{"Origin, Accept-Encoding"}, "Origin, Accept-Encoding"},
      {{"*"}, "*"},
  };
  for (const auto& each : cases) {
    Fields response;
    for (const std::string& value : each.before) response.Add("Vary", value);
    AddVary(response, "Accept-Encoding");
    EXPECT_EQ(response.Get("Vary"), each.after);
    EXPECT_EQ(response.Values("Vary").size(), 1u);
  }
}

}  // namespace
}  // namespace weft
