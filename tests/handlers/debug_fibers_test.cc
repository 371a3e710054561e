// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/debug/debug_fibers.h>

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/run.h>
#include <weft/handlers/testing.h>

#include "comma_locale.h"

namespace weft {
namespace {

FiberInfo Fiber(std::uint64_t id, std::string name) {
  FiberInfo fiber;
  fiber.id = id;
  fiber.name = std::move(name);
  fiber.state = "ready";
  return fiber;
}

TEST(FiberListAsJson, IsAnArrayWithAnObjectPerFiber) {
  FiberInfo parked = Fiber(7, "GET /sleep");
  parked.parent = 1;
  parked.loop = 2;
  parked.state = "parked";
  parked.waits_for = "sleep";
  parked.age = std::chrono::milliseconds(12);
  parked.deadline_in = std::chrono::milliseconds(-1500);
  parked.started = std::source_location::current();

  EXPECT_EQ(FiberListAsJson({}), "[]\n");
  EXPECT_EQ(FiberListAsJson({Fiber(1, "main"), parked}),
            R"([{"id":1,"parent":null,"name":"main","loop":0,"state":"ready","waits_for":null,"age":0.000000,)"
            R"("deadline_in":null,"started_at":null},)"
            "\n "
            R"({"id":7,"parent":1,"name":"GET /sleep","loop":2,"state":"parked","waits_for":"sleep","age":0.012000,)"
            R"("deadline_in":-1.500000,"started_at":"debug_fibers_test.cc:)" + std::to_string(parked.started.line()) + R"("}])"
            "\n");
}

TEST(FiberListAsJson, IsTheSameInALocaleWithADecimalComma) {
  const CommaLocale locale;
  if (!locale.Set()) GTEST_SKIP() << "this C library does not read the locale that the test writes";
  FiberInfo fiber = Fiber(1, "main");
  fiber.age = std::chrono::milliseconds(12);
  const std::string json = FiberListAsJson({fiber});
  EXPECT_NE(json.find("\"age\":0.012000,"), std::string::npos) << json;
}

TEST(FiberListAsJson, EscapesWhateverIsInAName) {
  const std::string json = FiberListAsJson({Fiber(1, "\"\\\n\x01\xc3")});

  EXPECT_NE(json.find(R"("name":"\"\\\u000a\u0001\u00c3")"), std::string::npos) << json;
}

TEST(DebugFibers, ListsTheRunningFiberInBothForms) {
  std::string text;
  std::string json;

  const Error err = weft::Run(Background(), [&](const Context&) -> Error {
    Recorder recorder;
    recorder.Serve(DebugFibers(), RequestBuilder("GET", "/debug/fibers"));
    EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain; charset=utf-8");
    text = recorder.Body();
    recorder.Serve(DebugFibers(), RequestBuilder("GET", "/debug/fibers?format=json"));
    EXPECT_EQ(recorder.Header().Get("Content-Type"), "application/json");
    json = recorder.Body();
    return {};
  });

  EXPECT_FALSE(err);
  EXPECT_NE(text.find("running"), std::string::npos) << text;
  EXPECT_NE(json.find("\"state\":\"running\""), std::string::npos) << json;
}

TEST(DebugFibers, AnotherFormatIsA400) {
  Recorder recorder;

  recorder.Serve(DebugFibers(), RequestBuilder("GET", "/debug/fibers?format=xml"));

  EXPECT_EQ(recorder.Status(), 400);
}

}  // namespace
}  // namespace weft
