// SPDX-License-Identifier: Apache-2.0
//
// What the server tells about a request has the id that the request's middleware has given it.
#include <weft/handlers/middleware/request_id.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;

Handler Named(Handler handler) { return Chain(std::move(handler), {RequestId({.accept = true})}); }

std::string GetNamed(std::string_view id) { return "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: " + std::string(id) + "\r\n\r\n"; }
std::string PostNamed(std::string_view id) {
  return "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX-Request-Id: " + std::string(id) + "\r\n\r\n";
}

Error ReadAll(ResponseWriter& w, Request& r) {
  const Result<std::string> all = r.Body().ReadAll();
  return all.Ok() ? w.Write(*all) : all.Err();
}

TEST(RequestIdInEvents, IsThatOfTheRequestWhoseHandlerFailed) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Named([](ResponseWriter&, Request&) { return Error::New("no database"); }));
    Client client = site.Connect();
    for (const char* id : {"first", "second"}) {
      client.Send(GetNamed(id));
      EXPECT_EQ(client.ReadResponse().status, 500);
    }
    EXPECT_THAT(site.Events(), ElementsAre("failed 500: no database [first]", "failed 500: no database [second]"));
  });
}

TEST(RequestIdInEvents, IsEmptyWithoutTheMiddleware) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter&, Request&) { return Error::New("no database"); });
    Client client = site.Connect();
    client.Send(GetNamed("unheard"));
    EXPECT_EQ(client.ReadResponse().status, 500);
    EXPECT_THAT(site.Events(), ElementsAre("failed 500: no database"));
  });
}

TEST(RequestIdInEvents, IsThatOfTheResponseThatWasBrokenOff) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Named([](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Flush()) return err;
      return Error::New("the rest is lost");
    }));
    Client client = site.Connect();
    client.Send(GetNamed("broken"));
    client.ToEnd();
    EXPECT_THAT(site.Events(), ElementsAre("aborted: the rest is lost [broken]"));
  });
}

TEST(RequestIdInEvents, IsThatOfTheRequestWhoseDeadlineHasPassed) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Named([](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), hours(1)); }));
    Client client = site.Connect();
    client.Send(GetNamed("slow"));
    EXPECT_EQ(client.ReadResponse().status, 504);
    EXPECT_THAT(site.Events(), Contains("timeout request [slow]"));
  });
}

TEST(RequestIdInEvents, IsThatOfTheBodyThatStopsOrIsTooLargeOrMalformed) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.body_bytes_max = 4;
    Site site(ctx, Named(ReadAll), options);

    Client stalled = site.Connect();
    stalled.Send(PostNamed("stalled"));
    EXPECT_EQ(stalled.ReadResponse().status, 408);
    Client large = site.Connect();
    large.Send(PostNamed("large") + Chunked("more than four", 14));
    EXPECT_EQ(large.ReadResponse().status, 413);
    Client malformed = site.Connect();
    malformed.Send(PostNamed("malformed") + "no size\r\n");
    EXPECT_EQ(malformed.ReadResponse().status, 400);

    EXPECT_EQ(site.Count("timeout body stall [stalled]"), 1);
    EXPECT_EQ(site.Count("limit body bytes 4 [large]"), 1);
    EXPECT_EQ(site.Count("bad request 400: "), 1);
    EXPECT_THAT(site.Events(), Contains(::testing::EndsWith(" [malformed]")));
  });
}

TEST(RequestIdInEvents, IsThatOfTheLongLivedRequestForWhichThereIsNoSlot) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.long_lived_max = 1;
    Site site(ctx, Named([](ResponseWriter& w, Request& r) -> Error {
      if (!r.LongLived()) return HttpError(503);
      if (Error err = w.Flush()) return err;
      return Sleep(r.Ctx(), hours(1));
    }), options);
    Client first = site.Connect();
    first.Send(GetNamed("first"));
    first.Until("\r\n\r\n");
    Client second = site.Connect();
    second.Send(GetNamed("second"));
    EXPECT_EQ(second.ReadResponse().status, 503);
    EXPECT_THAT(site.Events(), Contains("limit long-lived requests 1 [second]"));
  });
}

TEST(RequestIdInEvents, IsThatOfTheHandlerThatDoesNotEnd) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.drain_timeout = options.cancel_grace = seconds(1);
    Event leave;
    Site site(ctx, Named([&](ResponseWriter&, Request&) { (void)leave.Wait(Background()); }), options);
    Client client = site.Connect();
    client.Send(GetNamed("stubborn"));
    (void)Sleep(ctx, seconds(1));
    site.server().BeginDrain();
    (void)Sleep(ctx, seconds(8));
    leave.Set();
    EXPECT_TRUE(site.Stop());
    EXPECT_THAT(site.Events(), Contains("stuck GET / [stubborn]"));
  });
}

}  // namespace
}  // namespace weft
