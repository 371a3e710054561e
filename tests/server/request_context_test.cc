// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr Key<std::string> kTenant{"tenant"};

TEST(RequestContext, ADeadlineBecomesA504) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.request_timeout = seconds(3);
    Site site(ctx, [](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), hours(1)); }, options);
    Client client = site.Connect();
    const TimePoint begin = Now();

    EXPECT_EQ(client.Get("/").status, 504);
    EXPECT_EQ(Now() - begin, seconds(3));
    EXPECT_EQ(client.Get("/").status, 504);  // each request has a deadline of its own
    EXPECT_EQ(Now() - begin, seconds(6));
    EXPECT_EQ(site.Count("timeout request"), 2);
  });
}

TEST(RequestContext, TheDeadlineDoesNotStopTheResponse) {
  const std::string large = Pattern(3'000'000);
  Virtually([&](const Context& ctx) {
    ServerOptions options;
    options.request_timeout = seconds(3);
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      EXPECT_TRUE(Sleep(r.Ctx(), hours(1)).Is(kDeadlineExceeded));
      return w.Write(large);
    }, options);
    Client client = site.Connect();

    client.Send(kGet);
    (void)Sleep(ctx, seconds(20));  // the response has to wait for its reader, under the context that is done

    EXPECT_EQ(client.ReadResponse().body, large);
    EXPECT_EQ(site.Count("timeout request"), 1);
  });
}

TEST(RequestContext, OnlyItsOwnDeadlineIsReportedAsATimeout) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.request_timeout = seconds(3);
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/gone") return Sleep(r.Ctx(), hours(1));
      const CancelScope shorter = WithTimeout(r.Ctx(), seconds(1));
      EXPECT_TRUE(Sleep(shorter.ctx, hours(1)).Is(kDeadlineExceeded));
      return w.Write("done");
    }, options);

    EXPECT_EQ(site.Connect().Get("/").body, "done");
    {
      Client leaves = site.Connect();
      leaves.Send("GET /gone HTTP/1.1\r\nHost: h\r\n\r\n");
      (void)Sleep(ctx, milliseconds(1));
    }
    (void)Sleep(ctx, seconds(9));
    EXPECT_EQ(site.Count("timeout"), 0);
  });
}

TEST(RequestContext, HasTheValuesOfTheCallersContextButNotItsEnd) {
  Virtually([](const Context& outer) {
    const Context valued = WithValue(outer, kTenant, "blue");
    const CancelScope caller = WithTimeout(valued, hours(10));
    Event entered;
    Event leave;
    Site site(caller.ctx, [&](ResponseWriter& w, Request& r) -> Error {
      entered.Set();
      if (Error err = leave.Wait(r.Ctx())) return err;
      EXPECT_FALSE(r.Ctx().Err());
      EXPECT_LE(*r.Ctx().Deadline(), Now() + seconds(60));
      return w.Write(*r.Ctx().Value(kTenant) + *CurrentContext().Value(kTenant));
    });
    Client client(outer, site.server().Bound());

    client.Send(kGet);
    (void)entered.Wait(outer);
    caller.cancel();
    (void)Sleep(outer, seconds(1));
    leave.Set();

    EXPECT_EQ(client.ReadResponse().body, "blueblue");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(RequestContext, IsDoneWhenTheHandlerHasReturned) {
  Virtually([](const Context& ctx) {
    std::vector<Context> kept;
    Site site(ctx, [&](ResponseWriter&, Request& r) {
      EXPECT_FALSE(r.Ctx().Err());
      kept.push_back(r.Ctx());
    });
    Client client = site.Connect();

    client.Get("/1");
    client.Get("/2");

    for (const Context& old : kept) {
      EXPECT_TRUE(old.Err().Is(kCanceled));
      EXPECT_EQ(old.Cause().Message(), "the handler has returned");
    }
  });
}

TEST(RequestContext, UseReplacesItForTheBodyToo) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      {
        const CancelScope scope = WithTimeout(r.Ctx(), seconds(2));
        const auto use = r.Use(WithValue(scope.ctx, kTenant, "green"));
        EXPECT_EQ(*CurrentContext().Value(kTenant), "green");
        EXPECT_TRUE(r.Body().ReadAll().Err().Is(kDeadlineExceeded));
      }
      EXPECT_EQ(CurrentContext().Value(kTenant), nullptr);
      return Echo(w, r);  // the body is not broken by a context that was done
    });
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n");
    (void)Sleep(ctx, seconds(3));
    client.Send("body");

    EXPECT_EQ(client.ReadResponse().body, "body");
  });
}

TEST(RequestContext, LongLivedLiftsTheDeadline) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/long") {
        r.LongLived();
        EXPECT_FALSE(r.Ctx().Deadline().has_value());
      }
      if (Error err = Sleep(r.Ctx(), hours(5))) return err;
      return w.Write("at last");
    });
    Client client = site.Connect();

    EXPECT_EQ(client.Get("/long").body, "at last");
    EXPECT_EQ(client.Get("/short").status, 504);
  });
}

TEST(RequestContext, DrainingReportsTheStartOfTheDrain) {
  Virtually([](const Context& ctx) {
    Event entered;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      EXPECT_FALSE(r.Draining().Err());
      entered.Set();
      EXPECT_TRUE(r.Draining().Wait().Is(kServerClosing));
      EXPECT_FALSE(r.Ctx().Err());
      return w.Write("goodbye");
    });
    Client client = site.Connect();

    client.Send(kGet);
    (void)entered.Wait(ctx);
    site.server().BeginDrain();

    EXPECT_EQ(client.ReadResponse().body, "goodbye");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(Requests, TwoThatAreParkedSeeTheirOwnViews) {
  Virtually([](const Context& ctx) {
    int waiting = 0;
    Event both;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const std::string_view target = r.Target();
      const std::string_view color = r.Header().Get("Color");
      const std::string_view query = *r.Query("q");
      if (++waiting == 2) both.Set();
      if (Error err = both.Wait(r.Ctx())) return err;
      Yield();
      return w.Write(std::string(target) + " " + std::string(color) + " " + std::string(query));
    });
    Client first = site.Connect();
    Client second = site.Connect();

    first.Send("GET /aaaa?q=1%2b HTTP/1.1\r\nHost: h\r\nColor: red\r\n\r\n");
    second.Send("GET /b?q=2 HTTP/1.1\r\nHost: h\r\nColor: blue\r\n\r\n");

    EXPECT_EQ(first.ReadResponse().body, "/aaaa?q=1%2b red 1+");
    EXPECT_EQ(second.ReadResponse().body, "/b?q=2 blue 2");
  });
}

TEST(Requests, KeepTheirViewsWhileMoreBytesCome) {
  const std::string body = Pattern(300'000);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const std::string_view agent = r.Header().Get("Agent");
      const Result<std::string> all = r.Body().ReadAll();
      if (Error err = all.Err()) return err;
      return w.Write(std::string(agent) + std::to_string(all->size()));
    });
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nAgent: 007\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.Send(Chunked(body, 1000) + std::string(kGet));

    EXPECT_EQ(client.ReadResponse().body, "007300000");
    EXPECT_EQ(client.ReadResponse().body, "0");
  });
}

TEST(Requests, RunInFibersThatAreNamedAfterThem) {
  Virtually([](const Context& ctx) {
    std::string listed;
    Site site(ctx, [&](ResponseWriter&, Request&) { listed = FormatFiberTree(ListFibers()); });
    Client client = site.Connect();

    client.Get("/first");
    client.Send("GET /second HTTP/1.1\r\nHost: h\r\n\r\nGET /third HTTP/1.1\r\nHost: h\r\n\r\n");
    client.ReadResponse();
    client.ReadResponse();

    EXPECT_THAT(listed, ::testing::HasSubstr("GET /third"));
    EXPECT_THAT(listed, ::testing::Not(::testing::HasSubstr("/second")));
  });
}

TEST(Requests, AnIdleConnectionHasNoFiber) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    const std::size_t before = ListFibers().size();
    std::vector<Client> clients;

    for (int i = 0; i < 10; ++i) {
      clients.push_back(site.Connect());
      clients.back().Get("/");
      clients.back().Send("GET / HT");  // and none with half a head
    }

    EXPECT_EQ(ListFibers().size(), before);
  });
}

}  // namespace
}  // namespace weft
