// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/events.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBegin = "retry: 2000\n\n";

// What the client gets after the beginning.
std::string Sent(const std::function<Error(EventStream&, Request&)>& send, const RequestBuilder& request = RequestBuilder(),
                 Error* failure = nullptr) {
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request& r) -> Error {
        Result<EventStream> events = StartEvents(w, r);
        if (Error err = events.Err()) return err;
        return send(*events, r);
      },
      request);
  if (failure != nullptr) {
    *failure = recorder.Err();
  } else {
    EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  }
  EXPECT_TRUE(recorder.Body().starts_with(kBegin)) << recorder.Body();
  return recorder.Body().substr(kBegin.size());
}

std::string SentOf(const ServerSentEvent& event) {
  return Sent([&](EventStream& events, Request&) { return events.Send(event); });
}

// The same on virtual time.
std::string SentInTest(const std::function<Error(EventStream&, Request&)>& send, const Context& draining = Background()) {
  std::string sent;
  const Error err = RunTest([&](const Context&) { sent = Sent(send, RequestBuilder().Draining(draining)); });
  EXPECT_FALSE(err) << err.Message();
  return sent;
}

ServerSentEvent Number(int n) { return {.data = std::to_string(n)}; }

TEST(Events, TheHeadKeepsThemOutOfCachesAndBuffers) {
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w, Request& r) { return StartEvents(w, r, {.retry = 1500ms}).Err(); }, RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/event-stream");
  EXPECT_EQ(recorder.Header().Get("Cache-Control"), "no-store");
  EXPECT_EQ(recorder.Header().Get("X-Accel-Buffering"), "no");
  EXPECT_EQ(recorder.Body(), "retry: 1500\n\n");
  EXPECT_EQ(recorder.Flushes(), 1);
  EXPECT_TRUE(recorder.LongLived());
}

TEST(Events, ACachingPolicyOfTheHandlersStays) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter& w, Request& r) {
        w.Header().Set("Cache-Control", "no-cache");
        return StartEvents(w, r).Err();
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Header().Get("Cache-Control"), "no-cache");
}

TEST(Events, AnEventIsItsFieldsAndABlankLine) {
  const struct {
    ServerSentEvent event;
    std::string_view sent;
  } cases[] = {
      {{.data = "a"}, "data: a\n\n"},
      {{.id = "7", .event = "price", .data = "a"}, "id: 7\nevent: price\ndata: a\n\n"},
      {{}, "data: \n\n"},
      {{.data = " a"}, "data:  a\n\n"},
      {{.data = "a\nb"}, "data: a\ndata: b\n\n"},
      {{.data = "a\rb"}, "data: a\ndata: b\n\n"},
      {{.data = "a\r\nb"}, "data: a\ndata: b\n\n"},
      {{.data = "a\n\rb"}, "data: a\ndata: \ndata: b\n\n"},
      {{.data = "a\n\nid: 9"}, "data: a\ndata: \ndata: id: 9\n\n"},
      {{.data = "a\r\n"}, "data: a\ndata: \n\n"},
      {{.data = "\r"}, "data: \ndata: \n\n"},
  };
  for (const auto& one : cases) EXPECT_EQ(SentOf(one.event), one.sent);
}

TEST(Events, ALongEventArrivesWhole) {
  const std::string data(100'000, 'x');
  EXPECT_EQ(SentOf({.data = data}), "data: " + data + "\n\n");
}

TEST(Events, AnIdOrTypeCannotBecomeAnotherField) {
  using namespace std::string_literals;
  const ServerSentEvent cases[] = {{.id = "7\ndata: x"}, {.id = "7\r"}, {.id = "7\0"s}, {.event = "a\nb"}, {.event = "a\r"}};
  for (const ServerSentEvent& event : cases) {
    Error failure;
    EXPECT_EQ(Sent([&](EventStream& events, Request&) { return events.Send(event); }, RequestBuilder(), &failure), "");
    EXPECT_TRUE(failure);
  }
}

TEST(Events, ACommentIsALineThatClientsPassOver) {
  EXPECT_EQ(Sent([](EventStream& events, Request&) { return events.SendComment("still here"); }), ": still here\n\n");
  Error failure;
  EXPECT_EQ(Sent([](EventStream& events, Request&) { return events.SendComment("a\ndata: b"); }, RequestBuilder(), &failure), "");
  EXPECT_TRUE(failure);
}

TEST(Events, AReturningClientSaysWhatItHasSeen) {
  Sent([](EventStream& events, Request&) {
    EXPECT_EQ(events.LastEventId(), "41");
    return Error();
  }, RequestBuilder().Header("Last-Event-ID", "41"));
}

TEST(Events, AHeadRequestGetsTheHeadAlone) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter& w, Request& r) -> Error {
        Result<EventStream> events = StartEvents(w, r);
        if (Error err = events.Err()) return err;
        return events->Forward(r.Ctx(), Chan<int>(1), Number);  // nobody sends
      },
      RequestBuilder("HEAD"));

  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/event-stream");
  EXPECT_EQ(recorder.Body(), "");
  EXPECT_FALSE(recorder.LongLived());
}

TEST(Events, ForwardEndsWithTheChannel) {
  Chan<int> numbers(4);
  for (int i = 1; i <= 3; ++i) numbers.TrySend(i);
  numbers.Close();

  EXPECT_EQ(Sent([&](EventStream& events, Request& r) { return events.Forward(r.Ctx(), numbers, Number); }),
            "data: 1\n\ndata: 2\n\ndata: 3\n\n");
}

TEST(Events, QueuedEventsLeaveTogether) {
  Chan<int> numbers(200);
  for (int i = 0; i < 200; ++i) numbers.TrySend(1);
  numbers.Close();
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request& r) -> Error {
        Result<EventStream> events = StartEvents(w, r);
        if (Error err = events.Err()) return err;
        return events->Forward(r.Ctx(), numbers, Number);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Flushes(), 1 + 4);  // the head, and 64 values at a time
}

TEST(Events, AValueMayBeForOtherClients) {
  Chan<int> numbers(4);
  for (int i = 1; i <= 4; ++i) numbers.TrySend(i);
  numbers.Close();

  EXPECT_EQ(Sent([&](EventStream& events, Request& r) {
              return events.Forward(r.Ctx(), numbers, [](int n) { return n % 2 == 0 ? std::optional(Number(n)) : std::nullopt; });
            }),
            "data: 2\n\ndata: 4\n\n");
}

TEST(Events, ForwardTakesValuesThatCanOnlyBeMoved) {
  Chan<std::unique_ptr<int>> numbers(1);
  numbers.TrySend(std::make_unique<int>(5));
  numbers.Close();

  EXPECT_EQ(Sent([&](EventStream& events, Request& r) {
              return events.Forward(r.Ctx(), numbers, [](std::unique_ptr<int> n) { return Number(*n); });
            }),
            "data: 5\n\n");
}

TEST(Events, ABadEventEndsForward) {
  Chan<int> numbers(1);
  numbers.TrySend(1);
  Error failure;
  Sent([&](EventStream& events, Request& r) {
    return events.Forward(r.Ctx(), numbers, [](int) { return ServerSentEvent{.id = "\n"}; });
  }, RequestBuilder(), &failure);
  EXPECT_TRUE(failure);
}

TEST(Events, HeartbeatsComeWhileThereAreNoValues) {
  const std::string sent = SentInTest([](EventStream& events, Request& r) {
    const CancelScope minute = WithTimeout(r.Ctx(), 1min);
    const TimePoint begin = Now();
    EXPECT_TRUE(events.Forward(minute.ctx, Chan<int>(), Number).Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - begin, 1min);
    return Error();
  });
  // Each after 12 to 15 s.
  EXPECT_GE(sent.size(), 4 * std::string_view(": \n\n").size() - 4);
  EXPECT_LE(sent.size(), 5 * std::string_view(": \n\n").size());
  EXPECT_TRUE(sent.starts_with(": \n\n"));
}

TEST(Events, ValuesReplaceHeartbeats) {
  const std::string sent = SentInTest([](EventStream& events, Request& r) {
    Chan<int> numbers(0);
    Group group(r.Ctx());
    group.Go([&](const Context& ctx) {
      for (int i = 0; i < 6; ++i) {
        (void)Sleep(ctx, 11s);
        (void)numbers.Send(ctx, i);
      }
      numbers.Close();
    });
    return events.Forward(r.Ctx(), numbers, Number);
  });
  EXPECT_EQ(sent, "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n");
}

// Tells when something was sent, and lets it through.
class WhenSent final : public BodyFilter {
 public:
  explicit WhenSent(std::function<void(std::string_view)> sent) : sent_(std::move(sent)) {}
  Error Write(std::string_view data, Output& next) override {
    sent_(data);
    return next.Write(data);
  }

 private:
  std::function<void(std::string_view)> sent_;
};

Error ForwardSeen(const Chan<int>& numbers, Duration heartbeat, std::function<void(std::string_view)> sent) {
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter& w, Request& r) -> Error {
        w.PushFilter(std::make_unique<WhenSent>(sent));
        Result<EventStream> events = StartEvents(w, r, {.heartbeat = heartbeat});
        if (Error err = events.Err()) return err;
        return events->Forward(r.Ctx(), numbers, Number);
      },
      RequestBuilder());
  return recorder.Err();
}

// Not from when the wait for a heartbeat began.
TEST(Events, AHeartbeatIsDueAfterWhatWasSentLast) {
  std::vector<Duration> sent, heartbeats;
  const Error err = RunTest([&](const Context& ctx) {
    const TimePoint begin = Now();
    Chan<int> numbers(0);
    Group group(ctx);
    group.Go([&](const Context& c) {
      for (const Duration pause : {Duration(0s), Duration(7s), Duration(9s), Duration(31s), Duration(2s), Duration(16s)}) {
        (void)Sleep(c, pause);
        (void)numbers.Send(c, 1);
      }
      numbers.Close();
    });
    EXPECT_FALSE(ForwardSeen(numbers, 10s, [&](std::string_view text) {
      if (text.starts_with(":")) heartbeats.push_back(Now() - (sent.empty() ? begin : begin + sent.back()));
      sent.push_back(Now() - begin);
    }));
  });
  EXPECT_FALSE(err) << err.Message();
  // Each stream takes up to a fifth less, always the same.
  ASSERT_GE(heartbeats.size(), 4u);
  for (const Duration after : heartbeats) {
    EXPECT_EQ(after, heartbeats.front());
    EXPECT_GT(after, 8s - 1ms);
    EXPECT_LE(after, 10s);
  }
}

TEST(Events, HeartbeatsComeOnAPlainThread) {
  Chan<int> numbers(1);
  numbers.TrySend(1);
  std::string all;
  EXPECT_FALSE(ForwardSeen(numbers, 5ms, [&](std::string_view text) {
    all.append(text);
    if (all.ends_with("data: 1\n\n: \n\n: \n\n")) numbers.Close();
  }));
  EXPECT_TRUE(all.ends_with("data: 1\n\n: \n\n: \n\n")) << all;
}

// A value of which nothing is sent keeps no connection alive.
TEST(Events, HeartbeatsComeWhileValuesAreLeftOut) {
  const std::string sent = SentInTest([](EventStream& events, Request& r) {
    Chan<int> numbers(0);
    Group group(r.Ctx());
    group.Go([&](const Context& ctx) {
      for (int i = 0; i < 60; ++i) {
        (void)Sleep(ctx, 1s);
        (void)numbers.Send(ctx, i);
      }
      numbers.Close();
    });
    return events.Forward(r.Ctx(), numbers, [](int) { return std::optional<ServerSentEvent>(); });
  });
  EXPECT_GE(sent.size(), 3 * std::string_view(": \n\n").size());
}

TEST(Events, WithoutALimitThereIsNoHeartbeat) {
  const Error err = RunTest([](const Context&) {
    Recorder recorder;
    recorder.Serve(
        [](ResponseWriter& w, Request& r) -> Error {
          Result<EventStream> events = StartEvents(w, r, {.heartbeat = kUnlimited});
          if (Error failed = events.Err()) return failed;
          const CancelScope day = WithTimeout(r.Ctx(), 24h);
          EXPECT_TRUE(events->Forward(day.ctx, Chan<int>(), Number).Is(kDeadlineExceeded));
          return {};
        },
        RequestBuilder());
    EXPECT_EQ(recorder.Body(), kBegin);
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(Events, ADrainEndsThemWithARandomRetry) {
  const CancelScope drain = WithCancel(Background());
  drain.cancel();
  std::vector<int> times;
  for (int i = 0; i < 20; ++i) {
    const std::string sent = SentInTest(
        [](EventStream& events, Request& r) { return events.Forward(r.Ctx(), Chan<int>(), Number); }, drain.ctx);
    ASSERT_TRUE(sent.starts_with("retry: ") && sent.ends_with("\n\n")) << sent;
    times.push_back(std::stoi(sent.substr(7)));
  }
  for (const int time : times) {
    EXPECT_GE(time, 1000);
    EXPECT_LT(time, 5000);
  }
  EXPECT_GT(*std::max_element(times.begin(), times.end()), *std::min_element(times.begin(), times.end()));
}

TEST(Events, ADrainWinsOverValuesThatKeepComing) {
  const CancelScope drain = WithCancel(Background());
  Chan<int> numbers(100);
  for (int i = 0; i < 100; ++i) numbers.TrySend(i);
  const std::string sent = SentInTest(
      [&](EventStream& events, Request& r) {
        return events.Forward(r.Ctx(), numbers, [&](int n) {
          drain.cancel();
          return Number(n);
        });
      },
      drain.ctx);
  EXPECT_NE(sent.find("data: 63\n\nretry: "), sent.npos) << sent;  // what was taken leaves
  EXPECT_EQ(sent.find("data: 64"), sent.npos);
}

TEST(Events, ASlowClientLearnsHowManyItHasMissed) {
  Broadcast<int> numbers;
  const Subscription<int> mine = numbers.Subscribe({.capacity = 2});
  for (int i = 1; i <= 5; ++i) numbers.Publish(i);
  numbers.Close();

  EXPECT_EQ(Sent([&](EventStream& events, Request& r) { return events.Forward(r.Ctx(), mine, Number); }),
            "event: lagged\ndata: 3\n\ndata: 4\n\ndata: 5\n\n");
}

TEST(Events, ASlowClientLearnsThatItIsDisconnected) {
  Broadcast<int> numbers;
  const Subscription<int> mine = numbers.Subscribe({.capacity = 2, .when_full = WhenFull::kDisconnect});
  for (int i = 1; i <= 5; ++i) numbers.Publish(i);

  EXPECT_EQ(Sent([&](EventStream& events, Request& r) { return events.Forward(r.Ctx(), mine, Number); }),
            "data: 1\n\ndata: 2\n\nevent: lagged\ndata: disconnected\n\n");
}

TEST(Events, ForwardingToTheNextFailureOfTheConnection) {
  Recorder recorder;
  recorder.FailAfter(kBegin.size(), kClientGone);
  recorder.Serve(
      [](ResponseWriter& w, Request& r) -> Error {
        Result<EventStream> events = StartEvents(w, r);
        if (Error err = events.Err()) return err;
        Chan<int> numbers(1);
        numbers.TrySend(1);
        return events->Forward(r.Ctx(), numbers, Number);
      },
      RequestBuilder());
  EXPECT_TRUE(recorder.Err().Is(kClientGone)) << recorder.Err().Message();
}

}  // namespace
}  // namespace weft
