// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/error_status.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/handler.h>
#include <weft/handlers/testing.h>
#include <weft/net/client_failure.h>

namespace weft {
namespace {

// The error of a context that was canceled with this cause.
Error CanceledBy(const Error& cause) {
  CancelScope scope = WithCancel(Background());
  scope.cancel(cause);
  return scope.ctx.Err();
}

struct ErrorAndStatus {
  const char* what;
  Error error;
  int status;
};

TEST(ErrorStatus, Table) {
  const CancelScope expired = WithDeadline(Background(), Now() - std::chrono::seconds(1));
  const ErrorAndStatus rows[] = {
      {"no error", Error(), 200},
      {"HttpError", HttpError(418), 418},
      {"a wrapped HttpError", HttpError(404).Wrap("x"), 404},
      {"malformed", kMalformed, 400},
      {"timeout", kTimeout.Wrap("request body"), 408},
      {"refused", kRefused.Wrap("too many"), 503},
      {"too large", kTooLarge.Wrap("request body"), 413},
      {"an upstream that is not there", kUnavailable.Wrap("https://users.internal"), 503},
      {"an upstream that failed", kUpstreamFailed.Wrap("https://users.internal"), 502},
      {"a slow upstream", kUpstreamTimeout, 504},
      {"an upstream's malformed response is not the client's fault",
       MakeClientFailure({ClientFailure::kMalformed, true, "http://users", "status line"}), 502},
      {"deadline", kDeadlineExceeded, 504},
      {"a context's deadline", expired.ctx.Err(), 504},
      {"server closing", kServerClosing, 503},
      {"canceled by server closing", CanceledBy(kServerClosing), 503},
      {"canceled by client gone", CanceledBy(kClientGone).Wrap("fetch"), kStatusClientGone},
      {"canceled by an HttpError", CanceledBy(HttpError(409)), 409},
      {"canceled by the handler itself", CanceledBy({}), 500},
      {"closed", kClosed, 500},
      {"anything", Error::New("disk full"), 500},
      {"a system error", Error(std::errc::io_error), 500},
      {"an exception", Error::FromException(std::make_exception_ptr(std::runtime_error("x"))), 500},
  };
  for (const ErrorAndStatus& row : rows) EXPECT_EQ(StatusOf(row.error), row.status) << row.what;
}

TEST(ErrorStatus, AnErrorReplacesWhatWasWritten) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.Header().Set("Content-Type", "application/json");
        w.Header().Set("Content-Length", "100");
        w.Header().Set("ETag", "\"1\"");
        w.Header().Set("Content-Security-Policy", "default-src 'self'");
        w.Trailer().Set("Checksum", "1");
        w.WriteHeader(201);
        if (Error err = w.Write("half of the truth")) return err;
        return Error::New("secret of the house");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Body(), "Internal Server Error\n");
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(recorder.Header().Get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "22");
  EXPECT_FALSE(recorder.Header().Has("ETag"));
  EXPECT_EQ(recorder.Header().Get("Content-Security-Policy"), "default-src 'self'");
  EXPECT_EQ(recorder.Trailer().Size(), 0u);
  EXPECT_EQ(recorder.Err().Message(), "secret of the house");
}

TEST(ErrorStatus, HttpErrorsTextIsTheBodyAndItsFieldsStay) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.Header().Set("WWW-Authenticate", "Basic");
        return HttpError(401, "who are you?").Wrap("not for the client");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 401);
  EXPECT_EQ(recorder.Body(), "who are you?\n");
  EXPECT_EQ(recorder.Header().Get("WWW-Authenticate"), "Basic");
}

TEST(ErrorStatus, AClosingServerSaysWhenToComeBack) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) { return CanceledBy(kServerClosing); }, RequestBuilder());
  EXPECT_EQ(recorder.Status(), 503);
  EXPECT_EQ(recorder.Header().Get("Retry-After"), "1");

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.Header().Set("Retry-After", "30");
        return HttpError(503);
      },
      RequestBuilder());
  EXPECT_EQ(recorder.Header().Get("Retry-After"), "30");
}

TEST(ErrorStatus, NeverAsksAClientToRepeatWhatMayHaveBeenDone) {
  for (const bool processed : {false, true}) {
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter&, Request&) {
          return MakeClientFailure(Errc::kUnavailable, {ClientFailure::kReset, processed, "postgres://db:5432", ""});
        },
        RequestBuilder());
    EXPECT_EQ(recorder.Status(), 503);
    EXPECT_EQ(recorder.Header().Has("Retry-After"), !processed);
  }
}

TEST(ErrorStatus, NothingIsSentToAClientThatIsGone) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) { return CanceledBy(kClientGone); }, RequestBuilder());

  EXPECT_EQ(recorder.Status(), 0);
  EXPECT_TRUE(recorder.Aborted());
}

TEST(ErrorStatus, AbortsTheResponseOnceTheHeadIsSent) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        if (Error err = w.Write("begun")) return err;
        if (Error err = w.Flush()) return err;
        return HttpError(404);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), "begun");
  EXPECT_TRUE(recorder.Aborted());
}

TEST(ErrorStatus, AnExceptionIsA500) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) { throw std::runtime_error("secret"); }, RequestBuilder());

  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Body(), "Internal Server Error\n");
  EXPECT_TRUE(recorder.Err().Exception());
}

TEST(ErrorStatus, AResponseToHeadHasTheLengthOfTheErrorAndNoBody) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter&, Request&) { return HttpError(404); }, RequestBuilder("HEAD"));

  EXPECT_EQ(recorder.Status(), 404);
  EXPECT_EQ(recorder.Body(), "");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "10");
}

TEST(ReasonPhrase, IsKnownForRegisteredStatuses) {
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(413), "Content Too Large");
  EXPECT_EQ(ReasonPhrase(504), "Gateway Timeout");
  EXPECT_EQ(ReasonPhrase(299), "");
  EXPECT_EQ(ReasonPhrase(-1), "");
}

}  // namespace
}  // namespace weft
