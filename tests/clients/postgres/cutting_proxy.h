// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_POSTGRES_CUTTING_PROXY_H_
#define WEFT_TESTS_CLIENTS_POSTGRES_CUTTING_PROXY_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace weft::postgres {

// A proxy in front of the server, on a thread of its own, that cuts connections, or holds back their end.
class CuttingProxy {
 public:
  enum class Cut {
    kEnd,    // in good order, after it has taken what was sent
    kReset,  // with what was sent unread
    kHold,   // what the server ends does not end for the client
  };
  using Address = std::vector<char>;
  static Address UnixAddress(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return Bytes(address);
  }
  static Address TcpAddress(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return Bytes(address);
  }

  // It listens where the server does: on a unix socket in a folder of its own, or on 127.0.0.1.
  explicit CuttingProxy(Address server) : server_(std::move(server)), tcp_(Family(server_) == AF_INET) {
    std::string name = (std::filesystem::temp_directory_path() / "weft-proxy-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    listener_ = socket(Family(server_), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const Address address = tcp_ ? TcpAddress(0) : UnixAddress(folder_ + "/.s.PGSQL.5432");
    if (bind(listener_, Raw(address), static_cast<socklen_t>(address.size())) != 0 || listen(listener_, 64) != 0) std::abort();
    if (tcp_) {
      sockaddr_in bound{};
      socklen_t size = sizeof bound;
      getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
      port_ = ntohs(bound.sin_port);
    }
    thread_ = std::thread([this] { Serve(); });
  }
  ~CuttingProxy() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(folder_);
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  std::string ConnInfo() const { return "host=" + folder_ + " dbname=postgres user=weft"; }
  int Port() const { return port_; }

  // The next connection is cut after so many bytes of the server's, or of the client's.
  void CutNext(std::int64_t of_server, std::int64_t of_client, Cut how = Cut::kEnd) {
    of_server_ = of_server;
    of_client_ = of_client;
    how_ = how;
  }
  // From now on cancels do not end.
  void HoldCancels() { hold_cancels_ = true; }
  // How many bytes the last connection that was not cut has carried.
  std::int64_t FromServer() const { return from_server_; }
  std::int64_t FromClient() const { return from_client_; }
  // What the clients of all connections have sent first, 16 bytes of each at most.
  std::vector<std::string> FirstWords() const {
    const std::lock_guard hold(lock_);
    return first_words_;
  }
  // How many cancels have been open at a time.
  std::size_t MostCancels() const { return most_cancels_; }

  static bool IsTlsRequest(std::string_view first) { return first.substr(0, 8) == std::string_view("\0\0\0\x08\x04\xd2\x16\x2f", 8); }
  static bool IsCancel(std::string_view first) { return first.substr(0, 8) == std::string_view("\0\0\0\x10\x04\xd2\x16\x2e", 8); }

 private:
  template <class T>
  static Address Bytes(const T& address) {
    const char* bytes = reinterpret_cast<const char*>(&address);
    return {bytes, bytes + sizeof address};
  }
  static const sockaddr* Raw(const Address& address) { return reinterpret_cast<const sockaddr*>(address.data()); }
  static int Family(const Address& address) { return Raw(address)->sa_family; }

  struct Pair {
    int client, server;
    std::int64_t to_client, to_server;  // bytes until the cut
    Cut how;
    std::size_t number;
    std::int64_t from_server = 0, from_client = 0;
    bool cancels = false;
  };

  void Serve() {
    std::vector<Pair> pairs;
    for (;;) {
      std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
      for (const Pair& pair : pairs) {
        polled.push_back({pair.client, POLLIN, 0});
        polled.push_back({pair.server, POLLIN, 0});
      }
      poll(polled.data(), polled.size(), -1);
      for (std::size_t i = pairs.size(); i-- > 0;) {
        Pair& pair = pairs[i];
        const bool of_client = polled[1 + 2 * i].revents == 0 || Pass(pair, true);
        const bool of_server = polled[2 + 2 * i].revents == 0 || Pass(pair, false);
        if (of_client && of_server) continue;
        close(pair.server);
        if (of_client && (pair.how == Cut::kHold || (pair.cancels && hold_cancels_))) {
          pair.server = -1;
          continue;
        }
        close(pair.client);
        pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
      }
      most_cancels_ = std::max<std::size_t>(most_cancels_, static_cast<std::size_t>(std::count_if(pairs.begin(), pairs.end(), [](const Pair& p) { return p.cancels; })));
      if (polled[0].revents == 0) continue;
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) break;
      const int server = socket(Family(server_), SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(server, Raw(server_), static_cast<socklen_t>(server_.size())) != 0) std::abort();
      const std::lock_guard hold(lock_);
      pairs.push_back({client, server, of_server_.exchange(INT64_MAX), of_client_.exchange(INT64_MAX), how_.exchange(Cut::kEnd), first_words_.size()});
      first_words_.emplace_back();
    }
    for (const Pair& pair : pairs) {
      close(pair.client);
      if (pair.server >= 0) close(pair.server);
    }
  }

  bool Pass(Pair& pair, bool of_client) {
    const int from = of_client ? pair.client : pair.server, to = of_client ? pair.server : pair.client;
    std::int64_t& left = of_client ? pair.to_server : pair.to_client;
    char bytes[65536];
    const std::size_t most = pair.how == Cut::kReset ? static_cast<std::size_t>(std::min<std::int64_t>(sizeof bytes, left)) : sizeof bytes;
    const ssize_t got = recv(from, bytes, most, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    const std::int64_t taken = std::min<std::int64_t>(got, left);
    left -= taken;
    (of_client ? pair.from_client : pair.from_server) += taken;
    from_server_ = pair.from_server;  // before anybody has them
    from_client_ = pair.from_client;
    if (of_client) {
      const std::lock_guard hold(lock_);
      std::string& first = first_words_[pair.number];
      first.append(bytes, std::min(static_cast<std::size_t>(got), 16 - std::min<std::size_t>(16, first.size())));
      pair.cancels = IsCancel(first);
    }
    return send(to, bytes, static_cast<std::size_t>(taken), MSG_NOSIGNAL) == taken && left > 0;
  }

  const Address server_;
  const bool tcp_;
  std::string folder_;
  int listener_ = -1, port_ = 0;
  std::atomic<std::int64_t> of_server_{INT64_MAX}, of_client_{INT64_MAX}, from_server_{0}, from_client_{0};
  std::atomic<Cut> how_{Cut::kEnd};
  std::atomic<bool> hold_cancels_{false};
  std::atomic<std::size_t> most_cancels_{0};
  mutable std::mutex lock_;
  std::vector<std::string> first_words_;
  std::thread thread_;
};

}  // namespace weft::postgres

#endif  // WEFT_TESTS_CLIENTS_POSTGRES_CUTTING_PROXY_H_
