// SPDX-License-Identifier: Apache-2.0
//
// Requests that are long by their nature: what they leave to others, and the limit of their own.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "hijack_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

ServerOptions Places(std::uint64_t requests, std::uint64_t long_lived) {
  ServerOptions options;
  options.requests_max = requests;
  options.long_lived_max = long_lived;
  return options;
}

void Ask(Client& client, std::string_view target) { client.Send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n"); }

// "/feed" is long-lived, "/chat" is hijacked, and "/5" takes five seconds.
Error ServeLongLived(ResponseWriter& w, Request& r) {
  if (r.Path() == "/chat") return EchoUpgrade(w, r);
  if (r.Path() == "/feed") {
    if (!r.LongLived()) return HttpError(503);
    if (Error err = w.Flush()) return err;
    return Sleep(r.Ctx(), hours(1));
  }
  if (Error err = Sleep(r.Ctx(), seconds(std::atoi(std::string(r.Path().substr(1)).c_str())))) return err;
  return w.Write(r.Target());
}

TEST(LongLived, AThousandOfThemLeaveAllSlotsToOthers) {
  Virtually([](const Context& ctx) {
    Site site(ctx, ServeLongLived, Places(2, 1000));
    std::vector<Client> clients;
    for (int i = 0; i < 500; ++i) clients.push_back(Upgraded(site));
    for (int i = 0; i < 500; ++i) {
      clients.push_back(site.Connect());
      Ask(clients.back(), "/feed");
      clients.back().Until("\r\n\r\n");
    }
    const TimePoint begin = Now();
    std::vector<Client> ordinary;
    for (int i = 0; i < 4; ++i) {
      ordinary.push_back(site.Connect());
      Ask(ordinary.back(), "/2");
    }

    for (Client& client : ordinary) EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_EQ(Now() - begin, seconds(4));  // two at a time
    clients[250].Send("still here");
    EXPECT_EQ(clients[250].Until("still here"), "still here");
    EXPECT_EQ(site.Count("limit long-lived requests"), 0);
  });
}

TEST(LongLived, AHijackBeyondTheLimitGets503) {
  Virtually([](const Context& ctx) {
    Site site(ctx, ServeLongLived, Places(10, 2));
    Client feed = site.Connect();
    Ask(feed, "/feed");
    feed.Until("\r\n\r\n");
    {
      Client chat = Upgraded(site);
      Client refused = site.Connect();
      refused.Send(kUpgrade);

      const TestResponse response = refused.ReadResponse();
      EXPECT_EQ(response.status, 503);
      EXPECT_TRUE(response.Has("Retry-After"));
      EXPECT_EQ(site.Count("limit long-lived requests"), 1);
      EXPECT_EQ(refused.Get("/0").body, "/0");  // and its connection goes on
    }
    (void)Sleep(ctx, milliseconds(1));
    Upgraded(site);  // there is room again
  });
}

TEST(LongLived, BeyondTheLimitARequestKeepsItsDeadlineAndItsSlot) {
  Virtually([](const Context& ctx) {
    ServerOptions options = Places(1, 1);
    options.request_timeout = seconds(5);
    std::vector<bool> granted;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/feed") granted.push_back(r.LongLived());
      if (r.Path() == "/feed" && !granted.back()) {
        EXPECT_FALSE(r.LongLived());  // asking again does not help
      }
      if (Error err = Sleep(r.Ctx(), seconds(r.Path() == "/feed" ? 50 : 0))) return err;
      return w.Write(r.Target());
    }, options);
    Client first = site.Connect();
    Client second = site.Connect();
    Client ordinary = site.Connect();
    const TimePoint begin = Now();
    Ask(first, "/feed");
    (void)Sleep(ctx, milliseconds(1));
    Ask(second, "/feed");
    (void)Sleep(ctx, milliseconds(1));
    Ask(ordinary, "/0");

    EXPECT_EQ(second.ReadResponse().status, 504);
    EXPECT_EQ(ordinary.ReadResponse().body, "/0");  // waited for the place
    EXPECT_GE(Now() - begin, seconds(5));
    EXPECT_LT(Now() - begin, seconds(6));
    EXPECT_EQ(first.ReadResponse().body, "/feed");
    EXPECT_THAT(granted, ::testing::ElementsAre(true, false));
    EXPECT_EQ(site.Count("limit long-lived requests"), 2);
  });
}

// The requests behind a long-lived one on its connection count like all others.
TEST(LongLived, TheRequestAfterOneTakesASlotAgain) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/long") {
        r.LongLived();
        return w.Write("long");
      }
      return ServeLongLived(w, r);
    }, Places(1, 10));
    for (int round = 0; round < 3; ++round) {
      Client client = site.Connect();
      client.Send("GET /long HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
      (void)Sleep(ctx, milliseconds(1));
      const TimePoint begin = Now();
      Client other = site.Connect();
      Ask(other, "/0");

      EXPECT_EQ(other.ReadResponse().body, "/0");
      EXPECT_GE(Now() - begin, seconds(1));
      EXPECT_EQ(client.ReadResponse().body, "long");
      EXPECT_EQ(client.ReadResponse().body, "/2");
    }
  });
}

TEST(LongLived, NoSlotIsEverLost) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() != "/chat") return ServeLongLived(w, r);
      Result<Stream> stream = SwitchToEcho(w);
      if (Error err = stream.Err()) return err;
      std::array<char, 1> how;
      const Result<std::size_t> n = stream->Read(how);
      if (n.Err() || *n == 0) return n.Err();
      if (how[0] == 't') throw 1;
      if (how[0] == 'a') w.Abort();
      return Error::New("refused");
    }, Places(1, 3));
    for (int round = 0; round < 20; ++round) {
      for (const char* how : {"t", "a", "e", ""}) {
        Client client = Upgraded(site);
        client.Send(how);
        if (round % 2 == 0) client.raw().CloseSend();
      }
      (void)Sleep(ctx, milliseconds(1));
      EXPECT_EQ(site.Connect().Get("/0").body, "/0");
    }
    EXPECT_EQ(site.Count("limit"), 0);
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(Upgraded(site));
  });
}

// A sanitizer's memory says nothing about weft's.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
std::size_t ResidentBytes() {
  long pages = 0;
  long resident = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<std::size_t>(resident) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// A fiber that is parked in its read, an exchange, and nothing for buffers of responses.
TEST(LongLived, AHijackedConnectionTakesLittleMemory) {
  constexpr std::size_t kHeldConnections = 400;  // with both ends in one process, below the usual limit of descriptors
  Virtually([](const Context& ctx) {
    std::size_t parked = 0;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) {
      ++parked;
      std::array<char, 256> piece;
      return stream.Read(piece).Err();
    }));
    std::vector<Client> clients;  // who do not read, and so have no buffers either
    const auto add = [&](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(site.Connect());
        clients.back().Send(kUpgrade);
      }
      while (parked < clients.size()) (void)Sleep(ctx, milliseconds(1));
    };
    add(20);
    const std::size_t before = ResidentBytes();
    add(kHeldConnections);

    const std::size_t each = (ResidentBytes() - before) / kHeldConnections;
    RecordProperty("bytes", static_cast<int>(each));
    EXPECT_LT(each, 16 * 1024u);
  });
}
#endif

}  // namespace
}  // namespace weft
