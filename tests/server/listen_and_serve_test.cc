// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <system_error>

#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>
#include <weft/server/listen_and_serve.h>

#include "server_kit.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

ServerOptions At(std::string address) {
  ServerOptions options;
  options.address = std::move(address);
  return options;
}

Error Serve(const ServerOptions& options) { return ListenAndServe(Background(), options, Say("x")); }

TEST(ListenAndServe, ReportsTheBoundAddress) {
  struct Row {
    const char* address;
    const char* bound;
    const char* peer;
  };
  const std::string abstract = "unix:@weft-test-" + std::to_string(getpid());  // two runs of the tests may meet on one machine
  for (const Row& row : {Row{"127.0.0.1:0", "http://127\\.0\\.0\\.1:[0-9]+", "127\\.0\\.0\\.1:[0-9]+"},
                         Row{"[::1]:0", "http://\\[::1\\]:[0-9]+", "\\[::1\\]:[0-9]+"},
                         Row{"localhost:0", "http://127\\.0\\.0\\.1:[0-9]+", "127\\.0\\.0\\.1:[0-9]+"},
                         Row{abstract.c_str(), abstract.c_str(), "unix"}}) {
    SCOPED_TRACE(row.address);
    Site site(Background(), [](ResponseWriter& w, Request& r) { return w.Write(r.Peer()); }, At(row.address));

    EXPECT_THAT(site.server().Bound(), MatchesRegex(row.bound));
    EXPECT_THAT(site.Connect().Get("/").body, MatchesRegex(row.peer));
    EXPECT_FALSE(site.Stop());
  }
}

// However few there are: it serves, or says what is missing, and leaves nothing behind.
TEST(ListenAndServe, WithTooFewDescriptorsIsAnError) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at classes that it has not met through a pipe";
#endif
  const auto open_ones = [] {
    int next = dup(0);
    close(next);
    return next;
  };
  const int first = open_ones();
  ServerOptions options = At("127.0.0.1:0");
  options.loops = 2;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  bool listens = false;
  int enough = 0;
  for (; !listens; ++enough) {
    const CancelScope scope = WithCancel(Background());
    options.on_listen = [&](std::string_view) {
      listens = true;
      scope.cancel();
    };
    rlimit few = before;
    few.rlim_cur = static_cast<rlim_t>(first + enough);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    const Error err = ListenAndServe(scope.ctx, options, Say("x"));
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(static_cast<bool>(err), !listens) << err.Message();
    if (err) {
      EXPECT_THAT(err.Message(), ::testing::EndsWith("Too many open files"));
    }
    EXPECT_EQ(open_ones(), first);
  }
  EXPECT_GT(enough, 4);
}

// It started the loops itself, so nobody else can tell. Ends when the watchdog of real time has looked.
TEST(ListenAndServe, ReportsTheFiberThatHoldsALoop) {
  Site* self = nullptr;
  Site site(Background(), [&](ResponseWriter& w, Request&) -> Error {
    while (self->Count("stalled ") == 0) {
    }
    return w.Write("at last");
  }, At("127.0.0.1:0"));
  self = &site;

  EXPECT_EQ(site.Connect().Get("/hog").body, "at last");
  EXPECT_THAT(site.Events(), ::testing::Contains(::testing::ContainsRegex("stalled .*GET /hog")));
  EXPECT_FALSE(site.Stop());
}

TEST(ListenAndServe, ServesOnAUnixSocketAndRemovesIt) {
  std::string folder = ::testing::TempDir() + "weftXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/socket";
  {
    Site site(Background(), Say("local"), At("unix:" + path));
    EXPECT_EQ(site.server().Bound(), "unix:" + path);
    EXPECT_EQ(site.Connect().Get("/").body, "local");

    const Error err = Serve(At("unix:" + path));
    EXPECT_EQ(err.Message(), "listen on unix:" + path + ": Address already in use");
  }
  EXPECT_EQ(access(path.c_str(), F_OK), -1);
  rmdir(folder.c_str());
}

TEST(ListenAndServe, SaysWhyItCannotListen) {
  Site taken(Background(), Say("x"), At("127.0.0.1:0"));
  const std::string address = taken.server().Bound().substr(std::string("http://").size());

  const Error err = Serve(At(address));

  EXPECT_TRUE(err.Is(std::errc::address_in_use));
  EXPECT_EQ(err.Message(), "listen on " + address + ": Address already in use");
  EXPECT_TRUE(Serve(At("unix:/nowhere/socket")).Is(std::errc::no_such_file_or_directory));
  EXPECT_THAT(Serve(At("127.0.0.1")).Message(), HasSubstr("127.0.0.1"));
}

TEST(ListenAndServe, TakesAnAddressAlone) {
  const CancelScope done = WithCancel(Background());
  done.cancel();

  EXPECT_FALSE(ListenAndServe(done.ctx, "127.0.0.1:0", Say("x")));
}

TEST(ListenAndServe, EndsAtOnceUnderADoneContext) {
  Virtually([](const Context& ctx) {
    const CancelScope done = WithCancel(ctx);
    done.cancel();
    const TimePoint begin = Now();

    EXPECT_FALSE(ListenAndServe(done.ctx, At("unix:@weft-test-done"), Say("x")));
    EXPECT_EQ(Now(), begin);
  });
}

TEST(ListenAndServe, InAFiberItCannotHaveLoopsOfItsOwn) {
  Virtually([](const Context& ctx) {
    ServerOptions options = At("unix:@weft-test-loops");
    options.loops = 2;

    EXPECT_THAT(ListenAndServe(ctx, options, Say("x")).Message(), HasSubstr("options.loops is 2"));
  });
}

TEST(ListenAndServe, InAFiberItServesOnTheLoopsOfItsScheduler) {
  RunOptions run;
  run.loops = 3;
  const Error err = weft::Run(Background(), run, [](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) { return w.Write(std::to_string(Loop::Current()->Index())); });
    std::map<std::string, int> served;
    std::vector<Client> clients;
    for (int i = 0; i < 30; ++i) {
      clients.push_back(site.Connect());
      ++served[clients.back().Get("/").body];
    }

    // Evenly, but for a loop that the system does not let run for a while.
    ASSERT_EQ(served.size(), 3U);
    for (const auto& [loop, count] : served) EXPECT_NEAR(count, 10, 3) << loop;
    EXPECT_FALSE(site.Stop());
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(ListenAndServe, TwoServersShareAScheduler) {
  Virtually([](const Context& ctx) {
    Site first(ctx, Say("first"));
    Site second(ctx, Say("second"));
    Client client = second.Connect();

    EXPECT_EQ(first.Connect().Get("/").body, "first");
    EXPECT_FALSE(first.Stop());
    EXPECT_EQ(client.Get("/").body, "second");  // outlives it
    EXPECT_FALSE(second.Stop());
  });
}

TEST(ListenAndServe, AnExceptionOutOfOnListenComesBack) {
  ServerOptions options = At("127.0.0.1:0");
  options.on_listen = [](std::string_view) { throw std::runtime_error("no"); };

  EXPECT_EQ(Serve(options).Message(), "no");
}

}  // namespace
}  // namespace weft
