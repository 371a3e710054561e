// SPDX-License-Identifier: Apache-2.0
//
// The example service as a process: what is kept over restarts, what it tells those who run it, how it drains under load, and curl.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "clients_kit.h"
#include "service_kit.h"

namespace weft {
namespace {

TEST(ServiceProcess, KeepsNotesAndFilesUnderTheGivenPaths) {
  const Scratch scratch;
  const std::vector<std::string> flags = {"--database", NewDatabase(scratch.path), "--files", scratch.path + "/files"};
  {
    Service first(flags);
    EXPECT_EQ(first.Do("POST", "/api/notes", kJsonType, kTea).status, 201);
    EXPECT_EQ(first.End(), 0);
  }
  Service second(flags);
  EXPECT_NE(second.Do("GET", "/api/notes").body.find("\"tea\""), std::string::npos);
  EXPECT_EQ(second.End(), 0);
  EXPECT_TRUE(std::filesystem::is_directory(scratch.path + "/files"));
}

// A service whose temporary folder lies in this one.
struct ServiceIn : Service {
  explicit ServiceIn(const Scratch& scratch) : Service(Flags(scratch)) { unsetenv("TMPDIR"); }
  static std::vector<std::string> Flags(const Scratch& scratch) {
    std::vector<std::string> flags;
    if (OnPostgres()) flags = {"--database", NewDatabase(scratch.path)};
    setenv("TMPDIR", scratch.path.c_str(), 1);
    return flags;
  }
};

TEST(ServiceProcess, LeavesNothingInTheTemporaryFolder) {
  const Scratch scratch;
  ServiceIn service(scratch);
  EXPECT_EQ(service.Do("POST", "/api/notes", kJsonType, kTea).status, 201);
  EXPECT_EQ(EntriesOf(scratch.path.c_str()), 1);
  EXPECT_EQ(service.End(), 0);
  EXPECT_EQ(EntriesOf(scratch.path.c_str()), 0);
}

TEST(ServiceProcess, RemovesWhatAKilledOneHasLeftInTheTemporaryFolder) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.path + "/weft-something-else");
  ServiceIn lives(scratch);
  {
    ServiceIn killed(scratch);
    EXPECT_EQ(killed.Do("POST", "/api/files", "Content-Type: multipart/form-data; boundary=B\r\n",
                        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nb\r\n--B--\r\n").status, 201);
    killed.process.Signal(SIGKILL);
    EXPECT_EQ(killed.process.Wait(), -SIGKILL);
  }
  EXPECT_EQ(EntriesOf(scratch.path.c_str()), 3);

  ServiceIn next(scratch);

  EXPECT_EQ(EntriesOf(scratch.path.c_str()), 3) << "that of the one that lives, the next one's, and what is not theirs";
  EXPECT_EQ(lives.Do("POST", "/api/notes", kJsonType, kTea).status, 201);
  EXPECT_EQ(lives.End(), 0);
  EXPECT_EQ(next.End(), 0);
  EXPECT_EQ(EntriesOf(scratch.path.c_str()), 1);
}

TEST(ServiceProcess, SaysWhichFileItCannotUse) {
  Process service(std::string(WEFT_EXAMPLES_DIR) + "/service", {"--address", "127.0.0.1:0", "--database", "/dev/null/notes.db"});
  EXPECT_EQ(service.Wait(), 1);
  EXPECT_NE(service.Errors().find("/dev/null/notes.db: unable to open database file"), std::string::npos);
}

TEST(ServiceProcess, WritesTheIdOfTheRequestInEachLineAndCountsByRoute) {
  Service service({"--access-log"});
  const TestResponse created = service.Do("POST", "/api/notes", kJsonType, kTea);
  const std::string id = "[" + std::string(created.Header("X-Request-Id")) + "] ";

  const std::string metrics = Fetch(service.debug, "/metrics").body;
  EXPECT_NE(metrics.find(R"(http_server_request_duration_seconds_count{http_request_method="POST",http_route="/api/notes",http_response_status_code="201"} 1)"),
            std::string::npos);
  EXPECT_NE(metrics.find("\nnotes_writes_total{result=\"created\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("\nweft_server_connections_opened_total{server=\"app\"} 1\n"), std::string::npos);

  EXPECT_EQ(service.End(), 0);
  const std::string log = service.process.Errors();
  EXPECT_NE(log.find(id + "created note 1\n"), std::string::npos) << log;
  EXPECT_NE(log.find("\"POST /api/notes HTTP/1.1\" 201"), std::string::npos) << log;
  EXPECT_EQ(Occurrences(log, id), 2) << log;
}

// What writers and listeners have seen when the service has ended.
struct Load {
  explicit Load(const Service& service) : service_(service) {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this] { Write(); });
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this] { Listen(); });
    while (created_count < 200 || listening < 4) std::this_thread::yield();
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
  }

  std::mutex lock;
  std::set<std::string> created;  // where the notes are that were made
  std::atomic<int> created_count{0}, unknown{0}, cut{0}, listening{0}, whole{0};

 private:
  void Write() {
    TestClient client = service_.Connect();
    while (true) {
      const Result<TestResponse> response = client.Post(Background(), "/api/notes", kTea, kJsonType);
      if (const Error err = response.Err()) {
        // Sent when the connection was about to be closed: nothing came back, so the client cannot know what became of it.
        const bool nothing_came = err.Is(std::errc::connection_reset) || err.Is(std::errc::broken_pipe) || err.Message().find("after \"\"") != std::string::npos;
        return void(++(nothing_came ? unknown : cut));
      }
      if (response->status != 201) return void(++cut);
      const std::lock_guard hold(lock);
      created.insert(std::string(response->Header("Location")));
      ++created_count;
      if (response->Header("Connection") == "close") return;
    }
  }
  void Listen() {
    TestClient client = service_.Connect();
    if (client.Send(Background(), "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n")) return;
    if (!client.ReadUntil(Background(), "retry:").Ok()) return;
    ++listening;
    const Result<std::string> events = client.ReadToEnd(Background());
    if (events.Ok() && events->ends_with("0\r\n\r\n")) ++whole;
  }

  const Service& service_;
  std::vector<std::thread> threads_;
};

TEST(ServiceProcess, LosesNothingInADrainUnderLoad) {
  const Scratch scratch;
  const std::vector<std::string> flags = {"--database", NewDatabase(scratch.path)};
  Service service(flags);
  Load load(service);

  EXPECT_EQ(service.End(), 0);
  load.Join();

  EXPECT_EQ(load.cut, 0);
  EXPECT_EQ(load.whole, 4) << "streams that ended in good order";
  Service next(flags);
  std::set<std::string> kept;
  for (std::string after; true;) {
    const std::string page = next.Do("GET", "/api/notes?limit=100" + after).body;
    for (std::size_t at = page.find("{\"id\":"); at != std::string::npos; at = page.find("{\"id\":", at + 1)) {
      kept.insert("/api/notes/" + page.substr(at + 6, page.find(',', at) - at - 6));
    }
    const std::size_t more = page.find("\"next\":");
    if (more == std::string::npos) break;
    after = "&after=" + page.substr(more + 7, page.find('}', more) - more - 7);
  }
  for (const std::string& note : load.created) EXPECT_TRUE(kept.contains(note)) << note << " was confirmed and is gone";
  EXPECT_LE(kept.size(), load.created.size() + static_cast<std::size_t>(load.unknown)) << "notes that nobody has made";
  EXPECT_EQ(next.End(), 0);
}

TEST(ServiceCurl, DoesWhatItsReadmeSays) {
  WEFT_NEEDS(curl, "curl");
  Service service;
  const auto run = [&](std::vector<std::string> arguments, const std::string& path) {
    arguments.insert(arguments.begin(), {"-sS", "-w", " %{http_code}"});
    arguments.push_back(service.app + path);
    return RunProgram(curl, arguments).out;
  };
  EXPECT_TRUE(run({"--json", std::string(kTea)}, "/api/notes").ends_with("} 201"));
  EXPECT_TRUE(run({}, "/api/notes/1").starts_with("{\"id\":1,\"version\":1,\"title\":\"tea\""));
  EXPECT_TRUE(run({"-X", "PUT", "-H", "If-Match: \"v1\"", "--json", std::string(kTea)}, "/api/notes/1").ends_with("} 200"));
  EXPECT_TRUE(run({"-X", "DELETE", "-H", "If-Match: \"v1\""}, "/api/notes/1").ends_with(" 412"));
  const TemporaryFile file(std::string(300'000, 'z'));
  const std::string saved = run({"-F", "file=@" + file.Path()}, "/api/files");
  EXPECT_TRUE(saved.ends_with("\"size\":300000} 201")) << saved;
  const std::size_t url = saved.find("/files/");
  EXPECT_EQ(run({"-o", "/dev/null"}, saved.substr(url, saved.find('"', url) - url)), " 200");
  EXPECT_EQ(service.End(), 0);
}

}  // namespace
}  // namespace weft
