// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/error.h>

#include <stdexcept>
#include <string>
#include <system_error>

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include "kit.h"

namespace weft {
namespace {

TEST(Error, IsFalseWhenNothingFailed) {
  const Error none;

  EXPECT_FALSE(none);
  EXPECT_EQ(none.Message(), "");
  EXPECT_FALSE(none.Is(none));
  EXPECT_FALSE(none.Is(kCanceled));
  EXPECT_FALSE(none.Code());
  EXPECT_EQ(none.Exception(), nullptr);
}

TEST(Error, FromACodeWithoutErrorIsEmpty) {
  EXPECT_FALSE(Error(std::error_code()));
  EXPECT_FALSE(Error(boost::system::error_code()));
  EXPECT_FALSE(Error::FromException(nullptr));
}

TEST(Error, EachNewIsAnIdentityOfItsOwn) {
  const Error a = Error::New("no such user");
  const Error b = Error::New("no such user");

  EXPECT_TRUE(a.Is(a));
  EXPECT_FALSE(a.Is(b));
  EXPECT_TRUE(a.Wrap("login").Is(a));
}

TEST(Error, WrapSaysWhatWasDoneOutermostFirst) {
  const Error inner = Error::New("connection refused");

  EXPECT_EQ(inner.Wrap("connect").Wrap("load the profile").Message(), "load the profile: connect: connection refused");
  EXPECT_FALSE(Error().Wrap("connect"));
}

TEST(Error, IsLooksThroughWhatItWraps) {
  const Error err = kDeadlineExceeded.Wrap("read").Wrap("fetch");

  EXPECT_TRUE(err.Is(kDeadlineExceeded));
  EXPECT_FALSE(err.Is(kCanceled));
  EXPECT_EQ(err.Code(), make_error_code(Errc::kDeadlineExceeded));
}

TEST(Error, ConstantsAreTheirCodes) {
  const Error from_code = make_error_code(Errc::kClosed);

  EXPECT_TRUE(from_code.Is(kClosed));
  EXPECT_TRUE(kClosed.Is(from_code));
  EXPECT_EQ(from_code.Message(), kClosed.Message());
}

TEST(Error, DistinguishesStandardErrorsInAnyCategory) {
  const Error from_errno = std::error_code(ECONNREFUSED, std::system_category());
  const Error from_boost = boost::asio::error::make_error_code(boost::asio::error::connection_refused);

  for (const Error& err : {from_errno, from_boost}) {
    EXPECT_TRUE(err.Is(std::errc::connection_refused));
    EXPECT_TRUE(Error(std::errc::connection_refused).Is(err));
    EXPECT_FALSE(err.Is(std::errc::connection_reset));
  }
}

TEST(Error, CarriesATypedPayload) {
  struct Status {
    int code;
  };
  const Error err = Error::With("not found", Status{404}).Wrap("handler");

  ASSERT_NE(err.As<Status>(), nullptr);
  EXPECT_EQ(err.As<Status>()->code, 404);
  EXPECT_EQ(err.As<int>(), nullptr);
  EXPECT_EQ(kCanceled.As<Status>(), nullptr);
}

TEST(Error, CarriesAnException) {
  const Error err = Error::FromException(std::make_exception_ptr(std::runtime_error("boom"))).Wrap("task");

  EXPECT_EQ(err.Message(), "task: boom");
  ASSERT_NE(err.Exception(), nullptr);
  EXPECT_THROW(std::rethrow_exception(err.Exception()), std::runtime_error);
  EXPECT_EQ(Error::FromException(std::make_exception_ptr(7)).Message(), "an exception that is not a std::exception");
}

TEST(Error, AChainOfAnyLengthIsReadAndFreedWithoutRecursion) {
  Error err = kCanceled;
  for (int i = 0; i < 100'000; ++i) err = err.Wrap("x");

  EXPECT_TRUE(err.Is(kCanceled));
  EXPECT_GT(err.Message().size(), 300'000U);
}

TEST(Error, SurvivesSelfAssignmentAndMoves) {
  Error err = Error::New("a");
  const Error& same = err;
  err = same;
  EXPECT_EQ(err.Message(), "a");

  Error moved = std::move(err);
  EXPECT_EQ(moved.Message(), "a");
}

TEST(IgnoreCanceled, LetsAllOtherErrorsPass) {
  EXPECT_FALSE(IgnoreCanceled({}));
  EXPECT_FALSE(IgnoreCanceled(kCanceled));
  EXPECT_FALSE(IgnoreCanceled(Error(kCanceled).Wrap("wait for the queue")));
  EXPECT_TRUE(IgnoreCanceled(kDeadlineExceeded).Is(kDeadlineExceeded));
  const Error other = Error::New("other");
  EXPECT_TRUE(IgnoreCanceled(other).Is(other));
}

}  // namespace
}  // namespace weft
