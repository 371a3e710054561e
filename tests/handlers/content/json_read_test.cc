// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/json.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json/value.hpp>

#include "../../kit/allocation_counter.h"
#include "json_kit.h"

namespace shop {

enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

struct Item {
  std::string name;
  double price = 0;
  std::optional<int> count;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price, count))

struct Base {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))

struct Order : Base {
  std::vector<Item> items;
  std::map<std::string, std::vector<int>> marks;
  std::optional<Item> gift;
  Size size = Size::small;
  bool paid = false;
};
BOOST_DESCRIBE_STRUCT(Order, (Base), (items, marks, gift, size, paid))

struct Tree {
  std::vector<Tree> kids;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (kids))

struct Roomy {
  std::optional<std::array<std::int64_t, 64>> slots;
};
BOOST_DESCRIBE_STRUCT(Roomy, (), (slots))

struct Signed {
  int value = 0;
};
BOOST_DESCRIBE_STRUCT(Signed, (), (value))

weft::Error Validate(const Signed& input) {
  return input.value < 0 ? weft::HttpError(422, "must not be negative") : weft::Error();
}

}  // namespace shop

namespace weft {
namespace {

using shop::Item;
using shop::Order;

constexpr char kItem[] = R"({"name":"tea","price":2.5})";

TEST(ReadJson, FillsStructsWithAllThatTheyAreMadeOf) {
  const Result<Order> order = ReadText<Order>(
      R"( {"items":[{"name":"t\u00e9\n","price":2.5,"count":3},{"price":1,"name":""}],
    "marks":{"a":[1,2],"b":[]}, "gift":null, "size":"large", "paid":true, "id":-9007199254740993} )");
  ASSERT_TRUE(order.Ok()) << order.Err().Message();
  EXPECT_EQ(order->id, -9007199254740993);
  ASSERT_EQ(order->items.size(), 2u);
  EXPECT_EQ(order->items[0].name, "t\u00e9\n");
  EXPECT_EQ(order->items[0].price, 2.5);
  EXPECT_EQ(order->items[0].count, 3);
  EXPECT_EQ(order->items[1].count, std::nullopt);
  EXPECT_EQ(order->marks.at("a"), (std::vector<int>{1, 2}));
  EXPECT_TRUE(order->marks.at("b").empty());
  EXPECT_FALSE(order->gift.has_value());
  EXPECT_EQ(order->size, shop::Size::large);
  EXPECT_TRUE(order->paid);
}

TEST(ReadJson, ReadsValuesOfOtherTypesThanStructs) {
  EXPECT_EQ(*ReadText<int>(" 7 "), 7);
  EXPECT_EQ(*ReadText<bool>("true"), true);
  EXPECT_EQ(*ReadText<std::string>(R"("a")"), "a");
  EXPECT_EQ(*ReadText<std::optional<int>>("null"), std::nullopt);
  EXPECT_EQ(*ReadText<std::vector<std::optional<int>>>("[1,null,2]"),
            (std::vector<std::optional<int>>{1, std::nullopt, 2}));
  EXPECT_EQ((*ReadText<std::array<int, 2>>("[1,2]"))[1], 2);
  EXPECT_EQ(ReadText<std::deque<bool>>("[true,false]")->front(), true);
  EXPECT_EQ((ReadText<std::unordered_map<std::string, int>>(R"({"":1,"\u0000b":2})")
                 ->at(std::string("\0b", 2))),
            2);
  EXPECT_EQ(
      ReadText<shop::Tree>(R"({"kids":[{"kids":[]},{"kids":[{"kids":[]}]}]})")->kids[1].kids.size(),
      1u);
}

TEST(ReadJson, ReadsAnyValueIntoAValueOfBoost) {
  const char* const text =
      R"({"a":[1,-1,18446744073709551615,2.5,"x\n",true,null,{}],"b":{"c":[]}})";
  const Result<boost::json::value> value = ReadText<boost::json::value>(text);
  ASSERT_TRUE(value.Ok()) << value.Err().Message();
  EXPECT_EQ(*ToJson(*value), text);
}

TEST(ReadJson, KeepsLongTextsAndManyElements) {
  std::string text = R"({"name":")" + std::string(100'000, 'x') + R"(\u20ac)" +
                     std::string(100'000, 'y') + R"(","price":1})";
  const Result<Item> item = ReadText<Item>(text);
  ASSERT_TRUE(item.Ok()) << item.Err().Message();
  EXPECT_EQ(item->name.size(), 200'003u);
  EXPECT_EQ(item->name.substr(100'000, 3), "\u20ac");
  std::string list = "[1";
  for (int i = 2; i <= 10'000; ++i) list += "," + std::to_string(i);
  EXPECT_EQ(ReadText<std::vector<int>>(list + "]")->back(), 10'000);
}

TEST(ReadJson, ReadsNumbersAsTheyAreWrittenAndAsExactlyAsTheTypeCan) {
  EXPECT_EQ(*ReadText<std::int8_t>("-128"), -128);
  EXPECT_EQ(*ReadText<std::uint64_t>("18446744073709551615"),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(*ReadText<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(*ReadText<double>("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(*ReadText<double>("9007199254740993.0"), 9007199254740992.0);
  EXPECT_EQ(*ReadText<double>("0.30000000000000004441"), 0.1 + 0.2);
  EXPECT_EQ(*ReadText<double>("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(*ReadText<double>("1e-400"), 0.0);
  EXPECT_TRUE(std::signbit(*ReadText<double>("-0")));
  EXPECT_TRUE(std::signbit(*ReadText<double>("-1e-400")));
  EXPECT_EQ(*ReadText<float>("0.1"), 0.1f);
  const char* const as_written[] = {"8.41", "123456.789e-17", "179769313486231570.8145274237317",
                                    "4.9406564584124654e-310", "2.2250738585072011e-308"};
  for (const char* text : as_written) {
    EXPECT_EQ(*ReadText<double>(text), std::strtod(text, nullptr)) << text;
  }
}

TEST(ReadJson, NamesThePlaceOfWhatDoesNotFit) {
  const std::string item = kItem;
  struct Row {
    std::string text;
    const char* why;
  };
  const Row rows[] = {
      {R"({"name":1,"price":2})", "/name: expected a string, not a number (line 1, column 9)"},
      {"{\n \"name\":\"a\",\n \"price\": \"2\"}",
       "/price: expected a number, not a string (line 3, column 11)"},
      {R"({"name":"a","price":2,"count":1.0})",
       "/count: expected a whole number, not a number with a fraction or an exponent (line 1, "
       "column 31)"},
      {R"({"name":"a","price":2,"count":3000000000})",
       "/count: the number is out of range (line 1, column 31)"},
      {R"({"name":"a","price":1e400})", "/price: the number is out of range (line 1, column 21)"},
      {R"({"name":"a","price":null})", "/price: expected a number, not null (line 1, column 21)"},
      {R"({"name":"a","price":true})", "/price: expected a number, not true (line 1, column 21)"},
      {R"({"name":{},"price":1})", "/name: expected a string, not an object (line 1, column 9)"},
      {R"({"name":[],"price":1})", "/name: expected a string, not an array (line 1, column 9)"},
      {R"({"name":"a","price":1,"colour":2})",
       "member \"colour\" is not known (line 1, column 23)"},
      {R"({"name":"a","price":1,"name":"b"})", "member \"name\" occurs twice (line 1, column 23)"},
      {R"({"name":"a"})", "member \"price\" is missing (line 1, column 12)"},
      {"7", "expected an object, not a number (line 1, column 1)"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(WhyNot<Item>(row.text), std::string("400 ") + row.why) << row.text;
  }
  EXPECT_EQ(WhyNot<std::vector<Item>>("[" + item + "," + item + R"(,{"name":"a","price":""}])"),
            "400 /2/price: expected a number, not a string (line 1, column 76)");
  EXPECT_EQ(WhyNot<Order>(R"({"marks":{"a":[],"x~/y":[1,"2"]}})"),
            "400 /marks/x~0~1y/1: expected a whole number, not a string (line 1, column 28)");
  EXPECT_EQ(WhyNot<Order>(R"({"marks":{"a":[],"a":[]}})"),
            "400 /marks: member \"a\" occurs twice (line 1, column 18)");
  EXPECT_EQ(WhyNot<Order>(R"({"size":"huge"})"),
            "400 /size: \"huge\" is none of its names (line 1, column 9)");
  EXPECT_EQ(WhyNot<boost::json::value>(R"([{"a":{"b":1,"b":2}}])"),
            "400 /0/a: member \"b\" occurs twice (line 1, column 14)");
  EXPECT_EQ((WhyNot<std::array<int, 2>>("[1]")),
            "400 there are too few elements (line 1, column 3)");
  EXPECT_EQ((WhyNot<std::array<int, 2>>("[1,2,3]")),
            "400 /2: there are more elements than fit (line 1, column 7)");
}

TEST(ReadJson, RejectsWhatIsNotOneTextOfJson) {
  const std::string bad[] = {"",
                             " ",
                             "{",
                             "[1,]",
                             "[1 2]",
                             "{\"a\"}",
                             "{\"a\":1,}",
                             "{a:1}",
                             "'a'",
                             "01",
                             "+1",
                             "1.",
                             ".5",
                             "1e",
                             "-",
                             "NaN",
                             "Infinity",
                             "tru",
                             "nulll",
                             "[1]x",
                             "1 2",
                             "\"\x01\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\ud800\"",
                             "\"\\ud800\\u0041\"",
                             "\"\xff\"",
                             "\"\xc0\x80\"",
                             "\"\xed\xa0\x80\"",
                             "\"\xf4\x90\x80\x80\"",
                             "\"a",
                             "/*c*/1",
                             "1//",
                             "\xef\xbb\xbf"
                             "1",
                             std::string("1\0", 2),
                             "\"\t\"",
                             "[\"a\nb\"]",
                             "0x10",
                             "1_000",
                             "[1,,2]",
                             "]",
                             "}"};
  for (const std::string& text : bad) {
    EXPECT_EQ(WhyNot<boost::json::value>(text).substr(0, 4), "400 ") << text;
  }
  EXPECT_EQ(WhyNot<Item>("[1"), "400 expected an object, not an array (line 1, column 1)");
  EXPECT_EQ(WhyNot<std::vector<int>>("[1"), "400 /0: the text ends too early (line 1, column 3)");
  EXPECT_EQ(WhyNot<int>("1\n x"), "400 something follows the value (line 2, column 2)");
}

TEST(ReadJson, LeavesUnknownMembersOutIfAllowed) {
  const JsonOptions allow{.unknown_members = true};
  const Result<Item> item = ReadText<Item>(
      R"({"x":{"name":[null,{"name":1}]},"name":"a","y":[[1],[{}],"\n",true,1.5,null],"price":2,"z":null})",
      allow);
  ASSERT_TRUE(item.Ok()) << item.Err().Message();
  EXPECT_EQ(item->name, "a");
  EXPECT_EQ(item->price, 2);
  EXPECT_EQ(WhyNot<Item>(R"({"x":[1,],"name":"a","price":2})", allow).substr(0, 4), "400 ");
}

TEST(ReadJson, BoundsTheDepth) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  using Any = boost::json::value;
  EXPECT_TRUE(ReadText<Any>(nested(32)).Ok());
  EXPECT_EQ(WhyNot<Any>(nested(33)), "400 nested more than 32 levels deep (line 1, column 33)");
  EXPECT_EQ(WhyNot<Any>(nested(100'000)),
            "400 nested more than 32 levels deep (line 1, column 33)");
  EXPECT_EQ(WhyNot<Any>(std::string(100'000, '[')),
            "400 nested more than 32 levels deep (line 1, column 33)");
  EXPECT_TRUE(ReadText<Any>(nested(512), {.depth_max = 512}).Ok());
  EXPECT_FALSE(ReadText<Any>(nested(513), {.depth_max = 512}).Ok());
  EXPECT_EQ(WhyNot<Item>(R"({"x":)" + nested(32) + "}", {.unknown_members = true}).substr(0, 20),
            "400 nested more than");
  EXPECT_DEATH((void)ReadText<int>("1", {.depth_max = 513}), "depth_max");
}

TEST(ReadJson, BoundsTheMemoryThatAShortTextCanTake) {
  using shop::Roomy;
  std::string many = "[{}";
  for (int i = 1; i < 100'000; ++i) many += ",{}";
  many += ']';
  const std::string place = std::to_string(16 * 1024 * 1024 / sizeof(Roomy));
  EXPECT_EQ(WhyNot<std::vector<Roomy>>(many).substr(0, place.size() + 50), "413 /" + place + ": the values take more memory than is allowed");
  EXPECT_EQ(ReadText<std::vector<Roomy>>(many, {.memory_max = 100'000 * sizeof(Roomy)})->size(), 100'000u);

  const auto fits = [](std::size_t bytes) { return JsonOptions{.memory_max = bytes}; };
  using Optional = std::optional<int>;
  EXPECT_TRUE(ReadText<std::vector<Optional>>("[null,1]", fits(2 * sizeof(Optional))).Ok());
  EXPECT_EQ(WhyNot<std::vector<Optional>>("[1,null,1]", fits(2 * sizeof(Optional))).substr(0, 8), "413 /2: ");
  EXPECT_EQ(WhyNot<std::vector<Optional>>("[1,1,null]", fits(2 * sizeof(Optional))).substr(0, 8), "413 /2: ");
  using Pieces = std::vector<std::deque<int>>;  // an empty one takes more than 500 bytes
  EXPECT_TRUE(ReadText<Pieces>("[[],[]]", fits(2 * (sizeof(std::deque<int>) + 600))).Ok());
  EXPECT_EQ(WhyNot<Pieces>("[[],[],[]]", fits(2 * (sizeof(std::deque<int>) + 600))).substr(0, 8), "413 /2: ");
  EXPECT_EQ((WhyNot<std::map<std::string, int>>(R"({"a":1,"b":2,"c":3})", fits(200)).substr(0, 4)), "413 ");
  EXPECT_EQ(WhyNot<boost::json::value>(R"([[],[{"a":1}],[]])", fits(100)).substr(0, 4), "413 ");
  EXPECT_EQ((ReadText<std::array<int, 3>>("[1,2,3]", fits(0))->back()), 3) << "no more than the object itself";
  EXPECT_TRUE(ParseJson<std::vector<int>>("[1]", fits(0)).Err());
}

TEST(ReadJson, ShowsOnlyAShortLineOfWhatAClientSends) {
  const std::string why = WhyNot<Item>("{\"a\\nb" + std::string(1000, 'x') + "\":1}");
  EXPECT_EQ(why.find('\n'), std::string::npos);
  EXPECT_LT(why.size(), 150u);
  EXPECT_NE(why.find("\"a?bxxx"), std::string::npos) << why;
}

TEST(ReadJson, WantsAMediaTypeOfJson) {
  const auto status_of = [](const char* type) {
    Recorder recorder;
    RequestBuilder request("POST");
    if (type != nullptr) request.Header("Content-Type", type);
    recorder.Serve([](ResponseWriter&, Request& r) { return ReadJson<int>(r).Err(); },
                   request.Body("1"));
    return recorder.Status();
  };
  for (const char* type : {"application/json", "Application/JSON",
                           "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
                           "application/problem+json", "application/vnd.x.v2+json; q=1"}) {
    EXPECT_EQ(status_of(type), 200) << type;
  }
  for (const char* type :
       {"", "text/plain", "text/json", "application/jsonx", "application/x-www-form-urlencoded",
        "+json", "application/json; charset=latin1", "json", "application/json+xml"}) {
    EXPECT_EQ(status_of(type), 415) << type;
  }
  EXPECT_EQ(status_of(nullptr), 415);
}

TEST(ReadJson, TakesNoEncodedBody) {
  const auto status_of = [](const char* coding) {
    Recorder recorder;
    recorder.Serve([](ResponseWriter&, Request& r) { return ReadJson<int>(r).Err(); },
                   RequestBuilder("POST")
                       .Header("Content-Type", "application/json")
                       .Header("Content-Encoding", coding)
                       .Body("1"));
    return recorder.Status();
  };
  for (const char* coding : {"gzip", "br", "identity, gzip", "x"}) {
    EXPECT_EQ(status_of(coding), 415) << coding;
  }
  for (const char* coding : {"identity", "", "Identity"}) EXPECT_EQ(status_of(coding), 200) << coding;
}

TEST(ReadJson, RefusesABodyAboveItsLimit) {
  for (const std::size_t size : {100u, 5000u}) {
    Recorder recorder;
    const std::string body = "\"" + std::string(size, 'x') + "\"";
    const Handler handler = [](ResponseWriter&, Request& r) {
      return ReadJson<std::string>(r).Err();
    };
    recorder.Serve(
        handler,
        RequestBuilder("POST").Header("Content-Type", "application/json").Body(body).BodyLimit(50));
    EXPECT_EQ(recorder.Status(), 413);
    recorder.Serve(handler, RequestBuilder("POST")
                                .Header("Content-Type", "application/json")
                                .BodyInPieces({body})
                                .BodyLimit(50));
    EXPECT_EQ(recorder.Status(), 413);
  }
}

TEST(ReadJson, ReadsABodyInPieces) {
  Result<Item> item = Error::New("not called");
  Recorder recorder;
  recorder.Serve([&](ResponseWriter&, Request& r) { item = ReadJson<Item>(r); },
                 RequestBuilder("POST")
                     .Header("Content-Type", "application/json")
                     .BodyInPieces({"{\"na", "me\":\"a\",\"pri", "ce\":12", ".5}"}));
  ASSERT_TRUE(item.Ok()) << item.Err().Message();
  EXPECT_EQ(item->price, 12.5);
}

TEST(ReadJson, LetsValidateHaveTheLastWord) {
  EXPECT_EQ(ReadText<shop::Signed>(R"({"value":1})")->value, 1);
  EXPECT_EQ(WhyNot<shop::Signed>(R"({"value":-1})"), "422 must not be negative");
}

TEST(ReadJson, AllocatesOnlyWhatTheValueHolds) {
  std::size_t allocations = 0;
  Recorder recorder;
  recorder.Serve(
      [&](ResponseWriter&, Request& r) {
        const std::size_t before = Allocations();
        const Result<Item> item = ReadJson<Item>(r);
        allocations = Allocations() - before;
        return item.Err();
      },
      RequestBuilder("POST").Header("Content-Type", "application/json").Body(kItem));
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(allocations, 0u);
}

TEST(ParseJson, BlamesNobody) {
  EXPECT_EQ(*ParseJson<int>("7"), 7);
  const Error err = ParseJson<int>("x").Err();
  EXPECT_EQ(err.Message(), "JSON cannot be read: this is not JSON (line 1, column 1)");
  EXPECT_EQ(err.As<HttpStatus>(), nullptr);
}

}  // namespace
}  // namespace weft
