// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;

// How a client gets its connection into a state of the server.
struct State {
  const char* name;
  std::function<void(const Context&, TestClient&)> enter;
  bool in_handler = false;  // which shows that the state is reached
};

std::function<void(const Context&, TestClient&)> Sending(std::string bytes) {
  return [bytes = std::move(bytes)](const Context& ctx, TestClient& client) { EXPECT_FALSE(client.Send(ctx, bytes)); };
}

// The answer shows that what was sent has been read.
std::function<void(const Context&, TestClient&)> Answered(std::string bytes, int status) {
  return [bytes = std::move(bytes), status](const Context& ctx, TestClient& client) {
    EXPECT_FALSE(client.Send(ctx, bytes));
    EXPECT_EQ(client.ReadResponse(ctx)->status, status);
  };
}

std::string PostPart(const std::string& target, const std::string& more) {
  return "POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n" + more;
}

std::vector<State> States() {
  return {
      {"Fresh", [](const Context&, TestClient&) {}},
      {"FirstHead", Sending("GET / HTTP/1.1\r\nHo")},
      {"Idle", Answered(Get("/"), 200)},
      {"LaterHead", Answered(Get("/") + "GET / HTTP/1.1\r\nHo", 200)},
      {"Pipelined", Sending(Get("/") + Get("/big?n=1000000") + Get("/") + Get("/nap"))},
      {"Parked", Sending(Get("/park")), true},
      {"ParkedAndPipelined", Sending(Get("/park") + Get("/park") + Get("/")), true},
      {"Body", Sending(PostPart("/sink-long", "\r\nsome")), true},
      {"Continue", Answered(PostPart("/sink-long", "Expect: 100-continue\r\n\r\n"), 100), true},
      {"Answering", Sending(Get("/endless")), true},
      {"Echoing", Sending(PostPart("/echo", "\r\n" + std::string(20'000, 'e'))), true},
      {"Draining", Answered(PostPart("/ignore", "\r\nsome"), 200)},
      {"Closing", Answered("what?\r\n\r\n", 400)},
      {"LastAnswer", Answered("GET / HTTP/1.0\r\n\r\n", 200)},
  };
}

void PrintTo(const State& state, std::ostream* out) { *out << state.name; }

class LeavingClients : public ::testing::TestWithParam<State> {};

std::vector<TestClient> Enter(const Context& ctx, const Target& target, int count) {
  const State& state = ::testing::TestWithParam<State>::GetParam();
  std::vector<TestClient> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(Dial(ctx, target));
    state.enter(ctx, clients.back());
  }
  if (state.in_handler) {
    EXPECT_TRUE(target.Eventually([&] { return target.Stat("running") == count; })) << target.Stat("running");
  }
  return clients;
}

TEST_P(LeavingClients, ResettingOrClosingLeavesNothing) {
  Withstand({}, [](const Context& ctx, const Target& target) {
    bool by_reset = false;
    for (TestClient& client : Enter(ctx, target, Many(100))) (by_reset = !by_reset) ? client.Reset() : client.Close();
  });
}

// They stay connected and say nothing more. Whoever does not read either is in the end given up.
TEST_P(LeavingClients, HalfClosedOnesAreClosed) {
  Withstand({.arguments = {"write_stall_timeout=" + std::to_string(Ms(300))}, .rounds = 2}, [](const Context& ctx, const Target& target) {
    std::vector<TestClient> clients = Enter(ctx, target, Many(100));
    for (TestClient& client : clients) client.CloseSend();
    const bool reads = std::string_view(GetParam().name) != "Answering";
    for (TestClient& client : clients) {
      if (reads) {
        static_cast<void>(ReadUntilEnd(ctx, client));
      } else {
        EXPECT_TRUE(BrokenWithoutReading(ctx, client));
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(In, LeavingClients, ::testing::ValuesIn(States()),
                         [](const ::testing::TestParamInfo<State>& one) { return std::string(one.param.name); });

TEST(LeavingClients, LeavingTheQueueLeavesNothing) {
  Withstand({.arguments = {"requests_max=4", "queued_requests_max=1000"}}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(80), [&](const Context& c, int i) {
      TestClient client = Dial(c, target);
      EXPECT_FALSE(client.Send(c, Get("/nap") + Get("/nap")));
      if (Sleep(c, milliseconds(i % 8))) return;
      switch (i % 4) {
        case 0: client.Reset(); break;
        case 1: client.Close(); break;
        case 2:
          client.CloseSend();
          static_cast<void>(ReadUntilEnd(c, client));
          break;
        default: EXPECT_EQ(client.ReadResponse(c)->body, "rested");
      }
    });
  });
}

// One life of a client that keeps its connection for some requests and goes in the middle of something.
void LiveAndAbort(const Context& ctx, const Target& target, std::mt19937& random) {
  TestClient client = Dial(ctx, target);
  for (unsigned left = random() % 5; left > 0; --left) {
    EXPECT_EQ(client.Get(ctx, "/")->body, "hello");
  }
  const std::string requests[] = {Get("/big?n=200000"), Get("/nap"), PostPart("/echo", "\r\n" + std::string(random() % 100'000, 'r')),
                                  Get("/") + Get("/nap") + Get("/")};
  const std::string& request = requests[random() % 4];
  if (client.Send(ctx, std::string_view(request).substr(0, random() % 2 == 0 ? request.size() : random() % request.size()))) return;
  if (random() % 2 == 0) {
    const CancelScope scope = WithTimeout(ctx, milliseconds(random() % 4));
    static_cast<void>(client.ReadSome(scope.ctx));
  }
  if (random() % 2 == 0) client.Reset();
}

TEST(LeavingClients, LeavingAtAnyMomentLeavesNothing) {
  Withstand({}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, 32, [&](const Context& c, int i) {
      std::mt19937 random(static_cast<unsigned>(i));
      for (int life = 0; life < Many(40); ++life) LiveAndAbort(c, target, random);
    });
  });
}

}  // namespace
}  // namespace weft
