// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cctype>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/wait_fd.h>
#include <weft/handlers/body_filter.h>

#include "../kit/temp_file.h"
#include "server_kit.h"

namespace weft {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

ServerOptions OverTcp(int loops = 1) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = loops;
  return options;
}

Handler SendWithLength(int fd, std::uint64_t offset, std::uint64_t length) {
  return [=](ResponseWriter& w, Request&) {
    w.Header().Set("Content-Length", std::to_string(length));
    return w.SendFile(fd, offset, length);
  };
}

std::string ChunkHeader(std::size_t size) {
  char text[24];
  std::snprintf(text, sizeof(text), "\r\n%zx\r\n", size);
  return text;
}

TEST(SendFile, SendsPartsOfEverySize) {
  const std::string text = Pattern(3'000'000);
  TempFile file(text);
  for (const std::size_t offset : {0, 1, 5000}) {
    for (const std::size_t length : {1, 4096, 4097, 70'000, 2'900'000}) {
      SCOPED_TRACE(std::to_string(offset) + ", " + std::to_string(length));
      Virtually([&](const Context& ctx) {
        Site site(ctx, SendWithLength(file.fd(), offset, length));
        Client client = site.Connect();
        const TestResponse response = client.Get("/");
        EXPECT_EQ(response.Header("Content-Length"), std::to_string(length));
        EXPECT_TRUE(response.body == text.substr(offset, length));
        EXPECT_TRUE(client.Get("/").body == text.substr(offset, length)) << "the connection lives on";
      });
    }
  }
}

TEST(SendFile, WithoutALengthIsOneChunk) {
  const std::string text = Pattern(1'000'000);
  TempFile file(text);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request&) { return w.SendFile(file.fd(), 0, text.size()); });
    Client client = site.Connect();
    client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.ToEnd().ends_with(ChunkHeader(text.size()) + text + "\r\n0\r\n\r\n"));
  });
}

TEST(SendFile, StandsBetweenWrites) {
  const std::string text = Pattern(1'000'000);
  TempFile file(text);
  for (const bool declared : {false, true}) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
        if (declared) w.Header().Set("Content-Length", "1620009");
        if (Error err = w.Write("one")) return err;
        if (Error err = w.SendFile(file.fd(), 10, 500'000)) return err;
        if (Error err = w.Write("two")) return err;
        if (Error err = w.Write(Pattern(20'000))) return err;
        if (Error err = w.Flush()) return err;
        if (Error err = w.SendFile(file.fd(), 0, 100'000)) return err;
        if (Error err = w.SendFile(file.fd(), 0, text.size())) return err;
        return w.Write("end");
      });
      Client client = site.Connect();
      const std::string whole = "one" + text.substr(10, 500'000) + "two" + Pattern(20'000) + text.substr(0, 100'000) + text + "end";
      const TestResponse response = client.Get("/");
      EXPECT_EQ(response.Has("Content-Length"), declared);
      EXPECT_TRUE(response.body == whole) << response.body.size();
      EXPECT_TRUE(client.Get("/").body == whole);
    });
  }
}

TEST(SendFile, ToAClientOfHttp10EndsWithTheConnection) {
  const std::string text = Pattern(300'000);
  TempFile file(text);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request&) { return w.SendFile(file.fd(), 0, text.size()); });
    Client client = site.Connect();
    client.Send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(client.ToEnd().ends_with("\r\n\r\n" + text));
  });
}

TEST(SendFile, SendsNothingInAResponseToHead) {
  TempFile file(Pattern(300'000));
  Virtually([&](const Context& ctx) {
    Site site(ctx, SendWithLength(file.fd(), 0, 300'000));
    Client client = site.Connect();
    client.Send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(client.ReadResponse("HEAD").Header("Content-Length"), "300000");
    EXPECT_EQ(client.Get("/").body.size(), 300'000u);
  });
}

TEST(SendFile, SniffsTheContentTypeOfTheFile) {
  TempFile file("%PDF-1.7 " + Pattern(300'000));
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/text") {
        if (Error err = w.Write("text ")) return err;
      }
      return w.SendFile(file.fd(), 0, 300'000);
    });
    Client client = site.Connect();
    EXPECT_EQ(client.Get("/").Header("Content-Type"), "application/pdf");
    EXPECT_EQ(client.Get("/text").Header("Content-Type"), "text/plain; charset=utf-8");
  });
}

TEST(SendFile, ServesPipelinedRequestsInOrder) {
  const std::string text = Pattern(700'000);
  TempFile file(text);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/file") return w.SendFile(file.fd(), 0, text.size());
      return w.Write(r.Target());
    });
    Client client = site.Connect();
    std::string requests;
    for (int i = 0; i < 20; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\nGET /file HTTP/1.1\r\nHost: h\r\n\r\n";
    client.Send(requests);
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(client.ReadResponse().body, "/" + std::to_string(i));
      ASSERT_TRUE(client.ReadResponse().body == text);
    }
  });
}

class Upper : public BodyFilter {
  Error Write(std::string_view data, Output& next) override {
    std::string text(data);
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return next.Write(text);
  }
};

TEST(SendFile, GoesThroughTheFilters) {
  std::string text = Pattern(300'000);
  TempFile file(text);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request&) {
      w.PushFilter(std::make_unique<Upper>());
      return w.SendFile(file.fd(), 0, text.size());
    });
    Client client = site.Connect();
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    EXPECT_TRUE(client.Get("/").body == text);
  });
}

// Files that are not in a page cache cannot be handed over by the kernel.
TEST(SendFile, ReadsFilesThatTheKernelCannotHandOver) {
  const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const std::string padding = Pattern(4090);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write(padding)) return err;
      return w.SendFile(fd, 0, 100);
    });
    Client client = site.Connect();
    const std::string body = client.Get("/").body;
    EXPECT_EQ(body.size(), 4190u);
    EXPECT_THAT(body, HasSubstr(padding + "Name:"));
    EXPECT_EQ(client.Get("/").body.size(), 4190u);
  });
  close(fd);
}

TEST(SendFile, ReadsTheDiskOnTheThreadsOfThePool) {
  const std::string text = Pattern(3'000'000);
  TempFile file(text);
  std::uint64_t offloaded = 0;
  Site site(Background(), [&](ResponseWriter& w, Request&) {
    const std::uint64_t before = CurrentOffloadStats().done;
    const Error err = w.SendFile(file.fd(), 0, text.size());
    offloaded = CurrentOffloadStats().done - before;
    return err;
  }, OverTcp());
  Client client = site.Connect();

  for (int i = 0; i < TempFile::kTries && offloaded == 0; ++i) {
    if (!file.BecomesCold()) GTEST_SKIP() << "this file system does not tell what is in memory";
    EXPECT_TRUE(client.Get("/").body == text);
  }
  if (offloaded == 0 && !file.LooksCold()) GTEST_SKIP() << "the disk is quicker than a look";
  EXPECT_GE(offloaded, 1u);
  EXPECT_TRUE(client.Get("/").body == text);
  EXPECT_EQ(offloaded, 0u) << "now it is in memory";
}

// How much comes, without looking at it. It never sleeps, so that the server finds room as often as can be.
std::uint64_t CountToEnd(int fd) {
  static char waste[1 << 20];
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t n = recv(fd, waste, sizeof(waste), MSG_TRUNC | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) continue;
    if (n <= 0) return total;
    total += static_cast<std::uint64_t>(n);
  }
}

TEST(SendFile, GoesBeyondFourGigabytes) {
  constexpr std::uint64_t kSize = (std::uint64_t{4} << 30) + 12'345;
  const int fd = memfd_create("large", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(fd, kSize), 0);
  ASSERT_EQ(pwrite(fd, "end", 3, static_cast<off_t>(kSize - 3)), 3);
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    const std::uint64_t offset = r.Path() == "/end" ? kSize - 5000 : 0;
    w.Header().Set("Content-Length", std::to_string(kSize - offset));
    const Error err = w.SendFile(fd, offset, kSize - offset);
    EXPECT_EQ(w.BytesWritten(), kSize - offset);
    return err;
  }, OverTcp());
  EXPECT_THAT(site.Connect().Get("/end").body, EndsWith("end"));

  Client client = site.Connect();
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

  const std::uint64_t came = CountToEnd(client.raw().Descriptor());

  EXPECT_GT(came, kSize);
  EXPECT_LT(came, kSize + 1000) << "and the head";
  close(fd);
}

TEST(SendFile, ServesManyAtOnceFromOneDescriptor) {
  const std::string text = Pattern(2'000'000);
  TempFile file(text);
  Site site(Background(), [&](ResponseWriter& w, Request& r) {
    const std::size_t offset = r.Path() == "/a" ? 0 : 1'000'000;
    return w.SendFile(file.fd(), offset, 1'000'000);
  }, OverTcp(2));
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      Client client = site.Connect();
      for (int k = 0; k < 5; ++k) EXPECT_TRUE(client.Get(i % 2 == 0 ? "/a" : "/b").body == text.substr(i % 2 == 0 ? 0 : 1'000'000, 1'000'000));
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST(SendFile, LetsItsLoopLookForOthers) {
  constexpr std::uint64_t kSize = std::uint64_t{256} << 20;
  const int fd = memfd_create("large", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(fd, kSize), 0);
  const int ready = eventfd(1, EFD_CLOEXEC);
  int looks = 0;
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    bool sent = false;
    Group others(r.Ctx());
    others.Go([&](const Context& ctx) {
      for (; !sent; ++looks) EXPECT_TRUE(WaitFd(ctx, ready, FdEvents::kRead).Ok());
    });
    const Error err = w.SendFile(fd, 0, kSize);
    sent = true;
    static_cast<void>(others.Wait());
    return err;
  }, OverTcp());
  Client client = site.Connect();
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

  EXPECT_GT(CountToEnd(client.raw().Descriptor()), kSize);

  EXPECT_GE(looks, 200) << "at about every megabyte";
  close(ready);
  close(fd);
}

}  // namespace
}  // namespace weft
