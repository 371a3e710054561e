// SPDX-License-Identifier: Apache-2.0
//
// Forms with files and JSON as clients of other people send them.
#include <map>
#include <optional>

#include <weft/handlers/content/cookies.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/content/multipart_form.h>

#include "clients_kit.h"

namespace weft {
namespace {

struct Sent {
  std::string name;
  std::string file_name;
  std::string type;
  std::uint64_t size = 0;
  std::string start;  // of the content
};
BOOST_DESCRIBE_STRUCT(Sent, (), (name, file_name, type, size, start))

// Says what has come.
Error Tell(ResponseWriter& w, Request& r) {
  r.Body().SetLimit(kUnlimited);
  Result<MultipartForm> form = ReadMultipartForm(r, {.memory_max = 10'000});
  if (Error err = form.Err()) return err;
  std::vector<Sent> all;
  for (std::size_t i = 0; i < form->Fields().Size(); ++i) {
    const std::string_view value = form->Fields().ValueAt(i);
    all.push_back({std::string(form->Fields().NameAt(i)), "", "", value.size(),
                   std::string(value.substr(0, 20))});
  }
  for (MultipartFile& file : form->Files()) {
    char start[8];
    const Result<std::size_t> n = file.Read(r.Ctx(), start);
    if (Error err = n.Err()) return err;
    all.push_back({std::string(file.Name()), std::string(file.FileName()),
                   std::string(file.ContentType()), file.Size(), std::string(start, *n)});
  }
  return WriteJson(w, all);
}

Error VisitUpload(ResponseWriter& w, Request& r) {
  const std::optional<std::string_view> visits = CookieOf(r, "visits");
  const std::string next = visits ? std::string(*visits) + "i" : "i";
  if (Error err = SetCookie(w, {.name = "visits",
                                .value = next,
                                .max_age = std::chrono::seconds(60),
                                .secure = false})) {
    return err;
  }
  return w.Write(next);
}

struct UploadSite {
  UploadSite() : server(Background(), Routes(), Tcp()) {}
  static Mux Routes() {
    Mux mux;
    mux.Handle("POST /upload", Tell);
    mux.Handle("GET /visit", VisitUpload);
    mux.Handle("POST /json", [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::map<std::string, double>> value =
          ReadJson<std::map<std::string, double>>(r);
      if (Error err = value.Err()) return err;
      return WriteJson(w, *value);
    });
    return mux;
  }
  std::string Url(const std::string& path) const { return server.Bound() + path; }
  TestServer server;
};

TEST(Uploads, ComeWholeFromCurl) {
  WEFT_NEEDS(curl, "curl");
  UploadSite site;
  const std::string path = ::testing::TempDir() + "weft_upload_\"1\".txt";
  std::ofstream(path) << "contents" << std::string(1'000'000, 'x');

  const Outcome outcome =
      RunProgram(curl, {"-sS", "-F", "note=a b\r\nc", "-F",
                        "f=@\"" + ::testing::TempDir() + "weft_upload_\\\"1\\\".txt\";type=image/png",
                        site.Url("/upload")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_TRUE(outcome.out.starts_with(
      R"([{"name":"note","file_name":"","type":"","size":6,"start":"a b\r\nc"},{"name":"f","file_name":"weft_upload_)"))
      << outcome.out;
  EXPECT_TRUE(
      outcome.out.ends_with(R"(.txt","type":"image/png","size":1000008,"start":"contents"}])"))
      << outcome.out;
  std::filesystem::remove(path);
}

TEST(Uploads, ComeWholeFromNode) {
  WEFT_NEEDS(node, "node");
  UploadSite site;
  const Outcome outcome = RunProgram(node, {"-e", R"(
    const form = new FormData();
    form.append('n\u00f6te', 'gr\u00fcn');
    form.append('f', new Blob(['contents', 'x'.repeat(100000)], {type: 'text/csv'}), 'a"b\\c.csv');
    fetch(process.argv[1], {method: 'POST', body: form}).then(r => r.text()).then(t => process.stdout.write(t));
  )",
                                            site.Url("/upload")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out,
            "[{\"name\":\"n\u00f6te\",\"file_name\":\"\",\"type\":\"\",\"size\":5,\"start\":"
            "\"gr\u00fcn\"},"
            "{\"name\":\"f\",\"file_name\":\"c.csv\",\"type\":\"text/"
            "csv\",\"size\":100008,\"start\":\"contents\"}]");
}

TEST(Cookies, ComeBackFromCurl) {
  WEFT_NEEDS(curl, "curl");
  UploadSite site;
  const std::string url = site.Url("/visit");
  const std::string jar = ::testing::TempDir() + "weft_cookies";

  const Outcome outcome =
      RunProgram(curl, {"-sS", "-c", jar, "-b", jar, "-w", "\n", url, url, url});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, "i\nii\niii\n");
  std::filesystem::remove(jar);
}

TEST(Json, IsWhatNodeWritesAndReads) {
  WEFT_NEEDS(node, "node");
  UploadSite site;
  const Outcome outcome = RunProgram(node, {"-e", R"(
    const sent = {a: 12.5, b: 0.1 + 0.2, c: 1e300, d: 5e-324, e: -7, '\u{1f600}"': 1.7976931348623157e308};
    fetch(process.argv[1], {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(sent)})
      .then(r => r.json()).then(got => process.stdout.write(String(Object.keys(sent).every(k => got[k] === sent[k]))));
  )",
                                            site.Url("/json")});

  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.out, "true");
}

}  // namespace
}  // namespace weft
