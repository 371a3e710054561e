// SPDX-License-Identifier: Apache-2.0
//
// Whom a request and its response may have to wait for in a batch.
#include <string>
#include <vector>

#include "batch_kit.h"

namespace weft {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(BatchLatency, AResponseWaitsForAtMostOneSlowHandler) {
  PlayOnRealTime([](const Context& ctx) {
    Crowd* all = nullptr;
    bool had_response = false;
    Crowd crowd(ctx, 3, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/1") Compute(milliseconds(1));
      if (r.Path() == "/2") had_response = GetsResponse(all->clients[0]);
      return w.Write(r.Target());
    });
    all = &crowd;

    crowd.AllAsk();
    crowd.AllHaveResponses();

    EXPECT_TRUE(had_response);
  });
}

TEST(BatchLatency, ResponsesDoNotWaitForSlowHandlers) {
  PlayOnRealTime([](const Context& ctx) {
    Crowd* all = nullptr;
    bool had_response = false;
    Crowd crowd(ctx, 2, [&](ResponseWriter& w, Request& r) -> Error {
      if (Warm(r)) Compute(microseconds(200));
      if (r.Path() == "/1") had_response = GetsResponse(all->clients[0]);
      return w.Write(r.Target());
    });
    all = &crowd;
    for (int i = 0; i < 5; ++i) crowd.clients[0]->Get("/warm");

    crowd.AllAsk();
    crowd.AllHaveResponses();

    EXPECT_TRUE(had_response);
  });
}

std::string Get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more) + "\r\n";
}

// Whether the response of the first client was there, for each slow request as it began: 'y' or 'n'.
struct LatencyWatch {
  LatencyWatch(const Context& ctx, std::size_t count)
      : crowd(ctx, count, [this](ResponseWriter& w, Request& r) -> Error {
          if (r.Path() == "/quick") quick_behind = had.size();
          if (r.Path() == "/slow") {
            had += HasResponse(crowd.clients[0]) ? 'y' : 'n';
            Compute(milliseconds(2));
          }
          return w.Write(r.Target());
        }) {}
  void AllHaveResponses(std::size_t slow_each = 1) {
    crowd.clients[0]->ReadResponse();
    for (std::size_t i = 1; i < crowd.clients.size(); ++i) {
      for (std::size_t n = 0; n < slow_each; ++n) crowd.clients[i]->ReadResponse();
    }
  }

  std::string had;
  std::size_t quick_behind = 0;  // how many slow ones
  Crowd crowd;
};

TEST(BatchLatency, AResponseWaitsForOneHandlerNotForAllPipelinedOnes) {
  PlayOnRealTime([](const Context& ctx) {
    LatencyWatch watch(ctx, 2);
    std::string many;
    for (int i = 0; i < 12; ++i) many += Get("/slow");

    watch.crowd.clients[0]->Send(Get("/quick"));
    watch.crowd.clients[1]->Send(many);
    watch.AllHaveResponses(12);

    EXPECT_EQ(watch.had.substr(1), std::string(11, 'y'));
  });
}

// Heads in two pieces are served between the events.
TEST(BatchLatency, AResponseWaitsForOneHandlerAlsoWithHeadsInPieces) {
  PlayOnRealTime([](const Context& ctx) {
    LatencyWatch watch(ctx, 40);
    auto& clients = watch.crowd.clients;
    for (std::size_t i = 0; i < 40; ++i) clients[i]->Send(i == 0 ? "GET /quick HTT" : "GET /slow HTT");
    (void)Sleep(ctx, milliseconds(20));

    for (std::size_t i = 0; i < 40; ++i) clients[i]->Send(i % 2 != 0 ? "P/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" : "P/1.1\r\nHost: h\r\n\r\n");
    watch.AllHaveResponses();

    EXPECT_EQ(watch.had.substr(1), std::string(38, 'y'));
  });
}

TEST(BatchLatency, RequestsThatWereReadAreServedBeforePartialHeadsOfLaterEvents) {
  PlayOnRealTime([](const Context& ctx) {
    LatencyWatch watch(ctx, 40);
    auto& clients = watch.crowd.clients;
    for (std::size_t i = 1; i < 40; ++i) clients[i]->Send("GET /slow HTT");
    (void)Sleep(ctx, milliseconds(20));

    clients[0]->Send(Get("/quick"));
    for (std::size_t i = 1; i < 40; ++i) clients[i]->Send("P/1.1\r\nHost: h\r\n\r\n");
    watch.AllHaveResponses();

    EXPECT_EQ(watch.quick_behind, 0u);
  });
}

}  // namespace
}  // namespace weft
