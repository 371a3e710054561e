// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/body_filter.h>

#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include <weft/handlers/testing.h>

namespace weft {
namespace {

// Writes each piece as name(piece), and the end as name.
class Tag : public BodyFilter {
 public:
  explicit Tag(std::string name) : name_(std::move(name)) {}

  void Start(int status, Fields& header) override {
    header.Del("Content-Length");
    header.Add("Started", name_ + std::to_string(status));
  }
  Error Write(std::string_view data, Output& next) override {
    return next.Write(name_ + "(" + std::string(data) + ")");
  }
  Error Finish(Output& next) override { return next.Write(name_); }

 private:
  std::string name_;
};

// Holds everything back until it is flushed or finished, and says the length then.
class HoldBack : public BodyFilter {
 public:
  void Start(int, Fields& header) override { header_ = &header; }
  Error Write(std::string_view data, Output&) override {
    held_ += data;
    return {};
  }
  Error Flush(Output& next) override {
    header_->Set("Held", std::to_string(held_.size()));
    return next.Write(std::exchange(held_, {}));
  }
  Error Finish(Output& next) override { return Flush(next); }

 private:
  Fields* header_ = nullptr;
  std::string held_;
};

class Failing : public BodyFilter {
 public:
  Error Write(std::string_view, Output&) override { return Error::New("filter failed"); }
};

TEST(BodyFilter, SeesTheBodyAndChangesTheHeaderBeforeTheHead) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.PushFilter(std::make_unique<Tag>("a"));
        w.Header().Set("Content-Length", "2");
        w.WriteHeader(201);
        if (Error err = w.Write("x")) return err;
        return w.Write("y");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "a(x)a(y)a");
  EXPECT_EQ(recorder.Header().Get("Started"), "a201");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "9");
}

TEST(BodyFilter, TheLastPushedSeesTheBytesFirst) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.PushFilter(std::make_unique<Tag>("outer"));
        w.PushFilter(std::make_unique<Tag>("inner"));
        return w.Write("x");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "outer(inner(x))outer(inner)outer");
  EXPECT_EQ(recorder.Header().Values("Started"), (std::vector<std::string_view>{"inner200", "outer200"}));
}

TEST(BodyFilter, MayHoldBackAndDecideLate) {
  Recorder recorder;

  recorder.Serve(
      [&](ResponseWriter& w, Request&) -> Error {
        w.PushFilter(std::make_unique<HoldBack>());
        if (Error err = w.Write(std::string(10000, 'x'))) return err;
        EXPECT_FALSE(w.HeadSent());
        EXPECT_EQ(w.BytesWritten(), 0u);
        if (Error err = w.Flush()) return err;
        EXPECT_EQ(recorder.Body().size(), 10000u);
        return w.Write("y");
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Header().Get("Held"), "10000");
  EXPECT_EQ(recorder.Body(), std::string(10000, 'x') + "y");
}

TEST(BodyFilter, RunsForAnEmptyBodyToo) {
  Recorder recorder;

  recorder.Serve([](ResponseWriter& w, Request&) { w.PushFilter(std::make_unique<Tag>("a")); }, RequestBuilder());

  EXPECT_EQ(recorder.Body(), "a");
  EXPECT_EQ(recorder.Header().Get("Started"), "a200");
}

TEST(BodyFilter, ItsOutputIsDroppedFromAResponseWithoutBody) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) {
        w.PushFilter(std::make_unique<Tag>("a"));
        w.WriteHeader(204);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Status(), 204);
  EXPECT_EQ(recorder.Body(), "");
  EXPECT_FALSE(recorder.Err());
}

TEST(BodyFilter, AnErrorFailsTheResponse) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.PushFilter(std::make_unique<Failing>());
        EXPECT_EQ(w.Write("x").Message(), "filter failed");
        return {};
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Err().Message(), "filter failed");
  EXPECT_TRUE(recorder.Aborted());
}

TEST(BodyFilter, LeavesErrorResponsesUntouched) {
  Recorder recorder;

  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        w.PushFilter(std::make_unique<Tag>("a"));
        if (Error err = w.Write("x")) return err;
        return HttpError(404);
      },
      RequestBuilder());

  EXPECT_EQ(recorder.Body(), "Not Found\n");
}

// Has nothing to do with the response, or with nothing but its start.
class Bystander : public BodyFilter {
 public:
  explicit Bystander(bool* gone) : gone_(gone) {}
  ~Bystander() override { *gone_ = true; }
  void Start(int, Fields& header) override { header.Add("Started", "bystander"); }
  bool PassesThrough() const override { return true; }
  Error Write(std::string_view, Output&) override { return Error::New("called"); }
  Error Flush(Output&) override { return Error::New("called"); }
  Error Finish(Output&) override { return Error::New("called"); }

 private:
  bool* gone_;
};

TEST(BodyFilter, IsDroppedAfterItsStartIfItPassesThrough) {
  for (const bool flush : {false, true}) {
    bool gone = false;
    Recorder recorder;
    recorder.Serve(
        [&](ResponseWriter& w, Request&) -> Error {
          w.PushFilter(std::make_unique<Tag>("outer"));
          w.PushFilter(std::make_unique<Bystander>(&gone));
          w.PushFilter(std::make_unique<Tag>("inner"));
          if (Error err = flush ? w.Flush() : w.Write("x")) return err;
          EXPECT_TRUE(gone);
          return flush ? w.Write("x") : Error();
        },
        RequestBuilder());
    EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
    EXPECT_EQ(recorder.Body(), "outer(inner(x))outer(inner)outer");
    EXPECT_EQ(recorder.Header().Values("Started"), (std::vector<std::string_view>{"inner200", "bystander", "outer200"}));
  }
}

}  // namespace
}  // namespace weft
