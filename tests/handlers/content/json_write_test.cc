// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/json.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <weft/handlers/testing.h>

namespace garden {

enum class Colour { red, blue };
BOOST_DESCRIBE_ENUM(Colour, red, blue)

struct Plant {
  std::string name;
  double height = 0;
  std::optional<int> age;
  std::vector<Colour> colours;
};
BOOST_DESCRIBE_STRUCT(Plant, (), (name, height, age, colours))

struct Bed {
  std::map<std::string, Plant> plants;
};
BOOST_DESCRIBE_STRUCT(Bed, (), (plants))

}  // namespace garden

namespace weft {
namespace {

using garden::Bed;
using garden::Colour;
using garden::Plant;

TEST(ToJson, WritesEachKindOfValue) {
  EXPECT_EQ(*ToJson(nullptr), "null");
  EXPECT_EQ(*ToJson(true), "true");
  EXPECT_EQ(*ToJson(std::int8_t{-5}), "-5");
  EXPECT_EQ(*ToJson(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(*ToJson("a"), "\"a\"");
  EXPECT_EQ(*ToJson(std::string_view("b")), "\"b\"");
  EXPECT_EQ(*ToJson(std::vector<std::optional<int>>{1, std::nullopt}), "[1,null]");
  EXPECT_EQ(*ToJson(std::vector<bool>{true, false}), "[true,false]");
  EXPECT_EQ(*ToJson(std::set<std::string>{"b", "a"}), R"(["a","b"])");
  EXPECT_EQ(*ToJson(std::vector<int>()), "[]");
  EXPECT_EQ(*ToJson(std::map<std::string_view, int>{{"x", 1}}), R"({"x":1})");
  EXPECT_EQ(*ToJson(Plant{"rose", 12.5, 3, {Colour::red, Colour::blue}}),
            R"({"name":"rose","height":12.5,"age":3,"colours":["red","blue"]})");
  EXPECT_EQ(*ToJson(Plant{}), R"({"name":"","height":0,"colours":[]})");
  EXPECT_EQ(*ToJson(boost::json::parse(R"({"a":[12.5,null,true,"x",{}],"b":-1})")),
            R"({"a":[12.5,null,true,"x",{}],"b":-1})");
  EXPECT_EQ(*ToJson(boost::json::object{{"a", 1}}), R"({"a":1})");
  EXPECT_EQ(*ToJson(boost::json::array{1, 2}), "[1,2]");
}

TEST(ToJson, WritesNumbersInTheShortestFormThatReadsBack) {
  EXPECT_EQ(*ToJson(12.5), "12.5");
  EXPECT_EQ(*ToJson(0.1), "0.1");
  EXPECT_EQ(*ToJson(0.1f), "0.1");
  EXPECT_EQ(*ToJson(1e300), "1e+300");
  EXPECT_EQ(*ToJson(-0.0), "-0");
  EXPECT_EQ(*ToJson(boost::json::value(12.5)), "12.5");
  for (const double number : {0.1 + 0.2, 1e22, 5e-324, 1.7976931348623157e308, -123456.789, 1e-7}) {
    EXPECT_EQ(*ParseJson<double>(*ToJson(number)), number);
  }
}

TEST(ToJson, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(*ToJson(std::string("\"\\/\b\f\n\r\t\x01\x1f\x7f\0<&'\u20ac\U0001f600", 22)),
            R"("\"\\/\b\f\n\r\t\u0001\u001f)"
            "\x7f"
            R"(\u0000<&')"
            "\u20ac\U0001f600\"");
}

TEST(ToJson, ReplacesWhatIsNoUtf8) {
  const char* const bad[] = {"\xff",
                             "\x80",
                             "\xc0",
                             "\xc1\xbf",
                             "\xe2\x82",
                             "\xed\xa0\x80",
                             "\xf4\x90\x80\x80",
                             "\xf0\x8f\xbf\xbf",
                             "\xe0\x9f\xbf"};
  for (const char* text : bad) {
    const std::string json = *ToJson(std::string("a") + text + "b");
    EXPECT_TRUE(json.starts_with("\"a\xEF\xBF\xBD") && json.ends_with("b\"")) << json;
    EXPECT_TRUE(ParseJson<std::string>(json).Ok()) << json;
  }
}

TEST(ToJson, RefusesWhatJsonCannotSayAndNamesThePlace) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ToJson(kInfinity).Err().Message(),
            "JSON cannot be written: a number that is infinite or not a number");
  EXPECT_FALSE(ToJson(-kInfinity).Ok());
  EXPECT_FALSE(ToJson(std::nan("")).Ok());
  EXPECT_FALSE(ToJson(std::numeric_limits<float>::infinity()).Ok());
  EXPECT_EQ(
      ToJson(Bed{{{"a", Plant{"rose", kInfinity, {}, {}}}}}).Err().Message(),
      "JSON cannot be written: /plants/a/height is a number that is infinite or not a number");
  EXPECT_EQ(ToJson(std::vector<Colour>{Colour::red, Colour(7)}).Err().Message(),
            "JSON cannot be written: /1 is an enum without an enumerator for its value");
  EXPECT_EQ(ToJson(boost::json::value{{"a", {1, kInfinity}}}).Err().Message(),
            "JSON cannot be written: /a/1 is a number that is infinite or not a number");
  boost::json::value deep;
  for (int i = 0; i < 600; ++i) deep = boost::json::array{deep};
  EXPECT_FALSE(ToJson(deep).Ok());
}

TEST(ToJson, GrowsBeyondItsFirstRoom) {
  std::vector<std::string> list;
  for (int i = 0; i < 5000; ++i) {
    list.push_back(std::string(static_cast<std::size_t>(i % 50), 'x') + "\n");
  }
  EXPECT_EQ(*ParseJson<std::vector<std::string>>(*ToJson(list)), list);
  const std::string one(1'000'000, 'y');
  EXPECT_EQ(ToJson(one)->size(), one.size() + 2);
}

TEST(WriteJson, RespondsWithStatusTypeAndLength) {
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w,
                    Request&) { return WriteJson(w, 201, Plant{"rose", 1, {}, {}}); },
                 RequestBuilder());
  EXPECT_EQ(recorder.Status(), 201);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "application/json");
  EXPECT_EQ(recorder.Body(), R"({"name":"rose","height":1,"colours":[]})");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), std::to_string(recorder.Body().size()));
}

TEST(WriteJson, KeepsTheTypeAndTheStatusThatTheHandlerHasChosen) {
  Recorder recorder;
  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.Header().Set("Content-Type", "application/geo+json");
        w.WriteHeader(202);
        return WriteJson(w, 1);
      },
      RequestBuilder());
  EXPECT_EQ(recorder.Status(), 202);
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "application/geo+json");
}

TEST(WriteJson, SendsNothingOfAValueThatHasNoText) {
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w,
                    Request&) { return WriteJson(w, std::vector<double>{1, std::nan("")}); },
                 RequestBuilder());
  EXPECT_EQ(recorder.Status(), 500);
  EXPECT_EQ(recorder.Body(), "Internal Server Error\n");
}

}  // namespace
}  // namespace weft
