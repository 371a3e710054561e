// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/handler.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

std::string BodyOf(const Handler& handler) {
  Recorder recorder;
  recorder.Serve(handler, RequestBuilder());
  return recorder.Body();
}

Error FreeFunction(ResponseWriter& w, Request&) { return w.Write("free"); }

struct Greeter {
  std::string greeting;
  void operator()(ResponseWriter& w, Request&) const { static_cast<void>(w.Write(greeting)); }
};

TEST(Handler, IsMadeFromAnyCallable) {
  auto owned = std::make_unique<std::string>("move-only");

  EXPECT_EQ(BodyOf(FreeFunction), "free");
  EXPECT_EQ(BodyOf(Greeter{"object"}), "object");
  EXPECT_EQ(BodyOf([text = std::move(owned)](ResponseWriter& w, Request&) { return w.Write(*text); }), "move-only");
}

struct Changing {
  void operator()(ResponseWriter&, Request&) {}
};

TEST(Handler, TakesOnlyWhatAllLoopsCanCallInParallel) {
  static_assert(!HandlerFunction<Changing>);
  static_assert(!HandlerFunction<int (*)(ResponseWriter&, Request&)>);
  static_assert(!HandlerFunction<void (*)(ResponseWriter&)>);
  static_assert(HandlerFunction<void (*)(ResponseWriter&, const Request&)>);
  static_assert(HandlerFunction<decltype(FreeFunction)>);
  // What is no function at all is no handler by mistake.
  static_assert(!std::is_constructible_v<Handler, int> && !std::is_constructible_v<Handler, std::string>);
}

TEST(Handler, CopiesShareTheCallableUntilTheLastIsGone) {
  auto token = std::make_shared<int>(0);
  const std::weak_ptr<int> alive = token;
  {
    Handler second = [token](ResponseWriter&, Request&) {};
    {
      const Handler first = second;
      second = first;
      EXPECT_EQ(token.use_count(), 2);
    }
    token.reset();
    EXPECT_FALSE(alive.expired());
  }
  EXPECT_TRUE(alive.expired());
}

TEST(HandlerDeathTest, CallingWhatWasMovedFromAborts) {
  Handler moved = FreeFunction;
  const Handler taken = std::move(moved);

  EXPECT_DEATH(BodyOf(moved), "Handler: called after it was moved from");  // NOLINT: the point
}

Middleware Named(std::string name) {
  return [name](Handler next) -> Handler {
    return [name, next](ResponseWriter& w, Request& r) -> Error {
      if (Error err = w.Write(name + "(")) return err;
      if (Error err = next(w, r)) return err;
      return w.Write(")");
    };
  };
}

TEST(Chain, TheFirstMiddlewareIsTheOutermost) {
  const Handler chain = Chain(FreeFunction, {Named("a"), Named("b"), Named("c")});

  EXPECT_EQ(BodyOf(chain), "a(b(c(free)))");
  EXPECT_EQ(BodyOf(Chain(FreeFunction, {})), "free");
}

TEST(HttpError, CarriesStatusAndPublicText) {
  const Error err = HttpError(404, "no such user").Wrap("show");

  EXPECT_EQ(err.Message(), "show: 404 Not Found: no such user");
  ASSERT_NE(err.As<HttpStatus>(), nullptr);
  EXPECT_EQ(err.As<HttpStatus>()->code, 404);
  EXPECT_EQ(err.As<HttpStatus>()->public_text, "no such user");
  EXPECT_EQ(HttpError(599).Message(), "599");
}

TEST(HttpErrorDeathTest, AbortsOnAStatusThatIsNoError) {
  EXPECT_DEATH(static_cast<void>(HttpError(200)), "HttpError: the status of an error must be in 400..599");
  EXPECT_DEATH(static_cast<void>(HttpError(600)), "HttpError: the status of an error must be in 400..599");
}

}  // namespace
}  // namespace weft
