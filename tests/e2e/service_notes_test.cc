// SPDX-License-Identifier: Apache-2.0
//
// The application of examples/service in a server without a network: its API, as clients of all kinds use it.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "../../examples/service/app.h"
#include "../../examples/service/storage.h"
#include "service_kit.h"

namespace weft {
namespace {

// The application with an empty database.
class ServiceApp : public ::testing::Test {
 protected:
  ServiceApp() { Open(); }
  ~ServiceApp() override { Close(); }

  void Open() {
    metrics_ = std::make_unique<Metrics>();
    storage_ = std::make_unique<Result<Storage>>(Storage::Open(Background(), database_, scratch_.path + "/files", *metrics_));
    ASSERT_TRUE(storage_->Ok()) << storage_->Err().Message();
    Subscription<NoteChange> first = Store().Changes().Subscribe({.capacity = 1, .when_full = WhenFull::kDropOldest});
    changes_ = std::make_unique<Group>(Background());
    changes_->Go("changes", [this](const Context& ctx) { return weft::Run(ctx, [this](const Context& c) { return Store().Watch(c); }); });
    if (OnPostgres()) {
      EXPECT_EQ(std::string_view(first.Receive(Background())->kind), "lagged") << "from now on it hears of all changes";
    }
    const Result<Mux> app = MakeApp({.notes = Store(), .jobs = jobs_, .neighbour = neighbour_, .metrics = *metrics_, .files_folder = (*storage_)->FilesFolder(),
                                     .page_folder = WEFT_SERVICE_PAGE});
    ASSERT_TRUE(app.Ok()) << app.Err().Message();
    ServerOptions options;
    options.loops = 2;
    options.observer = &TheQuiet();
    server_ = std::make_unique<TestServer>(Background(), *app, options);
  }
  void Close() {
    EXPECT_TRUE(server_ == nullptr || !server_->Stop());
    server_.reset();
    if (changes_ != nullptr) {
      changes_->Cancel();
      EXPECT_FALSE(IgnoreCanceled(changes_->Wait()));
    }
    storage_.reset();
    metrics_.reset();
  }

  NoteStore& Store() { return (*storage_)->Notes(); }
  TestClient Connect() { return *server_->Connect(Background()); }
  TestResponse Do(std::string_view method, std::string_view target, std::string_view fields = {}, std::string_view body = {}) {
    TestClient client = Connect();
    Result<TestResponse> response = client.Do(Background(), method, target, fields, body);
    EXPECT_TRUE(response.Ok()) << target << ": " << response.Err().Message();
    return response.Ok() ? *std::move(response) : TestResponse();
  }
  TestResponse Create(const std::string& title) { return Do("POST", "/api/notes", kJsonType, R"({"title":")" + title + R"(","text":"x"})"); }
  TestResponse Put(const std::string& target, const std::string& tag, const std::string& title) {
    return Do("PUT", target, std::string(kJsonType) + "If-Match: " + tag + "\r\n", R"({"title":")" + title + R"(","text":"y"})");
  }

  Scratch scratch_;
  const std::string database_ = NewDatabase(scratch_.path);
  JobQueue jobs_;
  HttpClient client_;
  Neighbour neighbour_{client_};
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Result<Storage>> storage_;
  std::unique_ptr<Group> changes_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(ServiceApp, KeepsANoteFromItsCreationToItsEnd) {
  const TestResponse created = Create("tea");
  EXPECT_EQ(created.status, 201);
  const std::string at(created.Header("Location"));
  EXPECT_EQ(at, "/api/notes/1");
  EXPECT_EQ(created.Header("ETag"), "\"v1\"");

  EXPECT_EQ(Do("GET", at).body, created.body);
  const TestResponse changed = Put(at, "\"v1\"", "black tea");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.Header("ETag"), "\"v2\"");
  EXPECT_NE(changed.body.find(R"("version":2,"title":"black tea","text":"y")"), std::string::npos) << changed.body;

  EXPECT_EQ(Do("DELETE", at, "If-Match: \"v2\"\r\n").status, 204);
  EXPECT_EQ(Do("GET", at).status, 404);
  EXPECT_EQ(Create("coffee").Header("Location"), "/api/notes/2");  // not the same id again
}

TEST_F(ServiceApp, SaysWhatIsWrongWithANote) {
  const struct {
    const char* body;
    int status;
    const char* text;
  } cases[] = {
      {R"({"title":" ","text":"x"})", 422, R"({"pointer":"#/title","detail":"must not be empty"})"},
      {R"({"title":"x"})", 400, "text"},
      {R"({"title":"x","text":"x","owner":"me"})", 400, R"(member \"owner\" is not known)"},
      {R"({"title":7,"text":"x"})", 400, "/title: expected a string"},
      {"{", 400, "Bad Request"},
  };
  for (const auto& c : cases) {
    const TestResponse response = Do("POST", "/api/notes", kJsonType, c.body);
    EXPECT_EQ(response.status, c.status) << c.body;
    EXPECT_EQ(response.Header("Content-Type"), "application/problem+json");
    EXPECT_NE(response.body.find(c.text), std::string::npos) << response.body;
  }
  EXPECT_EQ(Create("a\\u0000b").status, 422);
  const std::string longest(200, 'x');
  EXPECT_EQ(Create(longest).status, 201);
  EXPECT_EQ(Create(longest + "x").status, 422);
  EXPECT_EQ(Do("POST", "/api/notes", "Content-Type: text/plain\r\n", "x").status, 415);
  EXPECT_EQ(Do("POST", "/api/notes", kJsonType, std::string(70'000, ' ')).status, 413);
}

TEST_F(ServiceApp, ListsNotesInPages) {
  for (int i = 1; i <= 5; ++i) Create("note " + std::to_string(i));

  const TestResponse first = Do("GET", "/api/notes?limit=2");
  const TestResponse second = Do("GET", "/api/notes?limit=2&after=4");
  const TestResponse last = Do("GET", "/api/notes?limit=2&after=2");

  EXPECT_LT(first.body.find("\"note 5\""), first.body.find("\"note 4\"")) << first.body;
  EXPECT_NE(first.body.find("\"next\":4"), std::string::npos) << first.body;
  EXPECT_NE(second.body.find("\"note 3\""), std::string::npos);
  EXPECT_NE(second.body.find("\"next\":2"), std::string::npos);
  EXPECT_NE(last.body.find("\"note 1\""), std::string::npos);
  EXPECT_EQ(last.body.find("next"), std::string::npos);
  for (const char* query : {"limit=0", "limit=101", "limit=x", "after=x"}) EXPECT_EQ(Do("GET", std::string("/api/notes?") + query).status, 400) << query;
}

TEST_F(ServiceApp, ChangesOnlyTheVersionThatTheClientHasSeen) {
  Create("tea");
  EXPECT_EQ(Do("PUT", "/api/notes/1", kJsonType, R"({"title":"a","text":"b"})").status, 428);
  EXPECT_EQ(Do("DELETE", "/api/notes/1").status, 428);
  EXPECT_EQ(Put("/api/notes/1", "\"v2\"", "a").status, 412);
  EXPECT_EQ(Put("/api/notes/1", "W/\"v1\"", "a").status, 412);  // a weak tag says that two are alike, not that they are the same
  EXPECT_EQ(Put("/api/notes/1", "\"v0\", \"v1\"", "a").status, 200);
  EXPECT_EQ(Put("/api/notes/1", "*", "b").status, 200);
  EXPECT_EQ(Do("DELETE", "/api/notes/1", "If-Match: \"v1\"\r\n").status, 412);
  EXPECT_EQ(Put("/api/notes/9", "*", "a").status, 404);
  EXPECT_EQ(Do("GET", "/api/notes/1", "If-None-Match: \"v3\"\r\n").status, 304);
  EXPECT_EQ(Do("GET", "/api/notes/1", "If-None-Match: \"v2\"\r\n").status, 200);
}

TEST_F(ServiceApp, OnlyOneConcurrentChangeOfAVersionWins) {
  Create("tea");
  std::atomic<int> done{0}, too_late{0};
  const Error err = weft::Run(Background(), RunOptions{.loops = 1}, [&](const Context& ctx) -> Error {
    Group group(ctx);
    for (int i = 0; i < 40; ++i) {
      group.Go("writer", [&](const Context& c) -> Error {
        Result<TestClient> client = server_->Connect(c);
        if (Error failed = client.Err()) return failed;
        const Result<TestResponse> response =
            client->Do(c, "PUT", "/api/notes/1", std::string(kJsonType) + "If-Match: \"v1\"\r\n", R"({"title":"a","text":"b"})");
        if (Error failed = response.Err()) return failed;
        ++(response->status == 200 ? done : too_late);
        EXPECT_TRUE(response->status == 200 || response->status == 412) << response->status;
        return {};
      });
    }
    return group.Wait();
  });

  EXPECT_FALSE(err) << err.Message();
  EXPECT_EQ(done, 1);
  EXPECT_EQ(too_late, 39);
}

TEST_F(ServiceApp, NotesOutliveTheProcess) {
  Create("tea");
  Close();
  Open();
  EXPECT_NE(Do("GET", "/api/notes/1").body.find("\"tea\""), std::string::npos);
}

TEST_F(ServiceApp, NotifiesListenersOfChangesInOrder) {
  TestClient listener = Connect();
  ASSERT_FALSE(listener.Send(Background(), "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(listener.ReadUntil(Background(), "retry:").Ok());
  // A change of another process is published as the note is by then, so the next one waits until the one before has arrived.
  Create("tea");
  EXPECT_TRUE(listener.ReadUntil(Background(), "event: saved\ndata: {\"id\":1,\"version\":1,").Ok());
  Put("/api/notes/1", "\"v1\"", "black tea");
  EXPECT_TRUE(listener.ReadUntil(Background(), "event: saved\ndata: {\"id\":1,\"version\":2,").Ok());
  Do("DELETE", "/api/notes/1", "If-Match: \"v2\"\r\n");
  EXPECT_TRUE(listener.ReadUntil(Background(), "event: deleted\ndata: {\"id\":1,\"version\":2,").Ok());
  server_->BeginDrain();
  EXPECT_TRUE(listener.ReadToEnd(Background())->ends_with("0\r\n\r\n"));  // the response is whole
}

TEST_F(ServiceApp, SpeaksWebSocketWithClientsOfThisOrigin) {
  EXPECT_EQ(Do("GET", "/api/chat").status, 426);
  const std::string upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
  EXPECT_EQ(Do("GET", "/api/chat", upgrade).status, 101);
  EXPECT_EQ(Do("GET", "/api/chat", upgrade + "Origin: https://elsewhere.test\r\n").status, 403);
}

TEST_F(ServiceApp, KeepsUploadsUnderNamesOfItsOwn) {
  const std::string form = "Content-Type: multipart/form-data; boundary=B\r\n";
  const std::string content(200'000, 'y');
  const auto part = [](const std::string& name, const std::string& file, const std::string& text) {
    return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file + "\"\r\n\r\n" + text + "\r\n";
  };

  const TestResponse saved = Do("POST", "/api/files", form, part("other", "a", "b") + part("file", "../../etc/cat.PNG", content) + "--B--\r\n");

  EXPECT_EQ(saved.status, 201) << saved.body;
  EXPECT_NE(saved.body.find("\"name\":\"cat.PNG\""), std::string::npos) << saved.body;
  const std::string at(saved.Header("Location"));
  EXPECT_TRUE(at.starts_with("/files/") && at.ends_with(".PNG") && at.size() == 7 + 32 + 4) << at;
  const TestResponse file = Do("GET", at);
  EXPECT_TRUE(file.body == content);
  EXPECT_EQ(file.Header("Content-Type"), "image/png");
  EXPECT_NE(file.Header("Content-Security-Policy").find("sandbox"), std::string::npos);
  EXPECT_EQ(Do("GET", at, "Range: bytes=0-9\r\n").body.size(), 10u);

  EXPECT_EQ(Do("POST", "/api/files", form, part("other", "a", "b") + "--B--\r\n").status, 400);
  EXPECT_EQ(Do("POST", "/api/files", form, part("file", "a", content).substr(0, 100'000)).status, 400);
  EXPECT_EQ(EntriesOf((scratch_.path + "/files").c_str()), 1);  // of what failed nothing is left
}

TEST_F(ServiceApp, ServesThePageAndWhatItNeeds) {
  EXPECT_NE(Do("GET", "/").body.find("<title>Notes</title>"), std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(WEFT_SERVICE_PAGE)) {
    const TestResponse file = Do("GET", "/static/" + entry.path().filename().string());
    EXPECT_EQ(file.status, 200) << entry;
    const std::string_view type = file.Header("Content-Type");
    EXPECT_TRUE(entry.path().extension() == ".js" ? type.starts_with("text/javascript") : type.starts_with("text/")) << type;
  }
  EXPECT_EQ(Do("GET", "/static/").status, 404);
  EXPECT_EQ(Do("POST", "/api/notes", std::string(kJsonType) + "Sec-Fetch-Site: cross-site\r\n", "{}").status, 403);
}

}  // namespace
}  // namespace weft
