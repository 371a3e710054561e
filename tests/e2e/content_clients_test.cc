// SPDX-License-Identifier: Apache-2.0
//
// Uploads, ranges and cookies with the clients of other languages. (curl: uploads_test.cc, static_site_test.cc.)
#include <stdlib.h>  // mkdtemp

#include <chrono>
#include <optional>

#include <weft/concurrency/file_write.h>
#include <weft/handlers/content/cookies.h>
#include <weft/handlers/content/file_server.h>
#include <weft/handlers/content/json.h>
#include <weft/handlers/content/multipart.h>

#include "clients_kit.h"

namespace weft {
namespace {

const std::string kScripts = WEFT_CLIENTS_DIR;

std::uint64_t SumOf(std::string_view bytes) {
  std::uint64_t sum = 0;
  for (const char byte : bytes) sum += static_cast<unsigned char>(byte);
  return sum;
}

struct ReceivedPart {
  std::string name;
  std::string file_name;
  std::uint64_t size = 0;
  std::uint64_t sum = 0;  // of its bytes
};
BOOST_DESCRIBE_STRUCT(ReceivedPart, (), (name, file_name, size, sum))

struct Saved {
  std::uint64_t size = 0;
  std::uint64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(Saved, (), (size, sum))

Error TellParts(ResponseWriter& w, Request& r) {
  r.Body().SetLimit(kUnlimited);
  std::vector<ReceivedPart> all;
  MultipartReader parts(r);
  while (true) {
    const Result<MultipartPart*> part = parts.Next(r.Ctx());
    if (Error err = part.Err()) return err;
    if (*part == nullptr) return WriteJson(w, all);
    ReceivedPart& told = all.emplace_back();
    told.name = (*part)->Name();
    told.file_name = (*part)->FileName();
    const Result<std::string> content = (*part)->ReadAll(r.Ctx(), 8 << 20);
    if (Error err = content.Err()) return err;
    told.size = content->size();
    told.sum = SumOf(*content);
  }
}

// Two cookies, of which one counts visits: for a minute or, with ?session, as long as the client lives.
Error VisitContent(ResponseWriter& w, Request& r) {
  const std::string visits = std::string(CookieOf(r, "visits").value_or("")) + "i";
  Cookie cookie{.name = "visits", .value = visits, .secure = false};
  if (!r.Query("session")) cookie.max_age = std::chrono::seconds(60);
  if (Error err = SetCookie(w, cookie)) return err;
  if (Error err = SetCookie(w, {.name = "theme", .value = "dark", .secure = false, .http_only = false})) return err;
  return w.Write(visits);
}

class ContentClients : public ::testing::Test {
 protected:
  ContentClients() {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    std::string numbers;
    for (int i = 0; i < 20'000; ++i) numbers += std::to_string(i) + "\n";
    const std::string path = folder_ + "/numbers.txt";
    std::ofstream(path) << numbers;
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
    server_.emplace(Background(), Routes(), Tcp());
  }
  ~ContentClients() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  Mux Routes() {
    Mux mux;
    const Result<Handler> files = FileServer(folder_, {.prefix = "/files"});
    EXPECT_TRUE(files.Ok()) << files.Err().Message();
    if (files.Ok()) mux.Handle("GET /files/", *files);
    mux.Handle("POST /upload", TellParts);
    mux.Handle("GET /visit", VisitContent);
    mux.Handle("PUT /save", [this](ResponseWriter& w, Request& r) -> Error {
      r.Body().SetLimit(kUnlimited);
      const std::string path = folder_ + "/saved";
      const Result<std::uint64_t> size = SaveTo(r.Ctx(), r.Body(), path);
      if (Error err = size.Err()) return err;
      std::ifstream in(path, std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(in), {}};
      return WriteJson(w, 201, Saved{*size, SumOf(content)});
    });
    return mux;
  }

  std::string folder_ = ::testing::TempDir() + "weft_clients.XXXXXX";
  std::optional<TestServer> server_;
};

TEST_F(ContentClients, Node) {
  WEFT_NEEDS(node, "node");
  const Outcome outcome = RunProgram(node, {kScripts + "/content_client.js", server_->Bound()});
  EXPECT_EQ(outcome.out, "ok\n") << outcome.errors;
}

TEST_F(ContentClients, PythonsRequests) {
  WEFT_NEEDS(python, "python3");
  const Outcome outcome = RunProgram(python, {kScripts + "/content_client.py", server_->Bound()});
  if (outcome.out == "no requests\n") WEFT_PROGRAM_IS_MISSING("Python's requests", "clients");
  EXPECT_EQ(outcome.out, "ok\n") << outcome.errors;
}

TEST_F(ContentClients, Java) {
  WEFT_NEEDS(javac, "javac");  // which a Java without its development kit lacks; the launcher needs it for a source
  WEFT_NEEDS(java, "java");
  const Outcome outcome = RunProgram(java, {kScripts + "/ContentClient.java", server_->Bound()});
  EXPECT_EQ(outcome.out, "ok\n") << outcome.errors;
}

TEST_F(ContentClients, CurlSendsAStreamAndAFile) {
  WEFT_NEEDS(curl, "curl");
  const TemporaryFile large(std::string(3'000'000, 'x'));
  const std::string url = server_->Bound() + "/save";
  const std::string saved = R"({"size":3000000,"sum":360000000})";
  EXPECT_EQ(RunProgram(curl, {"-sS", "-T", large.Path(), url}).out, saved);
  EXPECT_EQ(RunProgram(curl, {"-sS", "-T", large.Path(), "-H", "Transfer-Encoding: chunked", url}).out, saved);
  EXPECT_EQ(RunProgram(curl, {"-sS", "-T", large.Path(), "-H", "Expect: 100-continue", url}).out, saved);
}

}  // namespace
}  // namespace weft
