// SPDX-License-Identifier: Apache-2.0
// The middleware that bounds what a request may take: time, bytes, how many at once, how often.
#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/middleware/deadline_from.h>
#include <weft/handlers/middleware/in_flight.h>
#include <weft/handlers/middleware/max_bytes.h>
#include <weft/handlers/middleware/timeout.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long a handler may wait inside, at most an hour; and what it then responds.
struct Waited {
  Duration time{};
  int status = 0;
  std::string error;
};

Waited WaitInside(const Middleware& middleware, const RequestBuilder& request = RequestBuilder()) {
  Waited waited;
  const Error err = RunTest([&](const Context&) {
    Recorder recorder;
    const TimePoint start = Now();
    recorder.Serve(middleware([](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), std::chrono::hours(1)); }), request);
    waited = {Now() - start, recorder.Status(), recorder.Err().Message()};
  });
  EXPECT_FALSE(err) << err.Message();
  return waited;
}

TEST(Timeout, EndsTheContextInsideAndItsErrorResponds504) {
  const Waited waited = WaitInside(Timeout(seconds(2)));
  EXPECT_EQ(waited.time, seconds(2));
  EXPECT_EQ(waited.status, 504);
  EXPECT_EQ(waited.error, "deadline exceeded: the Timeout of 2 s has passed");
}

TEST(Timeout, TheShortestOfSeveralCounts) {
  const auto both = [](Duration outer, Duration inner) -> Middleware {
    return [=](Handler next) { return Timeout(outer)(Timeout(inner)(std::move(next))); };
  };
  EXPECT_EQ(WaitInside(both(seconds(1), seconds(5))).time, seconds(1));
  EXPECT_EQ(WaitInside(both(seconds(5), seconds(1))).time, seconds(1));
}

TEST(Timeout, LetsAHandlerThatIgnoresItsContextRespond) {
  const Error err = RunTest([](const Context& ctx) {
    Recorder recorder;
    recorder.Serve(Timeout(seconds(1))([&](ResponseWriter& w, Request&) -> Error {
                     if (Error failed = Sleep(ctx, seconds(3))) return failed;
                     return w.Write("late");
                   }),
                   RequestBuilder());
    EXPECT_EQ(recorder.Status(), 200);
    EXPECT_EQ(recorder.Body(), "late");
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(Timeout, ALongLivedRequestKeepsIt) {
  const Error err = RunTest([](const Context&) {
    Recorder recorder;
    const TimePoint start = Now();
    recorder.Serve(Timeout(seconds(2))([](ResponseWriter&, Request& r) -> Error {
                     EXPECT_TRUE(r.LongLived());
                     return Sleep(r.Ctx(), std::chrono::hours(1));
                   }),
                   RequestBuilder());
    EXPECT_EQ(Now() - start, seconds(2));
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(Timeout, TheContextIsWhatItWasOutside) {
  const Error err = RunTest([](const Context&) {
    std::optional<TimePoint> deadline;
    const Handler inner = Timeout(seconds(2))([](ResponseWriter&, Request&) {});
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter& w, Request& r) {
          const Error failed = inner(w, r);
          deadline = r.Ctx().Deadline();
          return failed;
        },
        RequestBuilder());
    EXPECT_FALSE(deadline);
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(DeadlineFrom, TakesOverHowLongTheCallerWaits) {
  const Middleware from = DeadlineFrom("X-Request-Timeout-Ms", seconds(60));
  const auto with = [](const char* value) { return RequestBuilder().Header("x-request-timeout-ms", value); };
  const Waited waited = WaitInside(from, with("250"));
  EXPECT_EQ(waited.time, milliseconds(250));
  EXPECT_EQ(waited.status, 504);
  EXPECT_EQ(WaitInside(from, with("0")).time, Duration::zero());
  EXPECT_EQ(WaitInside(from, with("90000")).time, seconds(60)) << "no more than max";
  EXPECT_EQ(WaitInside(from, with("999999999999999999")).time, seconds(60));
  EXPECT_EQ(WaitInside(from).time, std::chrono::hours(1)) << "without the field nothing changes";
}

TEST(DeadlineFrom, OnlyShortens) {
  const Middleware both = [](Handler next) { return Timeout(seconds(1))(DeadlineFrom("Wait")(std::move(next))); };
  EXPECT_EQ(WaitInside(both, RequestBuilder().Header("Wait", "5000")).time, seconds(1));
}

TEST(DeadlineFrom, RejectsWhatIsNoNumberAsABadRequest) {
  for (const char* value : {"", "-1", "+1", "1.5", "1s", "0x10", " 1 2", "1000000000000000000", "1e3", "\xD9\xA3"}) {
    const Waited waited = WaitInside(DeadlineFrom("Wait"), RequestBuilder().Header("Wait", value));
    EXPECT_EQ(waited.status, 400) << value;
    EXPECT_EQ(waited.error, "400 Bad Request: Wait: not a number of milliseconds");
  }
  EXPECT_THROW(DeadlineFrom("no name"), std::invalid_argument);
}

int StatusOfBody(const Handler& handler, const RequestBuilder& request) {
  Recorder recorder;
  recorder.Serve(handler, request);
  return recorder.Status();
}

TEST(MaxBytes, BoundsTheBodyEitherWay) {
  const Handler reads = [](ResponseWriter&, Request& r) { return r.Body().ReadAll().Err(); };
  const Handler small = MaxBytes(10)(reads);
  EXPECT_EQ(StatusOfBody(small, RequestBuilder("POST").Body(std::string(10, 'x'))), 200);
  EXPECT_EQ(StatusOfBody(small, RequestBuilder("POST").Body(std::string(11, 'x'))), 413);
  EXPECT_EQ(StatusOfBody(small, RequestBuilder("POST").BodyInPieces({"12345", "67890", "1"})), 413);
  const RequestBuilder large = RequestBuilder("POST").Body(std::string(100, 'x')).BodyLimit(50);
  EXPECT_EQ(StatusOfBody(reads, large), 413);
  EXPECT_EQ(StatusOfBody(MaxBytes(100)(reads), large), 200);
  EXPECT_EQ(StatusOfBody(MaxBytes(10)(MaxBytes(100)(reads)), large), 200) << "the innermost counts";
  EXPECT_EQ(StatusOfBody(MaxBytes(100)(MaxBytes(10)(reads)), large), 413);
}

TEST(InFlight, RejectsWhatIsOneTooMany) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    Event go;
    const Middleware limit = InFlight(2);
    const Handler waits = limit([&](ResponseWriter&, Request& r) { return go.Wait(r.Ctx()); });
    const Handler other = limit([](ResponseWriter&, Request&) {});
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        Recorder recorder;
        recorder.Serve(waits, RequestBuilder());
        EXPECT_EQ(recorder.Status(), 200);
      });
    }
    if (Error failed = Sleep(ctx, milliseconds(1))) return failed;
    Recorder recorder;
    recorder.Serve(other, RequestBuilder());
    EXPECT_EQ(recorder.Status(), 503) << "all handlers of one Middleware share its limit";
    EXPECT_EQ(recorder.Header().Get("Retry-After"), "1");
    recorder.Serve(InFlight(2)([](ResponseWriter&, Request&) {}), RequestBuilder());
    EXPECT_EQ(recorder.Status(), 200) << "another Middleware has a limit of its own";
    go.Set();
    if (Error failed = group.Wait()) return failed;
    recorder.Serve(other, RequestBuilder());
    EXPECT_EQ(recorder.Status(), 200);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(InFlight, AnExceptionGivesTheSlotBack) {
  const Handler throws = InFlight(1)([](ResponseWriter&, Request&) { throw std::runtime_error("broken"); });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(StatusOfBody(throws, RequestBuilder()), 500);
}

}  // namespace
}  // namespace weft
