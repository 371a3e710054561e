// SPDX-License-Identifier: Apache-2.0
// What must never happen to a ResponseWriter or a Body: use by somebody who is not its request.
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

constexpr char kAfterReturn[] = "used after its handler has returned";
constexpr char kForeign[] = "used from another loop, or by a fiber that does not belong to its request";

// The writer and request that a handler saw, for use after it has returned.
struct Kept {
  Recorder recorder;
  ResponseWriter* w = nullptr;
  Request* r = nullptr;

  Kept() {
    recorder.Serve(
        [this](ResponseWriter& writer, Request& request) {
          w = &writer;
          r = &request;
        },
        RequestBuilder());
  }
};

class MisuseDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(MisuseDeathTest, EveryMemberOfAWriterAbortsAfterTheHandlerHasReturned) {
  EXPECT_DEATH(static_cast<void>(Kept().w->Write("x")), std::string("weft: ResponseWriter::Write: ") + kAfterReturn);
  EXPECT_DEATH(static_cast<void>(Kept().w->Flush()), std::string("ResponseWriter::Flush: ") + kAfterReturn);
  EXPECT_DEATH(Kept().w->Header(), std::string("ResponseWriter::Header: ") + kAfterReturn);
  EXPECT_DEATH(Kept().w->Trailer(), std::string("ResponseWriter::Trailer: ") + kAfterReturn);
  EXPECT_DEATH(Kept().w->WriteHeader(200), std::string("ResponseWriter::WriteHeader: ") + kAfterReturn);
  EXPECT_DEATH(Kept().w->Status(), std::string("ResponseWriter::Status: ") + kAfterReturn);
  EXPECT_DEATH(Kept().w->OnHead([] {}), std::string("ResponseWriter::OnHead: ") + kAfterReturn);
  EXPECT_DEATH(Kept().w->Abort(), std::string("ResponseWriter::Abort: ") + kAfterReturn);
}

TEST_F(MisuseDeathTest, EveryMemberOfABodyAbortsAfterTheHandlerHasReturned) {
  EXPECT_DEATH(static_cast<void>(Kept().r->Body().ReadAll()), std::string("Body::ReadAll: ") + kAfterReturn);
  EXPECT_DEATH(static_cast<void>(Kept().r->Body().Read({})), std::string("Body::Read: ") + kAfterReturn);
  EXPECT_DEATH(Kept().r->Body().SetLimit(1), std::string("Body::SetLimit: ") + kAfterReturn);
}

// Lets another thread do this with the writer and request of a handler that runs in a fiber.
void FromElsewhere(void (*act)(ResponseWriter&, Request&)) {
  const Error err = weft::Run(Background(), [act](const Context&) -> Error {
    Recorder recorder;
    recorder.Serve([act](ResponseWriter& w, Request& r) { std::thread([&] { act(w, r); }).join(); },
                   RequestBuilder("POST").Body("x"));
    return {};
  });
  static_cast<void>(err);
}

TEST_F(MisuseDeathTest, AWriterAbortsWhenAnotherThreadUsesIt) {
  EXPECT_DEATH(FromElsewhere([](ResponseWriter& w, Request&) { static_cast<void>(w.Write("x")); }),
               std::string("ResponseWriter::Write: ") + kForeign);
}

TEST_F(MisuseDeathTest, ABodyAbortsWhenAnotherThreadUsesIt) {
  EXPECT_DEATH(FromElsewhere([](ResponseWriter&, Request& r) { static_cast<void>(r.Body().ReadAll()); }),
               std::string("Body::ReadAll: ") + kForeign);
}

// A handler that serves another request inside, and uses the outer writer there.
TEST_F(MisuseDeathTest, AWriterAbortsWhenAnotherRequestUsesIt) {
  const auto nested = [] {
    const Error err = weft::Run(Background(), [](const Context&) -> Error {
      Recorder outer;
      Recorder inner;
      outer.Serve(
          [&](ResponseWriter& w, Request&) {
            inner.Serve([&w](ResponseWriter&, Request&) { return w.Write("x"); }, RequestBuilder());
          },
          RequestBuilder());
      return {};
    });
    static_cast<void>(err);
  };

  EXPECT_DEATH(nested(), std::string("ResponseWriter::Write: ") + kForeign);
}

// Lets members of a group write, inside a handler on a scheduler of two loops; returns what came out.
std::string FromMembers(bool spread) {
  std::string body;
  RunOptions options;
  options.loops = 2;
  const Error err = Run(Background(), options, [&](const Context&) -> Error {
    Recorder recorder;
    recorder.Serve(
        [spread](ResponseWriter& w, Request& r) {
          GroupOptions group_options;
          group_options.spread = spread;
          Group group(r.Ctx(), group_options);
          for (int i = 0; i < 4; ++i) group.Go([&w](const Context&) { return w.Write("x"); });
          return group.Wait();
        },
        RequestBuilder());
    body = recorder.Body();
    return recorder.Err();
  });
  return err ? err.Message() : body;
}

TEST_F(MisuseDeathTest, AWriterAbortsWhenAMemberOnAnotherLoopUsesIt) {
  EXPECT_DEATH(FromMembers(true), std::string("ResponseWriter::Write: ") + kForeign);
}

TEST(Misuse, MembersOnTheLoopOfTheRequestMayWrite) { EXPECT_EQ(FromMembers(false), "xxxx"); }

void Serve(const Handler& handler) { Recorder().Serve(handler, RequestBuilder()); }

TEST_F(MisuseDeathTest, AStatusOutsideItsRangeAborts) {
  EXPECT_DEATH(Serve([](ResponseWriter& w, Request&) { w.WriteHeader(99); }), "the status is not in 100..999");
  EXPECT_DEATH(Serve([](ResponseWriter& w, Request&) { w.WriteHeader(1000); }), "the status is not in 100..999");
}

TEST_F(MisuseDeathTest, AbortsOnAHookThatWrites) {
  EXPECT_DEATH(Serve([](ResponseWriter& w, Request&) { w.OnHead([&w] { static_cast<void>(w.Write("x")); }); }),
               "ResponseWriter::Write: a hook of OnHead must not write");
}

class Nothing : public BodyFilter {
  Error Write(std::string_view data, Output& next) override { return next.Write(data); }
};

TEST_F(MisuseDeathTest, AbortsOnAFilterAddedTooLate) {
  EXPECT_DEATH(Serve([](ResponseWriter& w, Request&) {
                 static_cast<void>(w.Write("x"));
                 w.PushFilter(std::make_unique<Nothing>());
               }),
               "ResponseWriter::PushFilter: the body has begun");
}

TEST(Misuse, InsideAFiberAnExchangeWorksAsOnAThread) {
  std::string body;

  const Error err = weft::Run(Background(), [&](const Context&) -> Error {
    Recorder recorder;
    recorder.Serve([](ResponseWriter& w, Request& r) { return w.Write(*r.Body().ReadAll()); },
                   RequestBuilder("POST").Body("fiber"));
    body = recorder.Body();
    return {};
  });

  EXPECT_FALSE(err);
  EXPECT_EQ(body, "fiber");
}

}  // namespace
}  // namespace weft
