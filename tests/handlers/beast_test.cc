// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/beast.h>

#include <array>
#include <stdexcept>
#include <string>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/testing.h>
#include <weft/net/stream_pair.h>

#include "../kit/run.h"
#include "../kit/temp_file.h"

namespace weft {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// In the shape of Beast's own servers.
template <class Body, class Allocator>
http::message_generator HandleRequest(http::request<Body, http::basic_fields<Allocator>>&& request) {
  if (request.method() != http::verb::get && request.method() != http::verb::post && request.method() != http::verb::head) {
    http::response<http::string_body> bad{http::status::bad_request, request.version()};
    bad.set(http::field::content_type, "text/html");
    bad.keep_alive(request.keep_alive());
    bad.body() = "Unknown HTTP-method";
    bad.prepare_payload();
    return bad;
  }
  if (request.method() == http::verb::head) {
    http::response<http::empty_body> head{http::status::ok, request.version()};
    head.set(http::field::content_type, "text/plain");
    head.content_length(1234);
    return head;
  }
  http::response<http::string_body> response{http::status::ok, request.version()};
  response.set(http::field::server, "mine");
  response.set(http::field::content_type, "text/plain");
  response.keep_alive(request.keep_alive());
  response.body() = std::string(request.target()) + "|" + request.body();
  response.prepare_payload();
  return response;
}

Recorder& Served(Recorder& recorder, const Handler& handler, const RequestBuilder& request = RequestBuilder()) {
  recorder.Serve(handler, request);
  return recorder;
}

TEST(FromBeast, AFunctionOfBeastsOwnExamplesIsAHandler) {
  Recorder recorder;
  Served(recorder, FromBeast(HandleRequest<http::string_body, std::allocator<char>>), RequestBuilder("POST", "/a%20b?x=1").Body("hello"));

  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), "/a%20b?x=1|hello");
  EXPECT_EQ(recorder.Header().Get("Server"), "mine");
  EXPECT_EQ(recorder.Header().Get("Content-Type"), "text/plain");
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "16");
  EXPECT_FALSE(recorder.Header().Has("Connection"));
}

TEST(FromBeast, ItsErrorsAreItsOwn) {
  Recorder recorder;
  Served(recorder, FromBeast(HandleRequest<http::string_body, std::allocator<char>>), RequestBuilder("DELETE"));

  EXPECT_EQ(recorder.Status(), 400);
  EXPECT_EQ(recorder.Body(), "Unknown HTTP-method");
}

TEST(FromBeast, AResponseToHeadHasItsLengthAndNoBody) {
  Recorder recorder;
  Served(recorder, FromBeast(HandleRequest<http::string_body, std::allocator<char>>), RequestBuilder("HEAD"));

  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "1234");
}

TEST(FromBeast, AResponseOfOneTypeNeedsNoGenerator) {
  Recorder recorder;
  Served(recorder, FromBeast([](const http::request<http::string_body>& request) {
           http::response<http::string_body> response{http::status::created, request.version()};
           response.insert(http::field::set_cookie, "a=1");
           response.insert(http::field::set_cookie, "b=2");
           response.body() = "made";
           return response;
         }));

  EXPECT_EQ(recorder.Status(), 201);
  EXPECT_EQ(recorder.Body(), "made");
  EXPECT_EQ(recorder.Header().Values("Set-Cookie").size(), 2u);
}

TEST(FromBeast, AnUnsendableFieldIsAnError) {
  for (const char* value : {"a\r\nSet-Cookie: b=2", "a\nb", "a\rb", "\x01"}) {
    Recorder recorder;
    const Handler handler = FromBeast([&](const http::request<http::string_body>& request) {
      http::response<http::string_body> response{http::status::ok, request.version()};
      response.set("X-Before", "1");
      response.insert("Vary", "Accept");
      response.set("X-User", value);
      response.body() = "made";
      response.prepare_payload();
      return response;
    });
    Served(recorder, [&](ResponseWriter& w, Request& r) {
      w.Header().Set("Vary", "Origin");  // of middleware
      return handler(w, r);
    });
    EXPECT_TRUE(recorder.Err()) << value;
    EXPECT_NE(recorder.Err().Message().find("X-User"), std::string::npos) << recorder.Err().Message();
    EXPECT_EQ(recorder.Status(), 500);
    EXPECT_FALSE(recorder.Header().Has("X-Before"));
    EXPECT_EQ(recorder.Header().Values("Vary"), std::vector<std::string_view>{"Origin"});
    EXPECT_NE(recorder.Header().Get("Content-Length"), "4");
  }
}

TEST(FromBeast, TheRequestIsWholeAndAsItCame) {
  Recorder recorder;
  http::request<http::string_body> seen;
  Served(recorder, FromBeast([&](http::request<http::string_body>&& request) {
           seen = std::move(request);
           return http::response<http::empty_body>{http::status::no_content, 11};
         }),
         RequestBuilder("PATCH", "/x?y").Host("h.test").Header("X-A", "1").Header("x-a", "2").BodyInPieces({"ab", "cd"}).Version(1, 0));

  EXPECT_EQ(recorder.Status(), 204);
  EXPECT_EQ(seen.method_string(), "PATCH");
  EXPECT_EQ(seen.target(), "/x?y");
  EXPECT_EQ(seen.version(), 10u);
  EXPECT_EQ(seen.count("X-A"), 2u);
  EXPECT_EQ(seen[http::field::host], "h.test");
  EXPECT_EQ(seen.body(), "abcd");
}

TEST(FromBeast, OtherBodiesAreReadInPieces) {
  Recorder recorder;
  std::size_t size = 0;
  const auto handler = FromBeast<http::vector_body<char>>([&](http::request<http::vector_body<char>>&& request) {
    size = request.body().size();
    return http::response<http::empty_body>{http::status::ok, 11};
  });
  Served(recorder, handler, RequestBuilder("POST").Body(std::string(100'000, 'x')));
  EXPECT_EQ(size, 100'000u);
  Served(recorder, handler, RequestBuilder("POST").BodyInPieces({std::string(3000, 'x'), "y"}));
  EXPECT_EQ(size, 3001u);
}

TEST(FromBeast, AnUnsupportedBodyIsTheClientsError) {
  Recorder recorder;
  const auto handler = FromBeast<http::empty_body>([](http::request<http::empty_body>&&) {
    return http::response<http::empty_body>{http::status::ok, 11};
  });
  EXPECT_EQ(Served(recorder, handler).Status(), 200);
  EXPECT_EQ(Served(recorder, handler, RequestBuilder("POST").Body("x")).Status(), 400);
}

TEST(FromBeast, ABodyBeyondTheLimitIs413) {
  Recorder recorder;
  bool called = false;
  Served(recorder, FromBeast([&](http::request<http::string_body>&&) {
           called = true;
           return http::response<http::empty_body>{http::status::ok, 11};
         }),
         RequestBuilder("POST").Body("too much").BodyLimit(4));

  EXPECT_EQ(recorder.Status(), 413);
  EXPECT_FALSE(called);
}

// A generator gives out at most twelve pieces at a time, so such a head comes in several.
TEST(FromBeast, AGeneratedResponseMayHaveManyFields) {
  Recorder recorder;
  Served(recorder, FromBeast([](http::request<http::string_body>&&) -> http::message_generator {
           http::response<http::string_body> response{http::status::ok, 11};
           for (int i = 0; i < 200; ++i) response.insert("X-" + std::to_string(i), std::string(100, 'v'));
           response.body() = std::string(300'000, 'b');
           response.prepare_payload();
           return response;
         }));

  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_EQ(recorder.Header().Get("X-0").size(), 100u);
  EXPECT_EQ(recorder.Header().Get("X-199").size(), 100u);
  EXPECT_EQ(recorder.Body(), std::string(300'000, 'b'));
}

// Beast writes values as they are.
TEST(FromBeast, AValueWithALineFeedSplitsNoGeneratedResponse) {
  for (const std::string_view value : {"a\r\nSet-Cookie: evil=1", "a\nb", "a\r\n\r\n<html>", "\x01"}) {
    Recorder recorder;
    Served(recorder, FromBeast([&](http::request<http::string_body>&&) -> http::message_generator {
             http::response<http::string_body> response{http::status::ok, 11};
             response.set("X-Name", beast::string_view(value.data(), value.size()));
             response.body() = "body";
             response.prepare_payload();
             return response;
           }));
    EXPECT_EQ(recorder.Status(), 500) << value;
    EXPECT_FALSE(recorder.Header().Has("Set-Cookie")) << value;
    EXPECT_EQ(recorder.Body().find("<html>"), std::string::npos);
  }
}

// A reason, too.
TEST(FromBeast, AReasonWithALineFeedSplitsNoGeneratedResponse) {
  for (const std::string_view reason : {"OK\r\nSet-Cookie: evil=1", "OK\r\n", "\r\n", "\n", "OK\n", "OK\r\n\r\n", "OK\r\nSet-Cookie: evil=1\r\n"}) {
    Recorder recorder;
    Served(recorder, FromBeast([&](http::request<http::string_body>&&) -> http::message_generator {
             http::response<http::string_body> response{http::status::ok, 11};
             response.reason(beast::string_view(reason.data(), reason.size()));
             response.set("X-Name", "value");
             response.body() = "<html>";
             response.prepare_payload();
             return response;
           }));
    EXPECT_EQ(recorder.Status(), 500) << reason;
    EXPECT_FALSE(recorder.Header().Has("Set-Cookie")) << reason;
    EXPECT_EQ(recorder.Body().find("<html>"), std::string::npos);
  }
}

TEST(FromBeast, AResponseMayHaveAReasonOfItsOwn) {
  for (const std::string_view reason : {"", "As You Like It", "?"}) {
    Recorder recorder;
    Served(recorder, FromBeast([&](http::request<http::string_body>&&) -> http::message_generator {
             http::response<http::string_body> response{http::status::ok, 11};
             response.reason(beast::string_view(reason.data(), reason.size()));
             response.body() = "body";
             response.prepare_payload();
             return response;
           }));
    EXPECT_EQ(recorder.Status(), 200) << reason;
    EXPECT_EQ(recorder.Body(), "body");
  }
}

TEST(FromBeast, ABodyMayLookLikeTheEndOfAHead) {
  Recorder recorder;
  const std::string body = "\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n";
  Served(recorder, FromBeast([&](http::request<http::string_body>&&) -> http::message_generator {
           http::response<http::string_body> response{http::status::ok, 11};
           response.body() = body;
           response.prepare_payload();
           return response;
         }));
  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_EQ(recorder.Status(), 200);
  EXPECT_EQ(recorder.Body(), body);
}

TEST(FromBeast, AChunkedResponseIsFramedAnew) {
  Recorder recorder;
  Served(recorder, FromBeast([](http::request<http::string_body>&&) -> http::message_generator {
           http::response<http::string_body> response{http::status::ok, 11};
           response.chunked(true);
           response.body() = "in chunks";
           return response;
         }));

  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_EQ(recorder.Body(), "in chunks");
  EXPECT_FALSE(recorder.Header().Has("Transfer-Encoding"));
}

TEST(FromBeast, AResponseWithoutALengthEndsWhereTheGeneratorDoes) {
  Recorder recorder;
  Served(recorder, FromBeast([](http::request<http::string_body>&&) -> http::message_generator {
           http::response<http::string_body> response{http::status::ok, 10};
           response.keep_alive(false);
           response.body() = "up to the end";
           return response;
         }));

  EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
  EXPECT_EQ(recorder.Body(), "up to the end");
  EXPECT_TRUE(recorder.Header().Get("Connection") == "close" || recorder.Header().Get("Connection").empty());
}

TEST(FromBeast, AFileGoesAsAFile) {
  const TempFile file(std::string(70'000, 'f'));
  const auto open = [&] {
    http::file_body::value_type body;
    beast::error_code ec;
    body.open(("/proc/self/fd/" + std::to_string(file.fd())).c_str(), beast::file_mode::scan, ec);
    EXPECT_FALSE(ec);
    return http::response<http::file_body>{std::piecewise_construct, std::make_tuple(std::move(body)),
                                           std::make_tuple(http::status::ok, 11)};
  };
  Recorder recorder;
  Served(recorder, FromBeast([&](http::request<http::string_body>&&) {
           auto response = open();
           response.prepare_payload();
           return response;
         }));
  EXPECT_EQ(recorder.Body(), std::string(70'000, 'f'));
  EXPECT_EQ(recorder.Header().Get("Content-Length"), "70000");

  Served(recorder, FromBeast([&](http::request<http::string_body>&&) -> http::message_generator {
           auto response = open();
           response.prepare_payload();
           return response;
         }));
  EXPECT_EQ(recorder.Body(), std::string(70'000, 'f'));
}

TEST(FromBeast, AnExceptionIsOneOfTheHandlers) {
  Recorder recorder;
  Served(recorder, FromBeast([](http::request<http::string_body>&&) -> http::message_generator { throw std::runtime_error("no"); }));

  EXPECT_EQ(recorder.Status(), 500);
}

TEST(FromBeast, NoResponseMayTakeTheConnectionOver) {
  Recorder recorder;
  Served(recorder, FromBeast([](http::request<http::string_body>&&) {
           return http::response<http::empty_body>{http::status::switching_protocols, 11};
         }));

  EXPECT_EQ(recorder.Status(), 500);
}

// --- BeastStream

TEST(BeastStream, CarriesBeastsMessages) {
  Virtually([](const Context& ctx) {
    auto [mine, theirs] = StreamPair();
    Group group(ctx);
    group.Go([&stream = theirs](const Context& c) {
      BeastStream server(std::move(stream), c);
      beast::flat_buffer buffer;
      http::request<http::string_body> request;
      http::read(server, buffer, request);
      http::response<http::string_body> response{http::status::ok, 11};
      response.body() = std::string(request.target());
      response.prepare_payload();
      http::write(server, response);
    });
    BeastStream client(std::move(mine), ctx);
    http::request<http::empty_body> request{http::verb::get, "/hello", 11};
    http::write(client, request);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(client, buffer, response);
    EXPECT_EQ(response.body(), "/hello");
    beast::error_code ec;
    http::read(client, buffer, response, ec);
    EXPECT_EQ(ec, http::error::end_of_stream);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(BeastStream, CarriesBeastsWebSockets) {
  Virtually([](const Context& ctx) {
    auto [mine, theirs] = StreamPair();
    Group group(ctx);
    group.Go([&stream = theirs](const Context& c) {
      websocket::stream<BeastStream> server(BeastStream(std::move(stream), c));
      server.accept();
      beast::flat_buffer message;
      server.read(message);
      server.text(server.got_text());
      server.write(message.data());
      beast::error_code ec;
      server.read(message, ec);
      EXPECT_EQ(ec, websocket::error::closed);
    });
    websocket::stream<BeastStream> client(BeastStream(std::move(mine), ctx));
    client.handshake("h.test", "/");
    const std::string large(200'000, 'x');
    client.write(boost::asio::buffer(large));
    beast::flat_buffer message;
    client.read(message);
    EXPECT_EQ(beast::buffers_to_string(message.data()), large);
    client.close(websocket::close_code::normal);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(BeastStream, EndsWithItsContextAndSaysWhy) {
  Virtually([](const Context& ctx) {
    auto [mine, theirs] = StreamPair();
    const CancelScope second = WithTimeout(ctx, std::chrono::seconds(1));
    BeastStream client(std::move(mine), second.ctx);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    beast::error_code ec;
    const TimePoint begin = Now();
    http::read(client, buffer, response, ec);
    EXPECT_EQ(ec, beast::error_code(kDeadlineExceeded.Code()));
    EXPECT_TRUE(client.LastError().Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - begin, std::chrono::seconds(1));
    EXPECT_THROW(http::read(client, buffer, response), boost::system::system_error);

    client.SetContext(ctx);
    ASSERT_FALSE(theirs.Write(ctx, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    http::response<http::string_body> next;
    http::read(client, buffer, next);
    EXPECT_EQ(next.body(), "ok");
  });
}

TEST(BeastStream, EachWriteIsWholeBeforeTheNextOnes) {
  Virtually([](const Context& ctx) {
    auto [mine, theirs] = StreamPair({.buffer_bytes = 64});
    BeastStream client(std::move(mine), ctx);
    Group group(ctx);
    for (const char c : {'a', 'b', 'c'}) {
      group.Go([&client, c](const Context&) {
        const std::string one(100, c), two(50'000, c);
        const std::array<boost::asio::const_buffer, 2> both{boost::asio::buffer(one), boost::asio::buffer(two)};
        EXPECT_EQ(client.write_some(both), 50'100u);
      });
    }
    std::string all;
    std::array<char, 1000> piece;
    while (all.size() < 3 * 50'100) {
      const Result<std::size_t> n = theirs.Read(ctx, piece);
      ASSERT_TRUE(n.Ok());
      all.append(piece.data(), *n);
    }
    EXPECT_FALSE(group.Wait());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(all.substr(i * 50'100, 50'100), std::string(50'100, all[i * 50'100]));
  });
}

}  // namespace
}  // namespace weft
