// SPDX-License-Identifier: Apache-2.0
//
// What the example service does with a database that others use, too, that is slow, or that goes away. What it has in common with SQLite:
// the other tests of the service, which an entry of ctest runs on PostgreSQL as well.
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>

#include "../../examples/service/postgres_notes.h"
#include "service_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// A client of the events of a service, from which on none is missed.
TestClient Listen(const Service& service) {
  TestClient client = service.Connect();
  EXPECT_FALSE(client.Send(Background(), "GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_TRUE(client.ReadUntil(Background(), "retry:").Ok());
  return client;
}

// Until this has come; what comes later stays for the next call.
void AwaitEvent(TestClient& listener, const std::string& text) {
  const CancelScope scope = WithTimeout(Background(), 30s);
  const Error err = listener.ReadUntil(scope.ctx, text).Err();
  EXPECT_FALSE(err) << text.substr(0, 100) << ": " << err.Message();
}

// Makes notes until a listener hears of one: from then on the service listens to the database.
void AwaitListening(const Service& service, TestClient& listener) {
  EXPECT_EQ(service.Do("POST", "/api/notes", kJsonType, kTea).status, 201);
  AwaitEvent(listener, "event: ");
}

TEST(ServiceOnPostgres, SeveralProcessesSeeEachOthersChanges) {
  WEFT_NEEDS_POSTGRES();
  const std::string url = NewPostgresUrl();
  Service one({"--database", url}), other({"--database", url});
  TestClient listener = Listen(other);
  AwaitListening(other, listener);

  const std::string text(20'000, 'x');  // more than a notification holds
  const TestResponse created = one.Do("POST", "/api/notes", kJsonType, R"({"title":"long","text":")" + text + R"("})");
  const std::string at(created.Header("Location"));
  AwaitEvent(listener, "\"title\":\"long\",\"text\":\"" + text + "\"");
  EXPECT_EQ(one.Do("DELETE", at, "If-Match: \"v1\"\r\n").status, 204);
  AwaitEvent(listener, "event: deleted\ndata: {\"id\":" + at.substr(at.rfind('/') + 1) + ",");

  EXPECT_EQ(one.End(), 0);
  EXPECT_EQ(other.End(), 0);
}

TEST(ServiceOnPostgres, IsWithoutTheDatabaseFor503AndHeals) {
  WEFT_NEEDS_POSTGRES();
  Service service({"--database", NewPostgresUrl()});
  TestClient listener = Listen(service);
  AwaitListening(service, listener);

  DatabaseServer().Kill();
  const TestResponse refused = service.Do("GET", "/api/notes");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Content-Type"), "application/problem+json");
  EXPECT_EQ(refused.body.find("topsecret"), std::string::npos) << refused.body;
  while (Fetch(service.debug, "/readyz").status != 503) {
  }
  EXPECT_EQ(Fetch(service.debug, "/healthz").status, 200) << "a restart of the service would not help";

  const Error failed = DatabaseServer().Restart();
  ASSERT_FALSE(failed) << failed.Message();
  while (Fetch(service.debug, "/readyz").status != 200) {
  }
  AwaitEvent(listener, "event: lagged");  // the page reads its list anew
  // While connections are still made anew a changed note may be out of reach, and the page has to read all again.
  for (std::string event = "lagged"; event.starts_with("lagged"); event = *listener.ReadUntil(Background(), "\n")) {
    EXPECT_EQ(service.Do("POST", "/api/notes", kJsonType, R"({"title":"after","text":"x"})").status, 201);
    AwaitEvent(listener, "event: ");
  }
  AwaitEvent(listener, "\"title\":\"after\"");

  EXPECT_EQ(service.End(), 0);
  const std::string errors = service.process.Errors();
  EXPECT_EQ(errors.find("topsecret"), std::string::npos) << errors;
}

// A session that holds the whole table, as a migration does by hand.
class TableLock {
 public:
  explicit TableLock(const std::string& database) : db_({.conninfo = ConnInfoOf(database)}) {
    thread_ = std::thread([this] {
      EXPECT_FALSE(db_.InTransaction(Background(), [this](const Context& c, postgres::Transaction& tx) -> Error {
        if (Error err = tx.Execute(c, "lock table notes in access exclusive mode").Err()) return err;
        held_.Set();
        return end_.Wait(c);
      }));
    });
    EXPECT_FALSE(held_.Wait(Background()));
  }
  ~TableLock() {
    end_.Set();
    thread_.join();
  }
  // How many statements of the service wait for it.
  std::int64_t Waiting() {
    const auto count = db_.QueryOne<std::int64_t>(Background(), "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
    EXPECT_TRUE(count.Ok()) << count.Err().Message();
    return count.Ok() ? count->value_or(-1) : -1;
  }

 private:
  postgres::Pool db_;
  Event held_, end_;
  std::thread thread_;
};

TEST(ServiceOnPostgres, ADisconnectLeavesNoStatementInTheServer) {
  WEFT_NEEDS_POSTGRES();
  std::string database;
  Service service({"--database", NewPostgresUrl(&database)});
  TableLock lock(database);
  {
    TestClient reader = service.Connect(), writer = service.Connect();
    EXPECT_FALSE(reader.Send(Background(), "GET /api/notes HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_FALSE(writer.Send(Background(), "POST /api/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                                               std::to_string(kTea.size()) + "\r\n\r\n" + std::string(kTea)));
    while (lock.Waiting() < 2) {
    }
  }
  while (lock.Waiting() != 0) {
  }
}

TEST(ServiceOnPostgres, TheEndOfACallsContextIsThatOfItsStatement) {
  WEFT_NEEDS_POSTGRES();
  std::string database;
  const std::string url = NewPostgresUrl(&database);
  Metrics metrics;
  const Result<std::unique_ptr<NoteStore>> notes = OpenPostgresNotes(Background(), url, metrics);
  ASSERT_TRUE(notes.Ok()) << notes.Err().Message();
  {
    TableLock lock(database);
    const CancelScope soon = WithTimeout(Background(), 50ms);
    EXPECT_TRUE((*notes)->Get(soon.ctx, 1).Err().Is(kDeadlineExceeded));
    EXPECT_EQ(lock.Waiting(), 0);
    const CancelScope later = WithTimeout(Background(), 50ms);
    EXPECT_TRUE((*notes)->Create(later.ctx, {.title = "tea", .text = "green"}).Err().Is(kDeadlineExceeded));
    EXPECT_EQ(lock.Waiting(), 0);
  }
  EXPECT_TRUE((*notes)->List(Background(), 1, {})->notes.empty()) << "after an Error nothing has changed";
}

TEST(ServiceOnPostgres, OnlyOneOfManyProcessesCreatesTheTables) {
  WEFT_NEEDS_POSTGRES();
  const std::string url = NewPostgresUrl();
  Metrics metrics[8];
  std::vector<std::thread> threads;
  for (Metrics& each : metrics) {
    threads.emplace_back([&] {
      const Result<std::unique_ptr<NoteStore>> notes = OpenPostgresNotes(Background(), url, each);
      EXPECT_TRUE(notes.Ok()) << notes.Err().Message();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// What it says about a --database that it cannot use.
std::string Complaint(const std::string& url) {
  Process service(std::string(WEFT_EXAMPLES_DIR) + "/service", {"--address", "127.0.0.1:0", "--debug-address", "127.0.0.1:0", "--database", url});
  EXPECT_EQ(service.Wait(), 1) << url;
  return service.Rest() + service.Errors();
}

TEST(ServiceOnPostgres, LeavesTablesOfANewerServiceAlone) {
  WEFT_NEEDS_POSTGRES();
  std::string database;
  const std::string url = NewPostgresUrl(&database);
  postgres::Pool db({.conninfo = ConnInfoOf(database)});
  EXPECT_FALSE(db.Execute(Background(), "create table notes_schema as select 1000::bigint as version").Err());
  EXPECT_NE(Complaint(url).find("the tables are of version 1000, and this service knows 3 at most"), std::string::npos);
}

TEST(ServiceOnPostgres, NeverRepeatsThePassword) {
  WEFT_NEEDS_POSTGRES();
  const std::string good = NewPostgresUrl();
  const auto with = [&](const std::string& from, const std::string& to) { return std::string(good).replace(good.find(from), from.size(), to); };
  const struct {
    std::string url;
    const char* says;
  } cases[] = {
      {with("topsecret", "notsecret"), "password authentication failed for user \"weft\""},
      {with("topsecret", "top%zzsecret"), "percent-encoded"},
      {with("topsecret", "top/secret"), "percent-encode"},
      {with("topsecret", "top@secret"), "percent-encode"},
      {with("?host=", "?hots="), "URI query parameter"},
      {with("?host=/", "?host=/nowhere/"), "No such file or directory"},
      {with("postgres://", "mysql://"), "a URL that begins with postgres://"},
  };
  for (const auto& c : cases) {
    const std::string said = Complaint(c.url);
    EXPECT_NE(said.find(c.says), std::string::npos) << said;
    EXPECT_EQ(said.find("secret"), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace weft
