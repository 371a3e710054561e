// SPDX-License-Identifier: Apache-2.0
//
// RFC 9110 section 14 as a client sees it. How a Range field is read is in
// tests/http/byte_ranges_test.cc.
#include <weft/handlers/content/serve_content.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>
#include <weft/http/media_type.h>

#include "../../kit/temp_file.h"

namespace weft {
namespace {

std::string Letters(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + (i * 7 + i / 26 + i / 4099) % 26);
  return text;
}

Handler ServeText(const std::string& text) {
  return [&text](ResponseWriter& w, Request& r) {
    return ServeContent(w, r, {.name = "x.txt", .etag = "\"v1\""}, text);
  };
}

TEST(ServeRanges, SendsOnePart) {
  const std::string text = Letters(10'000);
  const TempFile file(text);
  const Handler of_file = [&](ResponseWriter& w, Request& r) {
    return ServeContent(w, r, {.name = "x.txt", .etag = "\"v1\""}, file.fd(), text.size());
  };
  const struct {
    const char* range;
    std::size_t first;
    std::size_t length;
  } cases[] = {
      {"bytes=0-499", 0, 500},     {"bytes=500-999", 500, 500}, {"bytes=-500", 9500, 500},
      {"bytes=9500-", 9500, 500},  {"bytes=0-0", 0, 1},         {"bytes=9999-20000", 9999, 1},
      {"bytes=0-9999", 0, 10'000}, {"bytes=5-6,7-8", 5, 4},     {"bytes=-0,3-3", 3, 1}};
  for (const Handler& handler : {ServeText(text), of_file}) {
    for (const auto& each : cases) {
      Recorder recorder;
      recorder.Serve(handler, RequestBuilder().Header("Range", each.range));
      EXPECT_EQ(recorder.Status(), 206) << each.range;
      EXPECT_TRUE(recorder.Body() == text.substr(each.first, each.length)) << each.range;
      EXPECT_EQ(recorder.Header().Get("Content-Range"),
                "bytes " + std::to_string(each.first) + "-" +
                    std::to_string(each.first + each.length - 1) + "/10000");
      EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(each.length));
      EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain; charset=utf-8");
      EXPECT_EQ(recorder.Header().Get("ETag"), "\"v1\"");
    }
  }
}

TEST(ServeRanges, SaysTheLengthWhenNoneIsThere) {
  const std::string text = Letters(10'000);
  for (const char* range :
       {"bytes=10000-", "bytes=-0", "bytes=99999999999999999999-", "bytes=20000-,10000-10001"}) {
    Recorder recorder;
    const Handler described = [&](ResponseWriter& w, Request& r) {
      for (const char* field : {"Content-Disposition", "Content-Digest", "Repr-Digest", "Digest", "Content-MD5", "Content-Language", "Expires"}) {
        w.Header().Set(field, "of the content");
      }
      w.Header().Set("Vary", "Accept");
      return ServeText(text)(w, r);
    };
    recorder.Serve(described, RequestBuilder().Header("Range", range));
    EXPECT_EQ(recorder.Status(), 416) << range;
    for (const auto& [field, value] : recorder.Header()) EXPECT_NE(value, "of the content") << field;
    EXPECT_EQ(recorder.Header().Get("Vary"), "Accept");
    EXPECT_EQ(recorder.Header().Get("Content-Range"), "bytes */10000");
    EXPECT_EQ(recorder.Body(), "Range Not Satisfiable\n");
    EXPECT_FALSE(recorder.Header().Has("ETag")) << "it is no version of the content";
  }
}

TEST(ServeRanges, SendsAllForWhatIsNoRange) {
  const std::string text = Letters(10'000);
  for (const char* range :
       {"bytes=2-1", "bytes=", "lines=1-2", "bytes=a-b", "bytes=0-0,x", "0-1"}) {
    Recorder recorder;
    recorder.Serve(ServeText(text), RequestBuilder().Header("Range", range));
    EXPECT_EQ(recorder.Status(), 200) << range;
    EXPECT_TRUE(recorder.Body() == text);
    EXPECT_FALSE(recorder.Header().Has("Content-Range"));
  }
  Recorder recorder;
  recorder.Serve(ServeText(text),
                 RequestBuilder().Header("Range", "bytes=0-0").Header("Range", "bytes=1-1"));
  EXPECT_EQ(recorder.Status(), 200) << "two fields where one is allowed";
}

TEST(ServeRanges, AreForGetOnly) {
  const std::string text = Letters(10'000);
  for (const char* range : {"bytes=0-0", "bytes=20000-"}) {
    Recorder recorder;
    recorder.Serve(ServeText(text), RequestBuilder("HEAD").Header("Range", range));
    EXPECT_EQ(recorder.Status(), 200);
    EXPECT_EQ(recorder.Header().Get("Content-Length"), "10000");
    EXPECT_FALSE(recorder.Header().Has("Content-Range"));
  }
}

TEST(ServeRanges, OfEmptyContentAreTheCompleteContent) {
  const std::string text;
  for (const char* range : {"bytes=0-", "bytes=-5", "bytes=0-0"}) {
    Recorder recorder;
    recorder.Serve(ServeText(text), RequestBuilder().Header("Range", range));
    EXPECT_EQ(recorder.Status(), 200);
    EXPECT_EQ(recorder.Header().Get("Content-Length"), "0");
  }
}

struct RangePart {
  std::string type;
  std::string range;
  std::string body;
};

// Takes a multipart body apart as RFC 2046 section 5.1.1 says; empty if it is none.
std::vector<RangePart> PartsOf(std::string body, const std::string& boundary) {
  std::vector<RangePart> parts;
  const std::string delimiter = "\r\n--" + boundary;
  if (!body.starts_with(delimiter)) return {};
  for (body.erase(0, delimiter.size()); body != "--\r\n";) {
    const std::size_t end = body.find(delimiter);
    const std::size_t head_end = body.find("\r\n\r\n");
    if (!body.starts_with("\r\n") || head_end >= end || end == std::string::npos) return {};
    const auto field = [&](const std::string& name) {
      const std::size_t at = body.find("\r\n" + name + ": ");
      if (at >= head_end) return std::string();
      const std::size_t start = at + name.size() + 4;
      return body.substr(start, body.find("\r\n", start) - start);
    };
    parts.push_back({field("Content-Type"), field("Content-Range"),
                     body.substr(head_end + 4, end - head_end - 4)});
    body.erase(0, end + delimiter.size());
  }
  return parts;
}

TEST(ServeRanges, SendsSeveralPartsAsMultipart) {
  const std::string text = Letters(100'000);
  const TempFile file(text);
  const Handler of_file = [&](ResponseWriter& w, Request& r) {
    return ServeContent(w, r, {.name = "x.txt"}, file.fd(), text.size());
  };
  for (const Handler& handler : {ServeText(text), of_file}) {
    Recorder recorder;
    recorder.Serve(handler,
                   RequestBuilder().Header("Range", "bytes=-10, 0-0, 200000-, 1000-79999"));
    EXPECT_EQ(recorder.Status(), 206);
    EXPECT_FALSE(recorder.Header().Has("Content-Range")) << "it stands in the parts";
    EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(recorder.Body().size()));
    const std::optional<MediaType> type = ParseMediaType(recorder.Header().Get("Content-Type"));
    ASSERT_TRUE(type && type->Parameter("boundary"));
    EXPECT_EQ(type->essence, "multipart/byteranges");
    EXPECT_GE(type->Parameter("boundary")->size(), 30u);
    const std::vector<RangePart> parts =
        PartsOf(recorder.Body(), std::string(*type->Parameter("boundary")));
    ASSERT_EQ(parts.size(), 3u) << "in the order of the request, without the one that is not there";
    EXPECT_EQ(parts[0].range, "bytes 99990-99999/100000");
    EXPECT_TRUE(parts[0].body == text.substr(99'990));
    EXPECT_EQ(parts[1].range, "bytes 0-0/100000");
    EXPECT_EQ(parts[1].body, "a");
    EXPECT_EQ(parts[2].range, "bytes 1000-79999/100000");
    EXPECT_TRUE(parts[2].body == text.substr(1000, 79'000));
    for (const RangePart& part : parts) EXPECT_EQ(part.type, "text/plain; charset=utf-8");
  }
}

TEST(ServeRanges, HasAnotherBoundaryEachTime) {
  const std::string text = Letters(100);
  Recorder recorder;
  const RequestBuilder request = RequestBuilder().Header("Range", "bytes=0-0,5-5");
  recorder.Serve(ServeText(text), request);
  const std::string first(recorder.Header().Get("Content-Type"));
  recorder.Serve(ServeText(text), request);
  EXPECT_NE(recorder.Header().Get("Content-Type"), first);
}

// Whatever is asked for, what comes back is bounded by the length of the content.
TEST(ServeRanges, FloodsCostNoMoreThanTheWhole) {
  const std::string text = Letters(10'000);
  const auto size_for = [&](const std::string& range) {
    Recorder recorder;
    recorder.Serve(ServeText(text), RequestBuilder().Header("Range", range));
    EXPECT_FALSE(recorder.Aborted());
    return recorder.Body().size();
  };
  constexpr std::size_t kHeads = 32 * 200;
  std::string nested = "bytes=0-";
  std::string singles = "bytes=0-0";
  std::string many = "bytes=0-0";
  for (int i = 1; i < 32; ++i) nested += ",0-" + std::to_string(i * 300);
  for (int i = 1; i < 32; ++i)
    singles += "," + std::to_string(i * 300) + "-" + std::to_string(i * 300);
  for (int i = 1; i < 5000; ++i) many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  EXPECT_EQ(size_for(nested), text.size());
  EXPECT_LE(size_for(singles), 32 + kHeads);
  EXPECT_EQ(size_for(many), text.size()) << "more than 32 are the whole";
  EXPECT_EQ(size_for("bytes=" + std::string(50'000, ',') + "0-0"), 1u);
}

}  // namespace
}  // namespace weft
