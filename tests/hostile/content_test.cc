// SPDX-License-Identifier: Apache-2.0
//
// What is sent to handlers that weft brings along: files, JSON, forms, fields of responses.
#include <memory>
#include <utility>

#include "kit.h"

namespace weft {
namespace {

// One request on a connection of its own; everything that came until the end of the connection.
std::string Ask(const Context& ctx, const Target& target, const std::string& request) {
  TestClient client = Dial(ctx, target);
  Group sender(ctx);
  sender.Go("sender", [&](const Context& c) { static_cast<void>(client.Send(c, request)); });
  std::string all = ReadUntilEnd(ctx, client);
  EXPECT_FALSE(sender.Wait());
  return all;
}

std::string GetRequest(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields + "\r\n";
}

std::string PostRequest(const std::string& target, const std::string& type, const std::string& body, const std::string& fields = {}) {
  return "POST " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

std::string Repeat(std::string_view text, int times) {
  std::string all;
  all.reserve(text.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

int StatusOf(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::atoi(response.c_str() + 9) : 0;
}

struct Row {
  std::string request;
  int status;
  const char* name;
};

// Each of them from several clients at once, again and again. `each_max`: bytes of the server for one, of which later rounds may have
// more at once than the first one.
void PlayAll(const std::vector<Row>& rows, int clients, std::int64_t each_max) {
  Withstand({.growth_max = clients * each_max}, [&](const Context& ctx, const Target& target) {
    const std::int64_t before = target.Measure().memory_bytes;
    std::atomic<std::int64_t> most{0};
    AtOnce(ctx, Many(clients), [&](const Context& c, int i) {
      for (std::size_t k = 0; k < rows.size(); ++k) {
        const Row& row = rows[(k + static_cast<std::size_t>(i)) % rows.size()];
        const std::string response = Ask(c, target, row.request);
        EXPECT_EQ(StatusOf(response), row.status) << row.name << ": " << response.substr(0, 400);
        most = std::max(most.load(), target.Measure().memory_bytes);
      }
    });
    std::printf("  %ld KiB of the server for each\n", static_cast<long>((most - before) / Many(clients) / 1024));
    if (!kSanitized) {
      EXPECT_LE((most - before) / Many(clients), each_max);
    }
  });
}

TEST(PathTricks, ReachNothingOutsideOfTheFolder) {
  const std::vector<std::string> targets = {
      "/files/../secret",
      "/files/%2e%2e/secret",
      "/files/%2E%2E%2Fsecret",
      "/files/..%2fsecret",
      "/files/..%5csecret",
      "/files/..\\secret",
      "/files/.%2e/secret",
      "/files/sub/../../secret",
      "/files/sub/..%2f..%2fsecret",
      "/files/%252e%252e%252fsecret",
      "/files/..;/secret",
      "/files/....//secret",
      "/files/%c0%ae%c0%ae/secret",
      "/files/..%c0%afsecret",
      "/files/%u002e%u002e/secret",
      "/files/..%00/secret",
      "/files/page.html%00",
      "/files//secret",
      "/files/./../secret",
      "/files//../secret",
      "//files/../secret",
      "/../files/../secret",
      "/./files/../../secret",
      "/files/%2fetc%2fpasswd",
      "/files//etc/passwd",
      "/files/absolute",
      "/files/relative",
      "/files/up/secret",
      "/files/up/files/page.html",
      "/files/page.html/../../secret",
      "/files/page.html/",
      "/files/" + Repeat("../", 200) + "etc/passwd",
      "/files/" + Repeat("%2e%2e%2f", 200) + "etc/passwd",
      "/files/" + Repeat("x/", 2000),
      "/files/" + std::string(5000, 'x'),
      "http://h/files/../secret",
      "http://h/../secret",
      "http://h/files/%2e%2e/secret",
      "/files/../../../../proc/self/environ",
      "/files/%2e%2e/%2e%2e/proc/self/environ",
  };
  Withstand({}, [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(40), [&](const Context& c, int i) {
      for (std::size_t k = 0; k < targets.size(); ++k) {
        const std::string& path = targets[(k + static_cast<std::size_t>(i)) % targets.size()];
        const std::string response = Ask(c, target, GetRequest(path));
        const int status = StatusOf(response);
        EXPECT_TRUE(status == 307 || (status >= 400 && status < 500)) << path << ": " << response.substr(0, 200);
        EXPECT_EQ(response.find("nobody may see"), std::string::npos) << path;
        EXPECT_EQ(response.find("root:"), std::string::npos) << path;
        EXPECT_EQ(response.find("PATH="), std::string::npos) << path;
      }
      EXPECT_NE(Ask(c, target, GetRequest("/files/page.html")).find("<p>page</p>"), std::string::npos);
    });
  });
}

// The content has 1 MiB: whatever is asked for, it is not sent twice.
TEST(RangeFloods, CostNoMoreThanTheContent) {
  constexpr std::size_t kWhole = (1 << 20) + 16 * 1024;
  const auto list = [](int count, const std::function<std::string(int)>& range) {
    std::string field = "Range: bytes=";
    for (int i = 0; i < count; ++i) field.append(i == 0 ? "" : ",").append(range(i));
    return field + "\r\n";
  };
  struct Flood {
    std::string fields;
    int status;
  };
  const std::vector<Flood> floods = {
      {list(32, [](int) { return "0-"; }), 206},
      {list(10'000, [](int) { return "0-"; }), 200},
      {list(1300, [](int i) { return "5-" + std::to_string(1000 + i); }), 200},
      {list(32, [](int i) { return std::to_string(i * 20'000) + "-" + std::to_string(i * 20'000 + 19'000); }), 206},
      {list(5000, [](int i) { return std::to_string(2 * i) + "-" + std::to_string(2 * i); }), 200},
      {list(32, [](int) { return "-1048576"; }), 206},
      {list(1, [](int) { return "99999999999999999999999999-"; }), 416},
      {"Range: bytes=" + std::string(40'000, ',') + "0-0\r\n", 206},
      {"Range: bytes=0-" + std::string(40'000, '9') + "\r\n", 206},
      {Repeat("Range: bytes=0-,1-\r\n", 60), 200},
      {"Range: bytes=1-0\r\n", 200},
  };
  Withstand({}, [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(20), [&](const Context& c, int i) {
      for (std::size_t k = 0; k < floods.size(); ++k) {
        const Flood& flood = floods[(k + static_cast<std::size_t>(i)) % floods.size()];
        const std::string response = Ask(c, target, GetRequest("/files/large.bin", flood.fields));
        EXPECT_EQ(StatusOf(response), flood.status) << flood.fields.substr(0, 60);
        EXPECT_LE(response.size(), kWhole) << flood.fields.substr(0, 60);
      }
    });
  });
}

TEST(HostileJson, IsA400AndTakesLittle) {
  const std::string type = "application/json";
  const auto post = [&](const std::string& text) { return PostRequest("/json", type, text); };
  const auto order = [&](const std::string& text) { return PostRequest("/order", type, text); };
  const std::string deep = Repeat("[", 100'000);
  const std::string objects = Repeat(R"({"a":)", 100'000);
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":1";
  PlayAll({{post(deep), 400, "depth without end"},
           {post(deep + Repeat("]", 100'000)), 400, "depth of 100,000"},
           {post(objects + "1" + Repeat("}", 100'000)), 400, "objects in objects"},
           {order(R"({"id":1,"lines":)" + deep + "}"), 400, "depth where a list is expected"},
           {order(R"({"id":)" + std::string(900'000, '9') + R"(,"lines":[]})"), 400, "a number of 900,000 digits"},
           {order(R"({"id":1e999999999,"lines":[]})"), 400, "an exponent"},
           {order(R"({"id":9223372036854775808,"lines":[]})"), 400, "one above the largest"},
           {order(R"({"id":1,"lines":[{"name":"a","count":1,"price":1e999}]})"), 400, "a price without end"},
           {order(R"({"id":1,"id":2,"lines":[]})"), 400, "a member twice"},
           {order("{" + members + "}"), 400, "members that nobody knows"},
           {post("\"" + Repeat("\\u0000", 150'000) + "\""), 200, "a text of NULs"},
           {post("\"" + Repeat("\\ud800", 100'000) + "\""), 400, "halves of pairs"},
           {post("{\"a\":\"" + std::string(900'000, 'x')), 400, "a text without end"},
           {post(Repeat(" ", 1'000'000)), 400, "nothing but blanks"},
           {post("[" + Repeat("0,", 400'000) + "0]"), 200, "a long list"},
           {PostRequest("/colliding", type, "{" + members + "}"), 400, "names that collide in a hash table"},
           {PostRequest("/roomy", type, "[" + Repeat("{},", 300'000) + "{}]"), 413, "large structs of two bytes"}},
          8, 16 << 20);
}

std::string Multipart(const std::string& target, const std::string& body, const std::string& fields = {}) {
  return PostRequest(target, "multipart/form-data; boundary=b", body, fields);
}

TEST(HostileForms, AreBoundedInPartsHeadsAndMemory) {
  const std::string field = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nv\r\n";
  const std::string head = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n";
  std::string names;
  for (int i = 0; i < 5000; ++i) names += (i == 0 ? "a" : "&a") + std::to_string(i) + "=1";
  std::vector<Row> rows;
  std::string files;
  for (int i = 0; i < 300; ++i) files += "--b\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n" + std::string(3000, 'x') + "\r\n";
  rows.push_back({Multipart("/upload", files + "--b--\r\n"), 200, "files by the hundred, on the disk"});
  for (const std::string target : {"/parts", "/upload"}) {
    rows.insert(rows.end(),
                {{Multipart(target, Repeat(field, 10'000) + "--b--\r\n"), 413, "10,000 parts"},
                 {Multipart(target, Repeat(field, 900)), 400, "no end"},
                 {Multipart(target, head + "X: " + std::string(900'000, 'x')), 400, "a field of a part without end"},
                 {Multipart(target, head + Repeat("X: y\r\n", 100'000)), 400, "fields of a part without end"},
                 {Multipart(target, "--b\r\nContent-Disposition: form-data; name=\"" + std::string(900'000, 'n') + "\"\r\n\r\nv\r\n--b--\r\n"), 400,
                  "a name of 900,000 bytes"},
                 {Multipart(target, head + "\r\n" + Repeat("\r\n--", 200'000)), 400, "what nearly is a boundary"},
                 {Multipart(target, head + "\r\n" + Repeat("\r\n--b-", 150'000)), 400, "what nearly is the end"},
                 {Multipart(target, std::string(900'000, '-')), 400, "no part at all"},
                 {Multipart(target, Repeat("--b\r\n", 100'000)), 400, "boundaries and nothing else"}});
  }
  rows.push_back({PostRequest("/form", "application/x-www-form-urlencoded", names), 413, "5,000 fields"});
  rows.push_back({PostRequest("/form", "application/x-www-form-urlencoded", Repeat("&", 1'000'000)), 200, "separators"});
  rows.push_back({PostRequest("/form", "application/x-www-form-urlencoded", "a=" + Repeat("%41", 300'000)), 200, "escapes"});
  rows.push_back({PostRequest("/form", "application/x-www-form-urlencoded", Repeat("%", 900'000)), 400, "halves of escapes"});
  PlayAll(rows, 8, 4 << 20);
}

// Parts without end, as fast as the server takes them.
void SendPartsForEver(const Attack& attack, const std::string& path) {
  Withstand(attack, [&path](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(20), [&](const Context& c, int) {
      TestClient client = Dial(c, target);
      const std::string begin = "POST " + path +
                                " HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n";
      const std::string part = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" + std::string(16'000, 'x') + "\r\n";
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", part.size());
      Group sender(c);
      sender.Go("sender", [&](const Context& s) {
        if (client.Send(s, begin)) return;
        SendUntilRefused(s, client, [&] { return size + part + "\r\n"; }, ~std::uint64_t{0});
      });
      const Result<TestResponse> response = client.ReadResponse(c);
      EXPECT_TRUE(response.Ok()) << response.Err().Message();
      if (response.Ok()) {
        EXPECT_EQ(response->status, 413);
      }
      EXPECT_EQ(ReadUntilEnd(c, client), "");
      EXPECT_FALSE(sender.Wait());
    });
  });
}

TEST(HostileForms, WithoutEndMeetTheLimitOfTheBody) { SendPartsForEver({}, "/parts"); }

// Each of them holds a MiB; how many at once, is chance.
TEST(HostileForms, WithoutEndMeetTheLimitOfTheBodyWhereTheyAreReadWhole) {
  SendPartsForEver({.growth_max = Many(20) * (std::int64_t{2} << 20)}, "/upload");
}

TEST(FieldInjection, MakesNoFieldAndNoSecondResponse) {
  const std::vector<std::string> values = {
      "x%0d%0aX-Evil:%20yes", "x%0aX-Evil:%20yes", "x%0dX-Evil:%20yes", "x%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0a%0d%0a",
      "x%00%0d%0aX-Evil:%20yes", "%c4%8d%c4%8aX-Evil:%20yes", "x%3b%20Domain=evil.test", "x%3b%20Path=/", "x%22%3b%20filename=%22y",
      "x%0b%0cX-Evil:%20yes", "%e2%80%a8X-Evil:%20yes",
  };
  Withstand({}, [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(20), [&](const Context& c, int) {
      for (const std::string& value : values) {
        for (const std::string route : {"/redirect?v=", "/cookie?v=", "/download?v="}) {
          TestClient client = Dial(c, target);
          const Result<TestResponse> response = client.Get(c, route + value);
          EXPECT_TRUE(response.Ok()) << route << value << ": " << response.Err().Message();
          if (!response.Ok()) continue;
          EXPECT_FALSE(response->Has("X-Evil")) << route << value;
          if (route == "/cookie?v=") {
            EXPECT_EQ(response->Header("Set-Cookie").find("Domain"), std::string_view::npos) << value;
            EXPECT_EQ(response->status, 400) << value;
          }
          // The next request gets its own response, and nothing is left over.
          const Result<TestResponse> next = client.Get(c, "/", "Connection: close\r\n");
          EXPECT_EQ(next.Ok() ? next->body : next.Err().Message(), "hello") << route << value;
          EXPECT_EQ(ReadUntilEnd(c, client), "") << route << value;
        }
      }
    });
  });
}

// Some 10 MiB of zeros, which gzip writes in 66 KB: a zero, and again and again "258 bytes as the one before" (RFC 1951, fixed codes).
std::string Bomb() {
  std::string bits;
  const auto add = [&bits](std::string_view code) { bits += code; };
  add("1" "10");      // the last block, fixed codes
  add("00110000");  // a zero
  for (int i = 0; i < 40'000; ++i) add("11000101" "00000");
  add("0000000");  // the end
  std::string bomb("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  for (std::size_t at = 0; at < bits.size(); at += 8) {
    unsigned byte = 0;
    for (std::size_t i = 0; i < 8 && at + i < bits.size(); ++i) byte |= static_cast<unsigned>(bits[at + i] == '1') << i;
    bomb += static_cast<char>(byte);
  }
  return bomb + std::string(8, '\0');  // who checks the sum has unpacked it
}

TEST(Decompression, IsNeverDoneUnasked) {
  const std::string gzip = "Content-Encoding: gzip\r\n";
  const std::string bomb = Bomb();
  Withstand({}, [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(20), [&](const Context& c, int) {
      const std::string sink = Ask(c, target, PostRequest("/sink", "text/plain", bomb, gzip));
      EXPECT_TRUE(sink.ends_with("\r\n\r\n" + std::to_string(bomb.size()))) << sink;
      for (const std::string& request :
           {PostRequest("/json", "application/json", bomb, gzip), PostRequest("/order", "application/json", bomb, gzip),
            Multipart("/parts", bomb, gzip), Multipart("/upload", bomb, gzip)}) {
        EXPECT_EQ(StatusOf(Ask(c, target, request)), 415) << request.substr(0, 20);
      }
    });
  });
}

}  // namespace
}  // namespace weft
