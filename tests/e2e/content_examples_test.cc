// SPDX-License-Identifier: Apache-2.0
//
// The examples of JSON and of uploads as their users run them: as processes, over TCP.
#include <stdlib.h>  // mkdtemp

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

std::string Numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  return text;
}

TestResponse Post(const std::string& bound, std::string_view target, std::string_view type,
                std::string_view body) {
  Result<TestClient> client = TestClient::Dial(Background(), bound);
  if (!client.Ok()) return {};
  Result<TestResponse> response =
      client->Post(Background(), target, body, "Content-Type: " + std::string(type) + "\r\n");
  return response.Ok() ? *std::move(response) : TestResponse();
}

TEST(NotesExample, TakesAndGivesJson) {
  Process notes(std::string(WEFT_EXAMPLES_DIR) + "/notes", {"127.0.0.1:0"});
  const std::string bound = notes.Line();

  const TestResponse made =
      Post(bound, "/notes", "application/json", R"({"title":"tea","tags":["hot","green"]})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.Header("Location"), "/notes/0");
  const TestResponse note = Fetch(bound, "/notes/0");
  EXPECT_EQ(note.status, 200);
  EXPECT_EQ(note.Header("Content-Type"), "application/json");
  EXPECT_EQ(note.body, R"({"title":"tea","tags":["hot","green"]})");
  EXPECT_EQ(Fetch(bound, "/notes/1").status, 404);

  EXPECT_EQ(Post(bound, "/notes", "text/plain", "{}").status, 415);
  const TestResponse bad = Post(bound, "/notes", "application/json", R"({"title":7,"tags":[]})");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body, "/title: expected a string, not a number (line 1, column 10)\n");
  const TestResponse invalid =
      Post(bound, "/notes", "application/json", R"({"title":"","tags":[],"stars":6})");
  EXPECT_EQ(invalid.status, 422);
  EXPECT_EQ(invalid.Header("Content-Type"), "application/problem+json");
  EXPECT_EQ(
      invalid.body,
      R"({"title":"Unprocessable Content","status":422,"errors":[{"pointer":"#/title","detail":"must not be empty"},)"
      R"({"pointer":"#/stars","detail":"must be at most 5"}]})"
      "\n");
  notes.Signal(SIGTERM);
  EXPECT_EQ(notes.Wait(), 0);
}

TEST(UploadExample, KeepsTheFilesOfAForm) {
  std::string folder = ::testing::TempDir() + "weft_upload.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  Process upload(std::string(WEFT_EXAMPLES_DIR) + "/upload", {"127.0.0.1:0", folder});
  const std::string bound = upload.Line();
  const std::string large = Numbers(3'000'000);

  const TestResponse kept =
      Post(bound, "/upload", "multipart/form-data; boundary=xYz",
           "--xYz\r\nContent-Disposition: form-data; name=note\r\n\r\nhello\r\n"
           "--xYz\r\nContent-Disposition: form-data; name=f; filename=\"../../large.txt\"\r\n\r\n" +
               large +
               "\r\n--xYz\r\nContent-Disposition: form-data; name=g; "
               "filename=empty\r\n\r\n\r\n--xYz--\r\n");
  EXPECT_EQ(kept.status, 201);
  EXPECT_EQ(kept.body, R"([{"name":"large.txt","file":"upload-1","size":)" +
                           std::to_string(large.size()) +
                           R"(},{"name":"empty","file":"upload-2","size":0}])");
  std::ifstream file(folder + "/upload-1");
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(file), {}) == large);

  EXPECT_EQ(Post(bound, "/upload", "multipart/form-data; boundary=xYz",
                 "--xYz\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n" + large)
                .status,
            400)
      << "it has no end";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder),
                          std::filesystem::directory_iterator()),
            2);
  upload.Signal(SIGTERM);
  EXPECT_EQ(upload.Wait(), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weft
