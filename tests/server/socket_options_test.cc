// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

#include <weft/net/internal/listener.h>

#include "server_kit.h"
#include "syscall_kit.h"

namespace weft {
namespace {

using internal::Listener;
using internal::ListenOptions;

// A path for a socket, and the umask that holds while it is made.
class UnixPlace {
 public:
  explicit UnixPlace(mode_t mask) {
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    umask_before_ = umask(mask);
  }
  ~UnixPlace() {
    umask(umask_before_);
    unlink(Path().c_str());
    rmdir(folder_.c_str());
  }
  UnixPlace(const UnixPlace&) = delete;
  UnixPlace& operator=(const UnixPlace&) = delete;

  std::string Path() const { return folder_ + "/s"; }
  mode_t Mode() const {
    struct stat file {};
    return lstat(Path().c_str(), &file) == 0 ? file.st_mode & 07777 : 0;
  }
  ListenOptions Options(std::uint32_t mode) const {
    ListenOptions options;
    options.address = "unix:" + Path();
    options.unix_mode = mode;
    return options;
  }

 private:
  mode_t umask_before_ = 0;
  std::string folder_ = ::testing::TempDir() + "weftXXXXXX";
};

TEST(UnixMode, IsWhatWasAskedForWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}, mode_t{0777}}) {
    for (const mode_t mode : {mode_t{0600}, mode_t{0660}, mode_t{0666}, mode_t{0777}, mode_t{0001}}) {
      const UnixPlace place(mask);
      const Result<Listener> listener = Listener::Open(place.Options(mode));
      ASSERT_TRUE(listener.Ok()) << listener.Err().Message();
      EXPECT_EQ(place.Mode(), mode) << std::oct << mask;
    }
  }
}

TEST(UnixMode, TheFileNeverAllowsMore) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    for (const mode_t mode : {mode_t{0600}, mode_t{0660}, mode_t{0001}}) {
      const UnixPlace place(mask);
      mode_t at_first = 07777;
      const AfterBind look([&] { at_first = place.Mode(); });

      const Result<Listener> listener = Listener::Open(place.Options(mode));

      ASSERT_TRUE(listener.Ok()) << listener.Err().Message();
      EXPECT_EQ(at_first, mode & ~mask);
    }
  }
}

TEST(UnixMode, WithoutOneTheUmaskDecides) {
  const UnixPlace place(027);
  const Result<Listener> listener = Listener::Open(place.Options(0));
  ASSERT_TRUE(listener.Ok());

  EXPECT_EQ(place.Mode(), mode_t{0750});
}

ServerOptions Sharing(std::string address) {
  ServerOptions options;
  options.address = std::move(address);
  options.reuse_port = true;
  return options;
}

std::string AddressOf(Site& site) { return site.server().Bound().substr(std::string_view("http://").size()); }

TEST(ReusePort, TwoServersShareAPort) {
  Site first(Background(), Say("first"), Sharing("127.0.0.1:0"));
  Site second(Background(), Say("second"), Sharing(AddressOf(first)));
  ASSERT_EQ(first.server().Bound(), second.server().Bound());

  std::map<std::string, int> responses;
  for (int i = 0; i < 200; ++i) ++responses[first.Connect().Get("/").body];

  EXPECT_GT(responses["first"], 20);
  EXPECT_GT(responses["second"], 20);
}

TEST(ReusePort, IsForThoseWhoHaveAllSaidSo) {
  Site first(Background(), Say("first"), Sharing("127.0.0.1:0"));
  EXPECT_TRUE(Listener::Open({.address = AddressOf(first)}).Err().Is(std::errc::address_in_use));

  ServerOptions options = Sharing("127.0.0.1:0");
  options.reuse_port = false;
  Site second(Background(), Say("second"), options);
  EXPECT_TRUE(Listener::Open({.address = AddressOf(second), .reuse_port = true}).Err().Is(std::errc::address_in_use));
}

TEST(ReusePort, ClientsInTheBacklogOfADrainingServerAreServed) {
  Virtually([](const Context& ctx) {
    Site leaving(ctx, Say("served"), Sharing("127.0.0.1:0"));
    Site staying(ctx, Say("served"), Sharing(AddressOf(leaving)));
    std::vector<Client> clients;
    for (int i = 0; i < 40; ++i) {  // the kernel has spread them; nobody has run yet that could accept them
      clients.push_back(leaving.Connect());
      clients.back().Send(kGet);
    }
    leaving.server().BeginDrain();

    for (Client& client : clients) EXPECT_EQ(client.ReadResponse().body, "served");
    EXPECT_FALSE(leaving.Stop());
    for (int i = 0; i < 40; ++i) EXPECT_EQ(staying.Connect().Get("/").body, "served");
  });
}

}  // namespace
}  // namespace weft
