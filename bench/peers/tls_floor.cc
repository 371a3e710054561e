// SPDX-License-Identifier: Apache-2.0
// What TLS costs a server that does nothing else: as epoll_floor, with OpenSSL between. One thread, one edge-triggered epoll set, one recv
// and one send for each request; ciphertext lies in two buffers of the thread, and no byte of HTTP is looked at but the end of a head. A
// connection costs the memory that OpenSSL needs, as with the servers that it is compared with (SSL_MODE_RELEASE_BUFFERS).

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/address.h"

namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string MakeResponse() {
  return "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
         "Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n\r\n" + std::string(1024, 'x');
}

// What all connections share during a call of OpenSSL.
struct Wire {
  std::string_view in;
  std::vector<char> out = std::vector<char>(kBufferBytes);
  std::size_t out_size = 0;
};
Wire wire;

int ReadWire(BIO* bio, char* to, int size) {
  BIO_clear_retry_flags(bio);
  if (wire.in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(wire.in.size(), static_cast<std::size_t>(size));
  std::memcpy(to, wire.in.data(), count);
  wire.in.remove_prefix(count);
  return static_cast<int>(count);
}
int WriteWire(BIO*, const char* bytes, int size) {
  const auto count = static_cast<std::size_t>(size);
  if (wire.out.size() - wire.out_size < count) return -1;  // more than this program ever has to say
  std::memcpy(wire.out.data() + wire.out_size, bytes, count);
  wire.out_size += count;
  return size;
}
long ControlWire(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* MakeWire() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    BIO_meth_set_read(made, &ReadWire);
    BIO_meth_set_write(made, &WriteWire);
    BIO_meth_set_ctrl(made, &ControlWire);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  BIO_set_init(bio, 1);
  return bio;
}

struct Connection {
  int fd;
  SSL* ssl;
};

class Floor {
 public:
  Floor(int listener, SSL_CTX* ctx)
      : listener_(listener), ctx_(ctx), epoll_(epoll_create1(EPOLL_CLOEXEC)), in_(kBufferBytes), plain_(kBufferBytes) {
    if (epoll_ < 0) weft::bench::Die("epoll_create1");
    Register(listener_, nullptr);
  }

  [[noreturn]] void Serve() {
    std::vector<epoll_event> events(512);
    while (true) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        auto* const connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (connection == nullptr) {
          AcceptAll();
        } else if (!Answer(*connection)) {
          SSL_free(connection->ssl);
          close(connection->fd);
          delete connection;
        }
      }
    }
  }

 private:
  void Register(int fd, Connection* connection) const {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
    event.data.ptr = connection;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) weft::bench::Die("epoll_ctl");
  }

  void AcceptAll() const {
    for (int fd = 0; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      SSL* const ssl = SSL_new(ctx_);
      BIO* const bio = MakeWire();
      SSL_set_bio(ssl, bio, bio);
      SSL_set_accept_state(ssl);
      SSL_set_read_ahead(ssl, 1);
      Register(fd, new Connection{fd, ssl});
    }
  }

  // False when the connection is to be closed. A client whose socket does not take all is cut off.
  bool Answer(Connection& connection) {
    const ssize_t got = recv(connection.fd, in_.data(), in_.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    wire.in = {in_.data(), static_cast<std::size_t>(got)};
    wire.out_size = 0;
    bool open = true;
    while (open && !wire.in.empty()) {
      const int read = SSL_read(connection.ssl, plain_.data(), static_cast<int>(plain_.size()));
      if (read <= 0) {
        open = SSL_get_error(connection.ssl, read) == SSL_ERROR_WANT_READ;
        continue;
      }
      if (!std::string_view(plain_.data(), static_cast<std::size_t>(read)).ends_with(kHeadEnd)) continue;
      open = SSL_write(connection.ssl, response_.data(), static_cast<int>(response_.size())) > 0;
    }
    if (!open) ERR_clear_error();
    if (wire.out_size == 0) return open;
    return send(connection.fd, wire.out.data(), wire.out_size, MSG_NOSIGNAL) == static_cast<ssize_t>(wire.out_size) && open;
  }

  const int listener_;
  SSL_CTX* const ctx_;
  const int epoll_;
  std::vector<char> in_;
  std::vector<char> plain_;
  const std::string response_ = MakeResponse();
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: tls_floor --address HOST:PORT --tls-cert FILE --tls-key FILE\n");
    return 2;
  }
  weft::bench::RaiseDescriptorLimit();
  SSL_CTX* const ctx = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_use_certificate_chain_file(ctx, argv[4]) != 1 || SSL_CTX_use_PrivateKey_file(ctx, argv[6], SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    return 1;
  }
  const sockaddr_in address = weft::bench::AddressFromArguments(3, argv);
  Floor(weft::bench::Listen(address), ctx).Serve();
}
