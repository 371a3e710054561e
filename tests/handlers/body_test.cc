// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/body.h>

#include <array>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include <weft/concurrency/copy.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

// Runs `look` on the body of this request, inside a handler.
void WithBody(const RequestBuilder& request, const std::function<void(Request&)>& look) {
  Recorder recorder;
  recorder.Serve([&](ResponseWriter&, Request& r) { look(r); }, request);
}

std::string ReadPiece(Request& r, std::size_t size) {
  std::string piece(size, '\0');
  const Result<std::size_t> n = r.Body().Read(piece);
  if (!n.Ok()) return "error: " + n.Err().Message();
  piece.resize(*n);
  return piece;
}

TEST(Body, IsEmptyForARequestWithoutOne) {
  WithBody(RequestBuilder(), [](Request& r) {
    EXPECT_EQ(r.Body().Declared(), 0u);
    EXPECT_EQ(ReadPiece(r, 10), "");
    EXPECT_EQ(*r.Body().ReadAll(), "");
  });
}

TEST(Body, ComesInPiecesAndThenEnds) {
  WithBody(RequestBuilder("POST").BodyInPieces({"abc", "de"}), [](Request& r) {
    EXPECT_EQ(r.Body().Declared(), std::nullopt);
    EXPECT_EQ(ReadPiece(r, 2), "ab");
    EXPECT_EQ(ReadPiece(r, 10), "c");
    EXPECT_EQ(ReadPiece(r, 10), "de");
    EXPECT_EQ(ReadPiece(r, 10), "");
    EXPECT_EQ(ReadPiece(r, 10), "");
  });
}

TEST(Body, ReadAllReadsWhatIsLeft) {
  const std::string large(300000, 'x');
  WithBody(RequestBuilder("POST").Body("ab" + large), [&](Request& r) {
    EXPECT_EQ(r.Body().Declared(), large.size() + 2);
    EXPECT_EQ(ReadPiece(r, 2), "ab");
    EXPECT_EQ(*r.Body().ReadAll(), large);
  });
}

TEST(Body, ReadAllTakesNoMoreMemoryThanIsDeclared) {
  for (const std::size_t size : {64u, 5000u}) {
    WithBody(RequestBuilder("POST").Body(std::string(size, 'x')), [&](Request& r) {
      const Result<std::string> all = r.Body().ReadAll();
      EXPECT_EQ(*all, std::string(size, 'x'));
      EXPECT_LE(all->capacity(), size + 64);
    });
  }
}

TEST(Body, AnEmptyBufferReadsNothingAndEndsNothing) {
  WithBody(RequestBuilder("POST").Body("ab"), [](Request& r) {
    EXPECT_EQ(ReadPiece(r, 0), "");
    EXPECT_EQ(ReadPiece(r, 9), "ab");
  });
}

TEST(Body, ADeclaredLengthAboveTheLimitFailsTheFirstReadBeforeAnyByte) {
  WithBody(RequestBuilder("POST").Body("abcdef").BodyLimit(5), [](Request& r) {
    std::array<char, 3> piece{};

    const Result<std::size_t> n = r.Body().Read(piece);

    EXPECT_TRUE(n.Err().Is(kTooLarge));
    EXPECT_EQ(piece[0], '\0');
  });
}

TEST(Body, AHandlerMayRaiseTheLimitBeforeItReads) {
  WithBody(RequestBuilder("POST").Body("abcdef").BodyLimit(5), [](Request& r) {
    r.Body().SetLimit(6);

    EXPECT_EQ(*r.Body().ReadAll(), "abcdef");
  });
}

struct LimitRow {
  std::uint64_t limit;
  bool fits;
};

TEST(Body, WithoutADeclaredLengthTheLimitIsFoundWhileReading) {
  for (const LimitRow& row : {LimitRow{0, false}, LimitRow{4, false}, LimitRow{5, true}, LimitRow{6, true}}) {
    WithBody(RequestBuilder("POST").BodyInPieces({"abc", "de"}).BodyLimit(row.limit), [&](Request& r) {
      const Result<std::string> all = r.Body().ReadAll();

      EXPECT_EQ(all.Ok(), row.fits) << row.limit;
      EXPECT_EQ(all.Err().Is(kTooLarge), !row.fits) << row.limit;
    });
  }
}

TEST(Body, AnErrorStays) {
  WithBody(RequestBuilder("POST").BodyInPieces({"abc"}).BodyError(kMalformed), [](Request& r) {
    EXPECT_EQ(ReadPiece(r, 9), "abc");
    EXPECT_EQ(ReadPiece(r, 9), "error: malformed");
    EXPECT_TRUE(r.Body().ReadAll().Err().Is(kMalformed));
  });
}

TEST(Body, ReadsUnderTheContextOfItsRequest) {
  WithBody(RequestBuilder("POST").Body("abc"), [](Request& r) {
    CancelScope scope = WithCancel(r.Ctx());
    {
      auto use = r.Use(scope.ctx);
      scope.cancel();

      EXPECT_EQ(ReadPiece(r, 9), "error: context canceled");
    }
    EXPECT_EQ(ReadPiece(r, 9), "abc");  // under the request's own context again
  });
}

TEST(Body, TheTrailerIsThereAfterItsEnd) {
  WithBody(RequestBuilder("POST").BodyInPieces({"abc"}).Trailer("Checksum", "17"), [](Request& r) {
    EXPECT_EQ(r.Trailer().Size(), 0u);
    EXPECT_EQ(*r.Body().ReadAll(), "abc");
    EXPECT_EQ(r.Trailer().Get("Checksum"), "17");
  });
}

struct StatusRow {
  Error error;
  int status;
};

TEST(Body, ItsErrorsReturnedFromAHandlerChooseTheStatus) {
  const StatusRow rows[] = {{kTooLarge, 413}, {kMalformed, 400}, {kTimeout, 408}};
  for (const StatusRow& row : rows) {
    Recorder recorder;

    recorder.Serve([](ResponseWriter&, Request& r) { return r.Body().ReadAll().Err(); },
                   RequestBuilder("POST").BodyInPieces({"abc"}).BodyError(row.error));

    EXPECT_EQ(recorder.Status(), row.status) << row.error.Message();
  }
}

TEST(Body, CanBeReadUnderAnotherContext) {
  WithBody(RequestBuilder("POST").Body("abcd"), [](Request& r) {
    CancelScope scope = WithCancel(r.Ctx());
    char two[2];
    EXPECT_EQ(*r.Body().Read(scope.ctx, two), 2u);
    scope.cancel();
    EXPECT_TRUE(r.Body().Read(scope.ctx, two).Err().Is(kCanceled));
    EXPECT_EQ(ReadPiece(r, 10), "cd") << "its end is no failure of the body";
  });
}

TEST(Body, IsAReader) {
  static_assert(Reader<Body> && Reader<Stream> && Writer<Stream> && Writer<ResponseWriter>);
  Recorder recorder;
  recorder.Serve([](ResponseWriter& w, Request& r) { return Copy(r.Ctx(), r.Body(), w).Err(); }, RequestBuilder("POST").BodyInPieces({"ab", "cd"}));
  EXPECT_EQ(recorder.Body(), "abcd");
}

}  // namespace
}  // namespace weft
