// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/testing.h>

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

struct TargetRow {
  const char* method;
  const char* target;
  const char* host;
  const char* path;
  const char* query;
};

TEST(RequestBuilder, TakesTargetsOfAllForms) {
  const TargetRow rows[] = {
      {"GET", "/a/b?c=d", "example.com", "/a/b", "c=d"},
      {"GET", "/a?b?c", "example.com", "/a", "b?c"},
      {"GET", "/?u=http://x/", "example.com", "/", "u=http://x/"},
      {"GET", "http://a.test:81/b?c", "a.test:81", "/b", "c"},
      {"GET", "http://a.test", "a.test", "/", ""},
      {"GET", "http://a.test?b", "a.test", "/", "b"},
      {"OPTIONS", "*", "example.com", "*", ""},
      {"CONNECT", "a.test:443", "a.test:443", "", ""},
  };
  for (const TargetRow& row : rows) {
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter&, Request& r) {
          EXPECT_EQ(r.Target(), row.target);
          EXPECT_EQ(r.Host(), row.host) << row.target;
          EXPECT_EQ(r.RawPath(), row.path) << row.target;
          EXPECT_EQ(r.RawQuery(), row.query) << row.target;
        },
        RequestBuilder(row.method, row.target));
  }
}

TEST(RequestBuilder, MayBeServedSeveralTimes) {
  const RequestBuilder request = RequestBuilder("POST").BodyInPieces({"a", "b"}).Trailer("T", "1");
  Recorder recorder;
  for (int i = 0; i < 3; ++i) {
    recorder.Serve([](ResponseWriter& w, Request& r) { return w.Write(*r.Body().ReadAll()); }, request);
    EXPECT_EQ(recorder.Body(), "ab");
  }
}

TEST(Recorder, ForgetsTheRequestBefore) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter& w, Request& r) -> Error {
        r.LongLived();
        w.WriteHeader(103);
        w.Header().Set("X", "1");
        w.Trailer().Set("Y", "2");
        if (Error err = w.Flush()) return err;
        return Error::New("failed");
      },
      RequestBuilder());
  EXPECT_TRUE(recorder.Aborted());

  recorder.Serve([](ResponseWriter&, Request&) {}, RequestBuilder());

  EXPECT_FALSE(recorder.Err());
  EXPECT_FALSE(recorder.Aborted());
  EXPECT_FALSE(recorder.LongLived());
  EXPECT_EQ(recorder.Flushes(), 0);
  EXPECT_TRUE(recorder.Interim().empty());
  EXPECT_FALSE(recorder.Header().Has("X"));
  EXPECT_EQ(recorder.Trailer().Size(), 0u);
}

TEST(Recorder, TheContextIsTheOneGiven) {
  CancelScope scope = WithCancel(Background());
  scope.cancel(kClientGone);
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request& r) { return r.Ctx().Err(); }, RequestBuilder().Context(scope.ctx));

  EXPECT_TRUE(recorder.Err().Is(kClientGone));
}

TEST(Recorder, DrainingIsTheContextGiven) {
  CancelScope drain = WithCancel(Background());
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter&, Request& r) {
        EXPECT_FALSE(r.Draining().Err());
        drain.cancel();
        EXPECT_TRUE(r.Draining().Err());
        EXPECT_FALSE(r.Ctx().Err());
      },
      RequestBuilder().Draining(drain.ctx));
}

}  // namespace
}  // namespace weft
