// SPDX-License-Identifier: Apache-2.0
//
// The stream of a hijacked connection: both directions, their ends, and clients that are slow or leave.
#include <algorithm>

#include <weft/concurrency/group.h>

#include "hijack_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;

TEST(HijackedStream, WritesAsTheClientReads) {
  Virtually([](const Context& ctx) {
    const std::string all = Pattern(5'000'000);
    bool written = false;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) -> Error {
      const Error err = stream.Write(all);
      written = true;
      return err;
    }));
    Client client = Upgraded(site);
    (void)Sleep(ctx, seconds(20));
    EXPECT_FALSE(written);

    EXPECT_TRUE(client.ToEnd() == all);
    EXPECT_TRUE(written);
  });
}

TEST(HijackedStream, ADeadlineOfTheContextEndsAReadAndNoWrite) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      const CancelScope scope = WithTimeout(r.Ctx(), seconds(3));
      const auto use = r.Use(scope.ctx);
      std::array<char, 8> piece;
      EXPECT_TRUE(stream.Read(piece).Err().Is(kDeadlineExceeded));
      EXPECT_TRUE(stream.Read(piece).Err().Is(kDeadlineExceeded));
      return stream.Write("you are late");
    }));
    Client client = Upgraded(site);
    const TimePoint begin = Now();

    EXPECT_EQ(client.ToEnd(), "you are late");
    EXPECT_EQ(Now() - begin, seconds(3));
  });
}

// Half of a message is out, so nothing may follow it.
TEST(HijackedStream, AWriteUnderAContextEndsWithItAndBreaksTheStream) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      EXPECT_FALSE(stream.Write(r.Ctx(), "whole "));
      const CancelScope done = WithCancel(r.Ctx());
      done.cancel();
      EXPECT_TRUE(stream.Write(done.ctx, "never").Is(kCanceled));
      EXPECT_FALSE(stream.Write("begun ")) << "nothing was begun before";
      const TimePoint begin = Now();
      const CancelScope scope = WithTimeout(r.Ctx(), seconds(3));
      EXPECT_TRUE(stream.Write(scope.ctx, Pattern(5'000'000)).Is(kDeadlineExceeded));
      EXPECT_EQ(Now() - begin, seconds(3));
      EXPECT_TRUE(stream.Write("x").Is(kDeadlineExceeded));
      EXPECT_TRUE(stream.CloseWrite().Is(kDeadlineExceeded));
      return {};
    }));
    Client client = Upgraded(site);
    (void)Sleep(ctx, seconds(5));

    const std::string all = client.ToEnd();
    EXPECT_EQ(all.rfind("whole begun ", 0), 0U);
    EXPECT_LT(all.size(), 5'000'000U);
  });
}

TEST(HijackedStream, AWriteUnderAContextGoesOnWhileTheClientTakesIt) {
  Virtually([](const Context& ctx) {
    const std::string all = Pattern(5'000'000);
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) { return stream.Write(r.Ctx(), all); }));
    Client client = Upgraded(site);

    EXPECT_TRUE(client.ToEnd() == all);
    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

TEST(HijackedStream, GivesUpAClientThatReadsNothingForTooLong) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.write_stall_timeout = seconds(10);
    Error first;
    Error cause;
    Duration waited{};
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      const TimePoint begin = Now();
      first = stream.Write(Pattern(5'000'000));
      waited = Now() - begin;
      cause = r.Ctx().Cause();
      EXPECT_TRUE(stream.Write("x").Is(kTimeout));
      EXPECT_TRUE(stream.CloseWrite().Is(kTimeout));
      return first;
    }), options);
    Client client = Upgraded(site);

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(first.Is(kTimeout));
    EXPECT_TRUE(cause.Is(kTimeout));
    // A period in which it took something, if only what came with the head, has to end before the one in which it does not.
    EXPECT_GE(waited, seconds(10));
    EXPECT_LE(waited, seconds(20));
    EXPECT_THAT(site.Events(), Contains("timeout write stall"));
  });
}

TEST(HijackedStream, KeepsAClientThatReadsALittleNowAndThen) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.write_stall_timeout = seconds(10);
    const std::string all = Pattern(3'000'000);
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) { return stream.Write(all); }), options);
    Client client = Upgraded(site);

    // Pieces large enough for the kernel to say that there is room again.
    std::string got;
    for (constexpr std::size_t kPiece = 300'000; got.size() < all.size();) {
      (void)Sleep(ctx, seconds(9));
      const Result<std::string> piece = client.raw().ReadCount(ctx, std::min(kPiece, all.size() - got.size()));
      ASSERT_TRUE(piece.Ok()) << piece.Err().Message();
      got += *piece;
    }
    EXPECT_TRUE(got == all);
  });
}

// One reads, one writes, at once: more in both directions than the sockets hold.
TEST(HijackedStream, GoesBothWaysAtOnce) {
  Virtually([](const Context& ctx) {
    const std::string down = Pattern(4'000'000);
    const std::string up = Pattern(3'000'000);
    std::string came;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go("reader", [&](const Context&) -> Error {
        Result<std::string> all = AllOf(stream);
        if (all.Ok()) came = *std::move(all);
        return all.Err();
      });
      group.Go("writer", [&](const Context&) { return stream.Write(down); });
      return group.Wait();
    }));
    Client client = Upgraded(site);
    std::string got;
    Group group(ctx);
    group.Go([&](const Context&) {
      client.Send(up);
      client.raw().CloseSend();
    });
    group.Go([&](const Context&) { got = client.ToEnd(); });
    EXPECT_FALSE(group.Wait());

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(got == down);
    EXPECT_TRUE(came == up);
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

TEST(HijackedStream, AReaderUnderItsGroupsContextIsWokenByAnotherMember) {
  Virtually([](const Context& ctx) {
    Error outcome;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go("reader", [&](const Context& c) {
        std::array<char, 8> piece;
        return stream.Read(c, piece).Err();
      });
      group.Go("fails", [](const Context&) { return Error::New("backend lost"); });
      outcome = group.Wait();
      return stream.Write("sorry");
    }));
    Client client = Upgraded(site);

    EXPECT_EQ(client.ToEnd(), "sorry");
    EXPECT_EQ(outcome.Message(), "backend lost");
  });
}

TEST(HijackedStream, CloseWakesWhoReadsAndWhoWrites) {
  Virtually([](const Context& ctx) {
    Error read;
    Error write;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go([&](const Context&) {
        std::array<char, 8> piece;
        read = stream.Read(piece).Err();
      });
      group.Go([&](const Context&) { write = stream.Write(Pattern(5'000'000)); });
      group.Go([&](const Context& c) {
        (void)Sleep(c, seconds(1));
        stream.Close();
        stream.Close();
      });
      return group.Wait();
    }));
    Client client = Upgraded(site);
    const TimePoint begin = Now();

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(read.Is(kClosed)) << read.Message();
    EXPECT_TRUE(write.Is(kClosed)) << write.Message();
    EXPECT_LE(Now() - begin, seconds(2));  // the last for the client to close its side
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

TEST(HijackedStream, AbortWakesWhoReads) {
  Virtually([](const Context& ctx) {
    Error read;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter& w, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go([&](const Context&) {
        std::array<char, 8> piece;
        read = stream.Read(piece).Err();
      });
      group.Go([&](const Context& c) {
        (void)Sleep(c, seconds(1));
        w.Abort();
      });
      return group.Wait();
    }));
    Client client = Upgraded(site);
    const TimePoint begin = Now();

    EXPECT_TRUE(client.Ended());
    EXPECT_EQ(Now() - begin, seconds(1));
    EXPECT_TRUE(read.Is(kClosed)) << read.Message();
  });
}

TEST(HijackedStream, TwoThatWriteTakeTurns) {
  Virtually([](const Context& ctx) {
    const std::string first(1'000'000, '1');
    const std::string second(1'000'000, '2');
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      for (const std::string* part : {&first, &second}) group.Go([&stream, part](const Context&) { return stream.Write(*part); });
      return group.Wait();
    }));
    Client client = Upgraded(site);

    EXPECT_TRUE(client.ToEnd() == first + second);
  });
}

// One that was woken and has not run yet still stands in the line, and is nobody's misuse.
TEST(HijackedStream, AWriterMayQueueAgainBeforeTheNextHasRun) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go([&](const Context&) {
        Error err = stream.Write(Pattern(5'000'000));
        for (int i = 0; i < 3 && !err; ++i) err = stream.Write("a");
        return err;
      });
      group.Go([&](const Context&) { return stream.Write("b"); });
      return group.Wait();
    }));
    Client client = Upgraded(site);
    (void)Sleep(ctx, seconds(1));

    const std::string all = client.ToEnd();
    EXPECT_EQ(all.size(), 5'000'004U);
    EXPECT_EQ(std::count(all.begin() + 5'000'000, all.end(), 'b'), 1);
  });
}

TEST(HijackedStream, SurvivesAContextThatEndsWhileAWriterQueues) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go([&](const Context&) {
        if (Error err = stream.Write(Pattern(5'000'000))) return err;
        return stream.Write("more");
      });
      group.Go([&](const Context& c) {
        const CancelScope scope = WithTimeout(c, seconds(1));
        EXPECT_TRUE(stream.Write(scope.ctx, "never").Is(kDeadlineExceeded));
        return Error();
      });
      return group.Wait();
    }));
    Client client = Upgraded(site);
    (void)Sleep(ctx, seconds(3));

    EXPECT_EQ(client.ToEnd().size(), 5'000'004U);
  });
}

TEST(HijackedStream, ReadingGoesOnAfterAWriteThatItsContextHasEnded) {
  Virtually([](const Context& ctx) {
    std::string heard;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      const CancelScope scope = WithTimeout(r.Ctx(), seconds(1));
      EXPECT_TRUE(stream.Write(scope.ctx, Pattern(5'000'000)).Is(kDeadlineExceeded));
      std::array<char, 8> piece;
      const Result<std::size_t> n = stream.Read(piece);
      if (Error err = n.Err()) return err;
      heard.assign(piece.data(), *n);
      return {};
    }));
    Client client = Upgraded(site);
    (void)Sleep(ctx, seconds(3));
    client.Send("still?");
    (void)client.ToEnd();
    EXPECT_EQ(heard, "still?");
  });
}

TEST(HijackedStream, ClosesWhenItEndsAlthoughTheHandlerGoesOn) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      {
        Result<Stream> stream = SwitchToEcho(w);
        Stream moved = *std::move(stream);
        if (Error err = moved.Write("all")) return err;
      }
      return Sleep(r.Ctx(), hours(1));
    });
    Client client = Upgraded(site);
    const TimePoint begin = Now();

    EXPECT_EQ(client.ToEnd(), "all");
    EXPECT_EQ(Now(), begin);
  });
}

TEST(HijackedStream, WithoutAConnectionIsClosed) {
  Stream stream;
  std::array<char, 8> piece;
  EXPECT_TRUE(stream.Read(piece).Err().Is(kClosed));
  EXPECT_TRUE(stream.Write("x").Is(kClosed));
  EXPECT_FALSE(stream.CloseWrite());
  stream.Close();
}

TEST(HijackedStream, WakesAWaitingWriteWhenTheClientCloses) {
  Virtually([](const Context& ctx) {
    Error write;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) {
      write = stream.Write(Pattern(5'000'000));
      return write;
    }));
    Client client = Upgraded(site);
    (void)Sleep(ctx, seconds(1));
    const TimePoint begin = Now();
    client.raw().Close();

    EXPECT_FALSE(site.Stop());
    EXPECT_EQ(Now(), begin);
    EXPECT_TRUE(write.Is(kClientGone)) << write.Message();
  });
}

// The rest runs over both kinds of sockets: their ends look different to the kernel.
class EndOfStream : public ::testing::TestWithParam<bool> {
 protected:
  static ServerOptions Options() { return GetParam() ? OverTcp() : ServerOptions(); }
};

TEST_P(EndOfStream, AllBytesArriveAlthoughTheClientStillSends) {
  const std::string all = Pattern(1'000'000);
  Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) { return stream.Write(all); }), Options());
  Client client = Upgraded(site);
  client.Send(Pattern(100'000));

  EXPECT_TRUE(client.ToEnd() == all);
  EXPECT_FALSE(site.Stop());
}

TEST_P(EndOfStream, ServesAllRequestsOfAHalfClosedClient) {
  Event read;
  Event more;
  Error alive;
  Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
    const Result<std::string> all = AllOf(stream);
    EXPECT_EQ(all.Ok() ? *all : all.Err().Message(), "question");
    read.Set();
    (void)more.Wait(Background());
    alive = r.Ctx().Err();
    return stream.Write("answer");
  }), Options());
  Client client = Upgraded(site);
  client.Send("question");
  client.raw().CloseSend();
  (void)read.Wait(Background());
  EXPECT_TRUE(client.SilentFor(milliseconds(1)));
  more.Set();

  EXPECT_EQ(client.ToEnd(), "answer");
  EXPECT_FALSE(alive);
}

// An end that came together with the request, before the handler ran.
TEST_P(EndOfStream, ServesAClientThatHalfClosesAtOnce) {
  Site site(Background(), EchoUpgrade, Options());
  Client client = site.Connect();
  client.Send(std::string(kUpgrade) + "hello");
  client.raw().CloseSend();

  EXPECT_EQ(client.ReadResponse().status, 101);
  EXPECT_EQ(client.ToEnd(), "hello");
  EXPECT_FALSE(site.Stop());
  EXPECT_EQ(site.Count("aborted"), 0);
}

TEST_P(EndOfStream, CloseWriteLeavesTheClientsSideOpen) {
  Result<std::string> rest = std::string();
  Error alive;
  Error late;
  Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
    if (Error err = stream.Write("mine")) return err;
    if (Error err = stream.CloseWrite()) return err;
    if (Error err = stream.CloseWrite()) return err;
    rest = AllOf(stream);
    alive = r.Ctx().Err();
    late = stream.Write("x");
    return {};
  }), Options());
  Client client = Upgraded(site);
  EXPECT_EQ(client.ToEnd(), "mine");
  client.Send("yours");
  client.raw().CloseSend();

  EXPECT_FALSE(site.Stop());
  EXPECT_EQ(rest.Ok() ? *rest : rest.Err().Message(), "yours");
  EXPECT_FALSE(alive) << alive.Message();
  EXPECT_TRUE(late.Is(kClosed));
}

TEST_P(EndOfStream, AWriteFindsOutThatTheClientHasClosed) {
  Error write;
  Error cause;
  Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
    while (!write) write = stream.Write(Pattern(100'000));
    cause = r.Ctx().Cause();
    EXPECT_TRUE(stream.Write("x").Is(kClientGone));
    return write;
  }), Options());
  {
    Client client = Upgraded(site);
  }

  EXPECT_FALSE(site.Stop());
  EXPECT_TRUE(write.Is(kClientGone)) << write.Message();
  EXPECT_TRUE(cause.Is(kClientGone)) << cause.Message();
}

INSTANTIATE_TEST_SUITE_P(Sockets, EndOfStream, ::testing::Bool(),
                         [](const auto& row) { return std::string(row.param ? "Tcp" : "InMemory"); });

TEST(HijackedStream, AResetCancelsTheHandlerWhateverItWaitsFor) {
  using Wait = std::function<Error(Stream&, Request&)>;
  const Wait waits[] = {
      [](Stream& stream, Request&) { return AllOf(stream).Err(); },
      [](Stream& stream, Request&) {
        std::array<char, 8> piece;
        return stream.Read(Background(), piece).Err();
      },
      [](Stream&, Request& r) { return Sleep(r.Ctx(), hours(1)); },
      [](Stream& stream, Request&) { return stream.Write(Pattern(20'000'000)); },
  };
  for (const Wait& wait : waits) {
    Event entered;
    Error err;
    Error cause;
    Site site(Background(), AfterSwitch([&](Stream& stream, ResponseWriter&, Request& r) -> Error {
      entered.Set();
      err = wait(stream, r);
      cause = r.Ctx().Cause();
      return err;
    }), OverTcp());
    Client client = Upgraded(site);
    (void)entered.Wait(Background());
    client.raw().Reset();

    EXPECT_FALSE(site.Stop());
    EXPECT_TRUE(err.Is(kClientGone)) << err.Message();
    EXPECT_TRUE(cause.Is(kClientGone)) << cause.Message();
  }
}

}  // namespace
}  // namespace weft
