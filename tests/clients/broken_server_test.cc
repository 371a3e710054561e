// SPDX-License-Identifier: Apache-2.0
//
// What a client makes of servers that are wrong, in each state: a failure that says what it was, and never a kept connection that gives
// the next request another one's response.
#include <weft/clients/http/http_client.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(BrokenServer, FailuresTable) {
  struct Row {
    const char* what;
    std::string bytes;
    ClientFailure::Kind kind;
  };
  const std::vector<Row> rows = {
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", ClientFailure::kMalformed},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", ClientFailure::kMalformed},
      {"length together with chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", ClientFailure::kMalformed},
      {"101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ClientFailure::kMalformed},
      {"an endless head", "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'x'), ClientFailure::kTooLarge},
      {"too many fields", "HTTP/1.1 200 OK\r\n" + [] { std::string all; for (int i = 0; i < 300; ++i) all += "A: b\r\n"; return all; }() + "\r\n", ClientFailure::kTooLarge},
      {"a storm of interim responses", [] { std::string all; for (int i = 0; i < 100; ++i) all += "HTTP/1.1 102 Processing\r\n\r\n"; return all; }(), ClientFailure::kMalformed},
      {"a malformed chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", ClientFailure::kMalformed},
      {"no end of the chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", ClientFailure::kMalformed},
  };
  for (const Row& row : rows) {
    Virtually([&](const Context& ctx) {
      RawServer server(ctx, Responds(row.bytes));
      HttpClient client;
      SCOPED_TRACE(row.what);
      ExpectFailure(GetAll(ctx, client, server.Url()).Err(), row.kind, true);
      EXPECT_EQ(client.Stats().idle, 0u);
      EXPECT_EQ(client.Stats().in_use, 0u);
    });
  }
}

// Whatever is cut off a response, it is never taken for a whole one.
TEST(BrokenServer, CutAtEveryByte) {
  const std::string lengths = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n";
  for (const std::string& whole : {lengths, chunks}) {
    Virtually([&](const Context& ctx) {
      std::size_t cut = 0;
      RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
        ReadUntil(c, stream);
        static_cast<void>(stream.Write(c, std::string_view(whole).substr(0, cut)));
        static_cast<void>(stream.CloseWrite());
        ReadUntil(c, stream, "the end");
      });
      HttpClient client;
      for (; cut < whole.size(); ++cut) {
        ExpectFailure(GetAll(ctx, client, server.Url()).Err(), ClientFailure::kEnded, true);
        EXPECT_EQ(client.Stats().idle, 0u) << cut;
      }
      EXPECT_EQ(*GetAll(ctx, client, server.Url()), "hello");
    });
  }
}

TEST(BrokenServer, InPiecesOfOneByteItIsTheSame) {
  const std::string whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=\"y\"\r\nlo\r\n0\r\nA: b\r\n\r\n";
  Virtually([&](const Context& ctx) {
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      while (!ReadUntil(c, stream).empty()) {
        for (const char byte : whole) {
          if (stream.Write(c, {&byte, 1})) return;
          Yield();
        }
      }
    });
    HttpClient client;
    for (int i = 0; i < 3; ++i) {
      Result<ClientResponse> response = client.Get(ctx, server.Url());
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      std::string body;
      char byte = 0;
      for (Result<std::size_t> n = response->Read(ctx, {&byte, 1}); n.Ok() && *n == 1; n = response->Read(ctx, {&byte, 1})) body += byte;
      EXPECT_EQ(body, "hello");
      EXPECT_EQ(response->Trailer().Get("A"), "b");
    }
    EXPECT_EQ(server.Connections(), 1);
  });
}

TEST(BrokenServer, BytesAfterAResponseCostTheConnection) {
  struct Row {
    const char* what;
    const char* method;
    std::string bytes;
  };
  const std::vector<Row> rows = {
      {"two responses at once", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"},
      {"chunks and more", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"},
      {"304 with a body", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nwrong"},
      {"HEAD with a body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"},
      {"204 with a body", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nwrong"},
  };
  for (const Row& row : rows) {
    Virtually([&](const Context& ctx) {
      RawServer server(ctx, Responds(row.bytes));
      HttpClient client;
      for (int i = 1; i <= 3; ++i) {
        Result<ClientResponse> response = client.Do(ctx, ClientRequest(row.method, server.Url()));
        ASSERT_TRUE(response.Ok()) << row.what << response.Err().Message();
        const Result<std::string> body = response->ReadAll(ctx);
        ASSERT_TRUE(body.Ok()) << row.what << body.Err().Message();
        EXPECT_TRUE(*body == "ok" || body->empty()) << row.what;
        EXPECT_EQ(client.Stats().idle, 0u) << row.what;
        EXPECT_EQ(server.Connections(), i) << row.what;
      }
    });
  }
}

TEST(BrokenServer, BytesOnAnIdleConnectionCostIt) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [](const Context& c, Stream& stream, int) {
      ReadUntil(c, stream);
      static_cast<void>(stream.Write(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
      static_cast<void>(Sleep(c, 1s));
      static_cast<void>(stream.Write(c, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"));
      ReadUntil(c, stream, "the end");
    });
    HttpClient client;
    for (int i = 1; i <= 3; ++i) {
      EXPECT_EQ(*GetAll(ctx, client, server.Url()), "ok");
      EXPECT_EQ(client.Stats().idle, 1u);
      EXPECT_FALSE(Sleep(ctx, 2s));
      EXPECT_EQ(client.Stats().idle, 0u);
      EXPECT_EQ(server.Connections(), i);
    }
  });
}

// A kept connection on which the next request is read and the connection closed, without a response.
TEST(BrokenServer, OnlyWhatMayBeRepeatedIsSentTwice) {
  struct Row {
    const char* method;
    bool key;
    bool repeated;
  };
  for (const Row& row : std::vector<Row>{{"GET", false, true}, {"HEAD", false, true}, {"OPTIONS", false, true}, {"POST", false, false},
                                         {"PUT", false, false}, {"DELETE", false, false}, {"POST", true, true}}) {
    Virtually([&](const Context& ctx) {
      int requests = 0;
      RawServer server(ctx, [&](const Context& c, Stream& stream, int connection) {
        for (int i = 0; !ReadUntil(c, stream).empty(); ++i) {
          ++requests;
          if (connection == 0 && i == 1) return;
          if (stream.Write(c, "HTTP/1.1 204 No Content\r\n\r\n")) return;
        }
      });
      HttpClient client;
      EXPECT_TRUE(client.Get(ctx, server.Url()).Ok());
      ClientRequest request(row.method, server.Url());
      if (row.key) request.Header().Set("Idempotency-Key", "1");
      const Result<ClientResponse> response = client.Do(ctx, request);
      EXPECT_EQ(response.Ok(), row.repeated) << row.method;
      EXPECT_EQ(requests, row.repeated ? 3 : 2) << row.method;
      if (!row.repeated) ExpectFailure(response.Err(), ClientFailure::kEnded, true);
    });
  }
}

TEST(BrokenServer, ANewConnectionThatEndsIsNotTriedAgain) {
  Virtually([](const Context& ctx) {
    int requests = 0;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) { requests += ReadUntil(c, stream).empty() ? 0 : 1; });
    HttpClient client;
    ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kEnded, true);
    EXPECT_EQ(requests, 1);
  });
}

TEST(BrokenServer, AnEarlyResponseEndsTheUpload) {
  for (const bool streamed : {false, true}) {
    Virtually([&](const Context& ctx) {
      RawServer server(ctx, [](const Context& c, Stream& stream, int) {
        ReadUntil(c, stream);
        static_cast<void>(stream.Write(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig"));
        static_cast<void>(Sleep(c, 1h));
      });
      HttpClient client;
      PiecesBody body(std::vector<std::string>(1000, std::string(100'000, 'x')));
      ClientRequest request("POST", server.Url());
      if (streamed) {
        request.SetBody(body);
      } else {
        request.SetBody(std::string(100'000'000, 'x'));
      }
      Result<ClientResponse> response = client.Do(ctx, request);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Status(), 413);
      EXPECT_EQ(*response->ReadAll(ctx), "big");
      EXPECT_EQ(client.Stats().idle, 0u);
    });
  }
}

// The body waits for somebody while the response is here: its context ends.
TEST(BrokenServer, AnEarlyResponseEndsTheWaitOfTheReader) {
  Virtually([](const Context& ctx) {
    class Waits final : public BodyReader {
     public:
      Result<std::size_t> Read(const Context& c, std::span<char>) override {
        if (Error err = Sleep(c, 1h)) return err;
        return std::size_t{0};
      }
    } body;
    RawServer server(ctx, Responds("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    HttpClient client;
    ClientRequest request("POST", server.Url());
    request.SetBody(body);
    const TimePoint before = Now();
    const Result<ClientResponse> response = client.Do(ctx, request);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->Status(), 403);
    EXPECT_EQ(Now(), before);
  });
}

TEST(BrokenServer, TheReadersOwnErrorComesBackUnchanged) {
  Virtually([](const Context& ctx) {
    class Fails final : public BodyReader {
     public:
      Result<std::size_t> Read(const Context&, std::span<char> buffer) override {
        if (first_) {
          first_ = false;
          buffer[0] = 'x';
          return std::size_t{1};
        }
        return kClientGone.Wrap("the browser");
      }
     private:
      bool first_ = true;
    } body;
    RawServer server(ctx, [](const Context& c, Stream& stream, int) { ReadUntil(c, stream, "the end"); });
    HttpClient client;
    ClientRequest request("POST", server.Url());
    request.SetBody(body);
    const Error err = client.Do(ctx, request).Err();
    EXPECT_TRUE(err.Is(kClientGone));
    EXPECT_EQ(err.Message(), "the browser: client gone");
    EXPECT_EQ(client.Stats().in_use, 0u);
  });
}

TEST(BrokenServer, AStallEndsTheBody) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [](const Context& c, Stream& stream, int) {
      ReadUntil(c, stream);
      static_cast<void>(stream.Write(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"));
      for (int i = 0; i < 10; ++i) {
        if (stream.Write(c, std::string(2000, 'x')) || Sleep(c, 20s)) return;
      }
      for (;;) {
        if (stream.Write(c, "x") || Sleep(c, 20s)) return;
      }
    });
    HttpClient client({.stall_timeout = 30s});
    const TimePoint before = Now();
    const Error err = GetAll(ctx, client, server.Url()).Err();
    ExpectFailure(err, ClientFailure::kStalled, true);
    EXPECT_TRUE(err.Is(kUpstreamTimeout));
    EXPECT_GE(Now() - before, 200s);
    EXPECT_LE(Now() - before, 280s);
  });
}

TEST(BrokenServer, ExpectWaitsForTheServersWord) {
  Virtually([](const Context& ctx) {
    std::string body;
    bool asks = true;
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      const std::string head = ReadUntil(c, stream);
      EXPECT_NE(head.find("Expect: 100-continue"), std::string::npos) << head;
      EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
      if (!asks) {
        static_cast<void>(stream.Write(c, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"));
        return;
      }
      static_cast<void>(Sleep(c, 500ms));
      if (stream.Write(c, "HTTP/1.1 100 Continue\r\n\r\n")) return;
      body = ReadUntil(c, stream, "end");
      static_cast<void>(stream.Write(c, "HTTP/1.1 204 No Content\r\n\r\n"));
    });
    HttpClient client;
    ClientRequest request("POST", server.Url());
    request.SetBody(std::string("the end"));
    request.ExpectContinue();
    EXPECT_EQ(client.Do(ctx, request)->Status(), 204);
    EXPECT_EQ(body, "the end");
    asks = false;
    EXPECT_FALSE(Sleep(ctx, 1s));
    EXPECT_EQ(client.Do(ctx, request)->Status(), 417);
  });
}

TEST(BrokenServer, TheBodyIsSentIfTheServerIgnoresExpect) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, [&](const Context& c, Stream& stream, int) {
      if (ReadUntil(c, stream, "the end").empty()) return;
      static_cast<void>(stream.Write(c, "HTTP/1.1 204 No Content\r\n\r\n"));
      ReadUntil(c, stream, "x");
    });
    HttpClient client;
    ClientRequest request("POST", server.Url());
    request.SetBody(std::string("the end"));
    request.ExpectContinue(1s);
    const TimePoint before = Now();
    EXPECT_EQ(client.Do(ctx, request)->Status(), 204);
    EXPECT_EQ(Now() - before, 1s);
  });
}

TEST(BrokenServer, InterimResponsesAreReported) {
  Virtually([](const Context& ctx) {
    RawServer server(ctx, Responds("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 104 X\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"));
    HttpClient client;
    std::string seen;
    ClientRequest request("GET", server.Url());
    request.OnInterim([&](int status, const Fields& fields) { seen += std::to_string(status) + std::string(fields.Get("Link")) + ";"; });
    EXPECT_EQ(client.Do(ctx, request)->Status(), 204);
    EXPECT_EQ(seen, "103</a>;104;");
    EXPECT_EQ(client.Stats().idle, 1u);
  });
}

TEST(BrokenServer, AContextEndsEachWaitAtOnce) {
  struct Row {
    const char* what;
    RawServer::Serve serve;
  };
  const std::vector<Row> rows = {
      {"for a response", [](const Context& c, Stream&, int) { static_cast<void>(Sleep(c, 1h)); }},
      {"in a head", [](const Context& c, Stream& s, int) { static_cast<void>(s.Write(c, "HTTP/1.1 2")); static_cast<void>(Sleep(c, 1h)); }},
      {"in a body", [](const Context& c, Stream& s, int) { static_cast<void>(s.Write(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")); static_cast<void>(Sleep(c, 1h)); }},
  };
  for (const Row& row : rows) {
    for (const bool upload : {false, true}) {
      Virtually([&](const Context& ctx) {
        RawServer server(ctx, row.serve);
        HttpClient client;
        const CancelScope scope = WithCancel(ctx);
        Group group(ctx);
        group.Go("cancel", [&](const Context& c) {
          static_cast<void>(Sleep(c, 1s));
          scope.cancel(Error::New("no more"));
        });
        ClientRequest request("POST", server.Url());
        request.SetBody(std::string(upload ? 10'000'000 : 10, 'x'));
        const TimePoint before = Now();
        Result<ClientResponse> response = client.Do(scope.ctx, request);
        const Error err = response.Ok() ? response->ReadAll(scope.ctx).Err() : response.Err();
        EXPECT_TRUE(err.Is(kCanceled)) << row.what << upload << err.Message();
        EXPECT_EQ(Now() - before, 1s) << row.what;
        EXPECT_FALSE(group.Wait());
      });
    }
  }
}

}  // namespace
}  // namespace weft
