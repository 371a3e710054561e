// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/field_errors.h>

#include <gtest/gtest.h>

#include <weft/handlers/problem.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

TEST(FieldErrors, AreNoErrorIfNothingWasAdded) {
  FieldErrors errors;
  EXPECT_FALSE(errors.Take());
}

TEST(FieldErrors, AreA422WithAllOfThem) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter&, Request&) {
        FieldErrors errors;
        errors.Add("/title", "must not be empty");
        errors.Add("/tags/0", "is \"too\" long");
        return errors.Take();
      },
      RequestBuilder());
  EXPECT_EQ(recorder.Status(), 422);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "application/problem+json");
  EXPECT_EQ(
      recorder.Body(),
      R"({"title":"Unprocessable Content","status":422,"errors":[{"pointer":"#/title","detail":"must not be empty"},)"
      R"({"pointer":"#/tags/0","detail":"is \"too\" long"}]})"
      "\n");
  EXPECT_EQ(recorder.Err().Message(),
            "/title: must not be empty; /tags/0: is \"too\" long: 422 Unprocessable Content");
}

TEST(FieldErrors, EncodeWhatAClientHasChosen) {
  FieldErrors errors;
  errors.Add("a b\"\n\xff", "\xff");
  const Error err = errors.Take();
  const std::string body = FormatProblem(*err.As<Problem>());
  EXPECT_NE(body.find(R"("pointer":"#/a%20b%22%0A%FF")"), std::string::npos) << body;
  EXPECT_NE(body.find("\"detail\":\"\xEF\xBF\xBD\""), std::string::npos) << body;
  EXPECT_FALSE(errors.Take()) << "what was taken is forgotten";
}

}  // namespace
}  // namespace weft
