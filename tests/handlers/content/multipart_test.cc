// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/multipart.h>

#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/copy.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/testing.h>

#include "../../kit/allocation_counter.h"

namespace weft {
namespace {

constexpr char kMultipart[] = "multipart/form-data; boundary=xYz";

// All parts as text: "name[file|type]=content;".
Error ReadParts(Request& r, std::string& out, MultipartOptions options = {},
                std::size_t piece = 5) {
  MultipartReader parts(r, options);
  while (true) {
    const Result<MultipartPart*> part = parts.Next(r.Ctx());
    if (Error err = part.Err()) {
      EXPECT_EQ(parts.Next(r.Ctx()).Err().Message(), err.Message()) << "a failure stays";
      return err;
    }
    if (*part == nullptr) break;
    out += (*part)->Name();
    if ((*part)->IsFile()) {
      out.append("[")
          .append((*part)->FileName())
          .append("|")
          .append((*part)->ContentType())
          .append("]");
    }
    out += '=';
    std::string buffer(piece, '\0');
    while (true) {
      const Result<std::size_t> n = (*part)->Read(r.Ctx(), buffer);
      if (Error err = n.Err()) return err;
      if (*n == 0) break;
      out.append(buffer, 0, *n);
    }
    out += ';';
  }
  EXPECT_EQ(*parts.Next(r.Ctx()), nullptr) << "the end stays";
  return {};
}

// What the parts are, or "STATUS text".
std::string PartsOf(RequestBuilder request, MultipartOptions options = {}) {
  std::string parts;
  Recorder recorder;
  recorder.Serve([&](ResponseWriter&, Request& r) { return ReadParts(r, parts, options); },
                 request);
  return recorder.Status() == 200 ? parts
                                  : std::to_string(recorder.Status()) + " " + recorder.Body();
}

std::vector<std::string> Pieces(const std::string& body, std::size_t size) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < body.size(); i += size) pieces.push_back(body.substr(i, size));
  return pieces;
}

RequestBuilder Post() {
  return RequestBuilder("POST").Header("Content-Type", kMultipart).BodyLimit(kUnlimited);
}

// Of a whole body, which must not depend on how it is cut.
std::string Parts(const std::string& body, MultipartOptions options = {}) {
  const std::string whole = PartsOf(Post().Body(body), options);
  for (const std::size_t size : {1u, 2u, 3u, 7u, 30u}) {
    EXPECT_EQ(PartsOf(Post().BodyInPieces(Pieces(body, size)), options), whole)
        << "in pieces of " << size;
  }
  return whole;
}

std::string Part(const std::string& disposition, const std::string& content,
                 const std::string& more = "") {
  return "--xYz\r\nContent-Disposition: form-data; " + disposition + "\r\n" + more + "\r\n" +
         content + "\r\n";
}

TEST(MultipartPart, ReadAllHoldsNoMoreThanTheContent) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter&, Request& r) -> Error {
        MultipartReader parts(r);
        const Result<MultipartPart*> part = parts.Next(r.Ctx());
        if (Error err = part.Err()) return err;
        const Result<std::string> text = (*part)->ReadAll(r.Ctx());
        if (Error err = text.Err()) return err;
        EXPECT_EQ(*text, "1");
        EXPECT_LT(text->capacity(), 64u);
        return {};
      },
      RequestBuilder("POST").Header("Content-Type", kMultipart).Body(
          "--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--xYz--\r\n"));
  EXPECT_EQ(recorder.Status(), 200);
}

TEST(MultipartReader, ReadsFieldsAndFiles) {
  EXPECT_EQ(Parts(Part("name=\"a\"", "1") +
                  Part("name=\"f\"; filename=\"x.png\"", std::string("\0\r\n--xY\r\n-", 10),
                       "Content-Type: image/png\r\n") +
                  Part("name=b", "") + "--xYz--\r\n"),
            std::string("a=1;f[x.png|image/png]=") + std::string("\0\r\n--xY\r\n-", 10) + ";b=;");
}

// RFC 2046 section 5.1.1: what may stand around the parts.
TEST(MultipartReader, FindsThePartsInTheirBoundaries) {
  const std::string one = "Content-Disposition: form-data; name=a\r\n\r\n1";
  struct Row {
    std::string body;
    const char* parts;
  };
  const Row rows[] = {
      {"--xYz\r\n" + one + "\r\n--xYz--", "a=1;"},
      {"--xYz\r\n" + one + "\r\n--xYz--\r\n", "a=1;"},
      {"\r\n--xYz\r\n" + one + "\r\n--xYz--", "a=1;"},
      {"preamble\r\n-- xYz\r\n--xYz\r\n" + one + "\r\n--xYz--", "a=1;"},
      {"--xYz\r\n" + one + "\r\n--xYz--\r\nepilogue\r\n--xYz\r\n" + one, "a=1;"},
      {"--xYz \t\r\n" + one + "\r\n--xYz-- \r\n", "a=1;"},
      {"--xYz\r\n" + one + "\r\n\r\n--xYz--", "a=1\r\n;"},
      {"--xYz\r\n" + one + "\r\n--xY\r\n--xYz--", "a=1\r\n--xY;"},
      {"--xYz\r\n" + one + "--xYz\r\n--xYz--", "a=1--xYz;"},
      {"--xYz\r\n" + one + "\n--xYz\r\n--xYz--", "a=1\n--xYz;"},
      {"--xYz\r\n" + one + "\r\r\n--xYz--", "a=1\r;"},
      {"--xYz\r\nContent-Disposition: form-data; name=a\r\n\r\n--xYz--", "a=;"},
      {"--xYz--", ""},
      {"--xYz--\r\n", ""},
  };
  for (const Row& row : rows) EXPECT_EQ(Parts(row.body), row.parts) << row.body;
}

TEST(MultipartReader, RejectsWhatTwoReadersCouldSeeDifferently) {
  const std::string one = "Content-Disposition: form-data; name=a\r\n\r\n1";
  struct Row {
    std::string body;
    const char* why;
  };
  const Row rows[] = {
      {"", "there is no part"},
      {"x", "there is no part"},
      {"--xY", "there is no part"},
      {"--xYz", "there is no part"},
      {"--xYz\n" + one + "\n--xYz--\n", "a line begins with the boundary and continues"},
      {"--xYz\r\n" + one, "the body ends before its last boundary"},
      {"--xYz\r\n" + one + "\r\n--xYz", "the body ends before its last boundary"},
      {"--xYz\r\n" + one + "\r\n--xYz-", "the body ends before its last boundary"},
      {"--xYz\r\n" + one + "\r\n--xYz\r\n", "the body ends before its last boundary"},
      {"--xYz\r\n" + one + "\r\n--xYzz\r\n--xYz--", "a line begins with the boundary and continues"},
      {"--xYz\r\n" + one + "\r\n--xYz--z\r\n", "a line begins with the boundary and continues"},
      {"--xYz\r\n" + one + "\r\n--xYz x\r\n", "a line begins with the boundary and continues"},
      {"--xYz" + std::string(100, ' ') + "\r\n" + one + "\r\n--xYz--",
       "a boundary is followed by too many blanks"},
      {"--xYz\r\n\r\n1\r\n--xYz--", "a part has no Content-Disposition: form-data with a name"},
      {"--xYz\r\nContent-Disposition: form-data\r\n\r\n1\r\n--xYz--",
       "a part has no Content-Disposition: form-data with a name"},
      {"--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--xYz--",
       "a part has no Content-Disposition: form-data with a name"},
      {"--xYz\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n1\r\n--xYz--",
       "a part has its name twice or in pieces"},
      {"--xYz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--xYz--",
       "a part has no Content-Disposition: form-data with a name"},
      {"--xYz\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--xYz--",
       "the head of a part has a line that is not a field, or a field twice"},
      {"--xYz\r\nContent-Disposition : form-data; name=a\r\n\r\n1\r\n--xYz--",
       "the head of a part has a line that is not a field, or a field twice"},
      {"--xYz\r\nContent-Disposition: form-data; name=a\r\nX\r\n\r\n1\r\n--xYz--",
       "the head of a part has a line that is not a field, or a field twice"},
      {"--xYz\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\n1\r\n--xYz--",
       "the head of a part has a line that is not a field, or a field twice"},
      {"--xYz\r\nContent-Disposition: form-data; name=a\r\ncontent-disposition: form-data; "
       "name=b\r\n\r\n1\r\n--xYz--",
       "the head of a part has a line that is not a field, or a field twice"},
      {"--xYz\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
       "base64\r\n\r\n1\r\n--xYz--",
       "a part has a Content-Transfer-Encoding, which is not supported (RFC 7578 section 4.7)"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Parts(row.body), std::string("400 multipart/form-data: ") + row.why + "\n")
        << row.body;
  }
}

TEST(MultipartReader, WantsABoundary) {
  const auto with = [](const std::string& type) {
    return PartsOf(RequestBuilder("POST").Header("Content-Type", type).Body("--a b\r\n\r\n--a b--"))
        .substr(0, 3);
  };
  EXPECT_EQ(PartsOf(RequestBuilder("POST").Body("x")).substr(0, 3), "415");
  for (const char* type :
       {"text/plain", "multipart/mixed; boundary=a", "multipart/form-datax; boundary=a",
        "application/x-www-form-urlencoded"}) {
    EXPECT_EQ(with(type), "415") << type;
  }
  for (const std::string& type :
       {std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"a \""),
        "multipart/form-data; boundary=" + std::string(71, 'a'),
        std::string("multipart/form-data; boundary=a; boundary=b"),
        std::string("multipart/form-data; boundary=\"a\xc3\xa9\"")}) {
    EXPECT_EQ(with(type), "400") << type;
  }
  EXPECT_EQ(PartsOf(
                RequestBuilder("POST")
                    .Header("Content-Type", "Multipart/Form-Data; charset=x; BOUNDARY=\"a b\"")
                    .Body("--a b\r\nContent-Disposition: form-data; name=q\r\n\r\n\r\n--a b--")),
            "q=;");
  const std::string longest(70, 'b');
  EXPECT_EQ(PartsOf(RequestBuilder("POST")
                        .Header("Content-Type", "multipart/form-data; boundary=" + longest)
                        .Body("--" + longest + "--")),
            "");
}

TEST(MultipartReader, TakesNoEncodedBody) {
  EXPECT_EQ(PartsOf(RequestBuilder("POST")
                        .Header("Content-Type", "multipart/form-data; boundary=b")
                        .Header("Content-Encoding", "gzip")
                        .Body("--b--"))
                .substr(0, 3),
            "415");
}

TEST(MultipartReader, TakesNamesAsBrowsersWriteThem) {
  const auto shown = [](const std::string& disposition) {
    return Parts(Part(disposition, "") + "--xYz--");
  };
  EXPECT_EQ(shown(R"(name="a%22b%0D%0A")"), "a%22b%0D%0A=;");
  EXPECT_EQ(shown(R"(name="a\"b\\c\d")"), R"(a"b\c\d=;)");
  EXPECT_EQ(shown(R"(name=""; filename="")"), "[|text/plain]=;");
  EXPECT_EQ(shown("name=\"n\"; filename=\"\xc3\xa9.txt\""), "n[\xc3\xa9.txt|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; filename="C:\temp\x.txt")"), "n[x.txt|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; filename="../../etc/passwd")"), "n[passwd|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; filename="a/..")"), "n[|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; filename=".")"), "n[|text/plain]=;");
}

// RFC 8187. What cannot be read is an error: a file must not become a field.
TEST(MultipartReader, TakesExtendedNames) {
  const auto shown = [](const std::string& disposition) {
    return Parts(Part(disposition, "") + "--xYz--");
  };
  EXPECT_EQ(shown(R"(name=n; filename*=UTF-8''x.txt)"), "n[x.txt|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; FileName*=utf-8'de'%e2%82%ac%20+.txt)"), "n[\xe2\x82\xac +.txt|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; filename="=?utf-8?B?4oKs?="; filename*=utf-8''%E2%82%AC)"), "n[\xe2\x82\xac|text/plain]=;");
  EXPECT_EQ(shown(R"(name=n; filename*=UTF-8''..%2F..%2fetc%5cpasswd)"), "n[passwd|text/plain]=;");
  EXPECT_EQ(shown(R"(name*=UTF-8''n%20m)"), "n m=;");
  for (const std::string value :
       {"ISO-8859-1''%e4", "UTF-8''%e4", "UTF-8''%4", "UTF-8''%%41", "UTF-8''a%0Ab", "UTF-8''a%00b", "UTF-8'x", "x.txt", "\"\""}) {
    EXPECT_EQ(shown("name=n; filename*=" + value),
              "400 multipart/form-data: a part has a filename* that is not UTF-8''... (RFC 8187)\n") << value;
    EXPECT_EQ(shown("name*=" + value), "400 multipart/form-data: a part has a name* that is not UTF-8''... (RFC 8187)\n") << value;
  }
  for (const std::string names : {"filename=a; filename=b", "filename*=UTF-8''a; filename*=UTF-8''a", "filename*0=a; filename*1=b",
                                  "filename*0*=UTF-8''a", "filename=a; FILENAME*1=b"}) {
    EXPECT_EQ(shown("name=n; " + names), "400 multipart/form-data: a part has its filename twice or in pieces\n") << names;
  }
}

TEST(MultipartReader, BoundsTheFieldsOfAllHeads) {
  std::string many;
  for (int i = 0; i < 500; ++i) {
    many += "--xYz\r\nContent-Disposition: form-data; name=a\r\n";
    for (int k = 0; k < 19; ++k) many += "X-" + std::to_string(k) + ": y\r\n";
    many += "\r\n\r\n";
  }
  EXPECT_EQ(PartsOf(Post().Body(many + "--xYz--")).size(), 1500u);
  EXPECT_EQ(PartsOf(Post().Body(many + Part("name=a", "") + "--xYz--")),
            "413 multipart/form-data: the heads of the parts have more than 10000 fields\n");
}

TEST(MultipartReader, SkipsWhatWasNotRead) {
  std::string names;
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter&, Request& r) -> Error {
        MultipartReader parts(r);
        while (true) {
          const Result<MultipartPart*> part = parts.Next(r.Ctx());
          if (Error err = part.Err()) return err;
          if (*part == nullptr) return {};
          names += (*part)->Name();
          char two[2];
          EXPECT_TRUE((*part)->Read(r.Ctx(), std::span<char>(two).first(names.size() % 2)).Ok());
        }
      },
      Post().Body(Part("name=a", std::string(100'000, 'x')) +
                  Part("name=b", std::string(100'000, 'y')) + Part("name=c", "") + "--xYz--"));
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(names, "abc");
}

TEST(MultipartReader, BoundsPartsAndTheirHeads) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += Part("name=a", "");
  EXPECT_EQ(PartsOf(Post().Body(many + "--xYz--")).size(), 3000u);
  EXPECT_EQ(PartsOf(Post().Body(many + Part("name=a", "") + "--xYz--")),
            "413 multipart/form-data: there are more than 1000 parts\n");
  EXPECT_EQ(
      Parts(Part("name=a", "") + Part("name=b", "") + "--xYz--", {.parts_max = 1}).substr(0, 3),
      "413");

  EXPECT_EQ(Parts(Part("name=a", "", "X: " + std::string(100, 'x') + "\r\n") + "--xYz--",
                  {.part_head_bytes_max = 200}),
            "a=;");
  EXPECT_EQ(Parts(Part("name=a", "", "X: " + std::string(200, 'x') + "\r\n") + "--xYz--",
                  {.part_head_bytes_max = 200}),
            "400 multipart/form-data: the head of a part is too long\n");
  std::string fields;
  for (int i = 0; i < 32; ++i) fields += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(Parts(Part("name=a", "", fields) + "--xYz--"),
            "400 multipart/form-data: the head of a part has too many fields\n");
}

TEST(MultipartPart, ReadAllStopsAtItsLimit) {
  const auto status_of = [](std::size_t size, std::size_t max) {
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter&, Request& r) -> Error {
          MultipartReader parts(r);
          const Result<MultipartPart*> part = parts.Next(r.Ctx());
          if (Error err = part.Err()) return err;
          const Result<std::string> all = (*part)->ReadAll(r.Ctx(), max);
          EXPECT_EQ(all.Ok() ? all->size() : size, size);
          return all.Err();
        },
        Post().Body(Part("name=a", std::string(size, 'x')) + "--xYz--"));
    return recorder.Status();
  };
  EXPECT_EQ(status_of(0, 0), 200);
  EXPECT_EQ(status_of(1, 0), 413);
  EXPECT_EQ(status_of(100'000, 100'000), 200);
  EXPECT_EQ(status_of(100'001, 100'000), 413);
  EXPECT_EQ(status_of(50'000, std::numeric_limits<std::size_t>::max()), 200);
}

TEST(MultipartReader, PassesOnWhatTheBodyFailsWith) {
  EXPECT_EQ(PartsOf(Post().BodyLimit(100).Body(Part("name=a", std::string(200, 'x')))).substr(0, 3),
            "413");
  EXPECT_EQ(PartsOf(Post().BodyInPieces({"--xYz\r\n"}).BodyError(kTimeout)).substr(0, 3), "408");
}

// How often reading all parts of a body allocates that begins like this and goes on with `size` bytes.
std::size_t AllocationsFor(const std::string& beginning, char filler, std::size_t size) {
  std::size_t allocations = 0;
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter&, Request& r) -> Error {
        const std::size_t before = Allocations();
        MultipartReader parts(r);
        Error err;
        while (!err) {
          const Result<MultipartPart*> part = parts.Next(r.Ctx());
          err = part.Ok() && *part == nullptr ? kClosed : part.Err();
          char piece[4096];
          for (std::size_t n = 1; !err && n > 0;) {
            const Result<std::size_t> read = (*part)->Read(r.Ctx(), piece);
            n = read.Ok() ? *read : 0;
            err = read.Err();
          }
        }
        allocations = Allocations() - before;
        return err;
      },
      Post().Body(beginning + std::string(size, filler)));
  EXPECT_EQ(recorder.Status(), 400) << beginning;
  return allocations;
}

TEST(MultipartReader, NeedsNoMoreMemoryForABodyWithoutEnd) {
  const std::string part = "--xYz\r\nContent-Disposition: form-data; name=a";
  for (const char filler : {'x', '-', '\r', ' '}) {
    for (const std::string& beginning :
         {std::string(), std::string("--xYz"), part, part + "\r\n\r\n"}) {
      const std::size_t few = AllocationsFor(beginning, filler, 100'000);
      EXPECT_EQ(AllocationsFor(beginning, filler, 2'000'000), few) << beginning << filler;
    }
  }
}

}  // namespace
}  // namespace weft
