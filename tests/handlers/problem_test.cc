// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/problem.h>

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/error_status.h>
#include <weft/handlers/middleware/problem_details.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

TEST(Problem, IsTheJsonOfRfc9457) {
  EXPECT_EQ(FormatProblem({.status = 403,
                           .type = "https://example.com/probs/out-of-credit",
                           .title = "You do not have enough credit",
                           .detail = "Your balance is 30",
                           .instance = "/account/12345/msgs/abc",
                           .members = {{"balance", "30"}, {"accounts", "[1,2]"}}}),
            R"({"type":"https://example.com/probs/out-of-credit","title":"You do not have enough credit","status":403,)"
            R"("detail":"Your balance is 30","instance":"/account/12345/msgs/abc","balance":30,"accounts":[1,2]})"
            "\n");
}

TEST(Problem, TheStatusSaysAllWhereThereIsNoTitle) {
  EXPECT_EQ(FormatProblem({.status = 404}), "{\"title\":\"Not Found\",\"status\":404}\n");
  EXPECT_EQ(FormatProblem({.status = 599}), "{\"status\":599}\n");
}

TEST(Problem, TextsCannotLeaveTheirString) {
  EXPECT_EQ(JsonString("a\"b\\c\r\n\t\x01\x7f"), R"("a\"b\\c\r\n\t\u0001\u007f")");
  EXPECT_EQ(JsonString("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
}

TEST(Problem, BadUtf8BecomesTheReplacementCharacter) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(JsonString("\x80"), "\"" + bad + "\"");
  EXPECT_EQ(JsonString("\xC0\xAF"), "\"" + bad + bad + "\"") << "overlong";
  EXPECT_EQ(JsonString("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"") << "a surrogate";
  EXPECT_EQ(JsonString("\xF4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"") << "above U+10FFFF";
  EXPECT_EQ(JsonString("\xE2\x82"), "\"" + bad + bad + "\"") << "cut";
}

TEST(Problem, OfMembersWithOneNameTheFirstCounts) {
  EXPECT_EQ(FormatProblem({.status = 400, .members = {{"status", "1"}, {"a", "1"}, {"a", "2"}, {"type", "2"}}}),
            "{\"title\":\"Bad Request\",\"status\":400,\"a\":1}\n");
}

TEST(ProblemError, RespondsWithItWithoutAnyMiddleware) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        if (Error err = w.Write("half")) return err;
        return ProblemError({.status = 409, .detail = "it is there already"}).Wrap("add");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 409);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "application/problem+json");
  EXPECT_EQ(recorder.Header().Get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(recorder.Body(), "{\"title\":\"Conflict\",\"status\":409,\"detail\":\"it is there already\"}\n");
  EXPECT_EQ(recorder.Err().Message(), "add: 409 Conflict: it is there already");
  EXPECT_EQ(StatusOf(recorder.Err()), 409);
}

TEST(ProblemErrorDeathTest, AbortsOnAStatusThatIsNoError) {
  EXPECT_DEATH(static_cast<void>(ProblemError({.status = 200})), "ProblemError: the status of a problem must be in 400..599");
}

std::string BodyOf(const Handler& handler, const RequestBuilder& request = RequestBuilder()) {
  Recorder recorder;
  recorder.Serve(ProblemDetails()(handler), request);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "application/problem+json");
  return recorder.Body();
}

TEST(ProblemDetails, GivesEveryErrorItsForm) {
  Mux mux;
  mux.Handle("GET /a", [](ResponseWriter&, Request&) {});
  EXPECT_EQ(BodyOf(mux, RequestBuilder("GET", "/b")), "{\"title\":\"Not Found\",\"status\":404}\n");
  EXPECT_EQ(BodyOf(mux, RequestBuilder("POST", "/a")), "{\"title\":\"Method Not Allowed\",\"status\":405}\n");
  EXPECT_EQ(BodyOf([](ResponseWriter&, Request&) { return HttpError(400, "no \"name\""); }),
            "{\"title\":\"Bad Request\",\"status\":400,\"detail\":\"no \\\"name\\\"\"}\n");
  EXPECT_EQ(BodyOf([](ResponseWriter&, Request&) { return kTooLarge.Wrap("secret"); }),
            "{\"title\":\"" + std::string(ReasonPhrase(413)) + "\",\"status\":413}\n");
  EXPECT_EQ(BodyOf([](ResponseWriter&, Request&) { return Error::New("disk full"); }),
            "{\"title\":\"Internal Server Error\",\"status\":500}\n");
  EXPECT_EQ(BodyOf([](ResponseWriter&, Request&) { throw std::runtime_error("broken"); }),
            "{\"title\":\"Internal Server Error\",\"status\":500}\n");
  EXPECT_EQ(BodyOf([](ResponseWriter&, Request&) { return ProblemError({.status = 422, .title = "Bad order"}); }),
            "{\"title\":\"Bad order\",\"status\":422}\n");
}

TEST(ProblemDetails, TheErrorGoesOnAsItWas) {
  Recorder recorder;
  recorder.Serve(ProblemDetails()([](ResponseWriter&, Request&) { return kTooLarge.Wrap("body"); }), RequestBuilder());
  EXPECT_TRUE(recorder.Err().Is(kTooLarge));
  EXPECT_EQ(recorder.Err().Message(), "body: too large");

  recorder.Serve(ProblemDetails()([](ResponseWriter&, Request&) { throw std::runtime_error("broken"); }), RequestBuilder());
  EXPECT_EQ(recorder.Err().Message(), "broken");
  EXPECT_NE(recorder.Err().Exception(), nullptr);

  recorder.Serve(ProblemDetails()([](ResponseWriter&, Request&) { return kClientGone; }), RequestBuilder());
  EXPECT_TRUE(recorder.Aborted()) << "nobody waits for a problem";
}

TEST(ProblemDetails, NamesTheRequest) {
  const Handler handler = Chain([](ResponseWriter&, Request&) { return HttpError(404); },
                                {RequestId({.accept = true}), ProblemDetails()});
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder().Header("X-Request-Id", "r-17"));
  EXPECT_EQ(recorder.Body(), "{\"title\":\"Not Found\",\"status\":404,\"request_id\":\"r-17\"}\n");
}

TEST(ProblemRefusals, AreProblemsOfTheirStatus) {
  const RefusalBody body = ProblemRefusals()(431);
  EXPECT_EQ(body.content_type, "application/problem+json");
  EXPECT_EQ(body.text, "{\"title\":\"" + std::string(ReasonPhrase(431)) + "\",\"status\":431}\n");
}

}  // namespace
}  // namespace weft
