// SPDX-License-Identifier: Apache-2.0
#include <weft/http/date.h>

#include <gtest/gtest.h>

namespace weft {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;
using namespace std::chrono_literals;

constexpr sys_seconds At(int year, unsigned month, unsigned day, std::chrono::seconds time = 0s) {
  return sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day)) + time;
}

constexpr sys_seconds kExample = At(1994, 11, 6, 8h + 49min + 37s);  // of RFC 9110
constexpr sys_seconds kNow = At(2026, 11, 28, 12h);

TEST(HttpDate, IsWrittenAsFixdate) {
  EXPECT_EQ(FormatHttpDate(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatHttpDate(sys_seconds()), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(At(2024, 2, 29, 23h + 59min + 59s)), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(FormatHttpDate(At(1, 1, 1)), "Mon, 01 Jan 0001 00:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(At(9999, 12, 31)), "Fri, 31 Dec 9999 00:00:00 GMT");
}

TEST(HttpDate, IsEmptyWhereTheFormHasNoYear) {
  EXPECT_EQ(FormatHttpDate(At(10'000, 1, 1)), "");
  EXPECT_EQ(FormatHttpDate(At(0, 12, 31)), "");
  EXPECT_EQ(FormatHttpDate(sys_seconds::max()), "");
  EXPECT_EQ(FormatHttpDate(sys_seconds::min()), "");
}

TEST(HttpDate, IsReadInAllThreeForms) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), kExample);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), kExample);
  EXPECT_EQ(ParseHttpDate("Wed Nov 16 08:49:37 1994"), kExample + std::chrono::days(10));
  EXPECT_EQ(ParseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT"), At(2017, 1, 1)) << "a leap second";
  EXPECT_EQ(ParseHttpDate("Mon, 06 Nov 1994 08:49:37 GMT"), kExample)
      << "the day's name is not compared";
}

TEST(HttpDate, ComesBackAsItWasWritten) {
  for (sys_seconds time = At(1899, 12, 30); time < At(2110, 1, 1);
       time += std::chrono::seconds(86'399 * 31)) {
    EXPECT_EQ(ParseHttpDate(FormatHttpDate(time)), time) << FormatHttpDate(time);
  }
}

TEST(HttpDate, OfTwoDigitsIsAtMostFiftyYearsAhead) {
  EXPECT_EQ(ParseHttpDate("Sunday, 27-Nov-76 12:00:00 GMT", kNow), At(2076, 11, 27, 12h));
  EXPECT_EQ(ParseHttpDate("Sunday, 28-Nov-76 12:00:00 GMT", kNow), At(2076, 11, 28, 12h));
  EXPECT_EQ(ParseHttpDate("Sunday, 28-Nov-76 12:00:01 GMT", kNow), At(1976, 11, 28, 12h + 1s));
  EXPECT_EQ(ParseHttpDate("Sunday, 01-Jan-77 00:00:00 GMT", kNow), At(1977, 1, 1));
  EXPECT_EQ(ParseHttpDate("Sunday, 01-Jan-00 00:00:00 GMT", kNow), At(2000, 1, 1));
  EXPECT_EQ(ParseHttpDate("Sunday, 29-Feb-76 00:00:00 GMT", At(2024, 2, 29)), At(1976, 2, 29))
      << "51 years and 365 days ahead";
}

TEST(HttpDate, IsNothingElse) {
  const char* const bad[] = {
      "",
      "now",
      "0",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      " Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT",
      "sun, 06 Nov 1994 08:49:37 GMT",
      "Sun,06 Nov 1994 08:49:37 GMT",
      "Sun, 31 Nov 1994 08:49:37 GMT",
      "Sun, 29 Feb 2023 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 06 Nov -994 08:49:37 GMT",
      "Sun, 06 ovD 1994 08:49:37 GMT",
      "Sunda, 06-Nov-94 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov  6 08:49:37 94",
      "Sun Nov  6 08:49:37 1994 GMT",
  };
  for (const char* text : bad) EXPECT_FALSE(ParseHttpDate(text)) << text;
}

}  // namespace
}  // namespace weft
