// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_LISTENER_H_
#define WEFT_NET_INTERNAL_LISTENER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/fd.h>

namespace weft::internal {

// An accepted connection: its descriptor is non-blocking and closes on exec; TCP_NODELAY is set on TCP.
struct Accepted {
  enum class Outcome : std::uint8_t {
    kConnection,
    kAgain,      // none is waiting
    kExhausted,  // out of descriptors or memory: free some or wait; the connection stays in the backlog
    kForbidden,  // the same failure again and again, for example by a security module: wait
    kFatal,      // this socket will never accept again
  };
  Outcome outcome = Outcome::kAgain;
  Fd fd;
  SocketAddress peer;  // of kConnection
  int error = 0;  // errno, unless kConnection
};

// What to listen on, and how.
struct ListenOptions {
  std::string address;
  int descriptor = -1;  // an existing listening socket; the address is then ignored
  int backlog = 4096;
  std::uint32_t unix_mode = 0;  // of the file of a unix socket; 0: as the umask says
  bool reuse_port = false;
};

// A listening socket. Accept may be called from several threads at once, also while another one is in StopAccepting or Shut; everything
// else by its owner.
class Listener {
 public:
  // The socket that the descriptor, a "systemd:" address or any other address means; options are valid. Errors: those of
  // ResolveAddress, Activation and Adopt, or "listen on 127.0.0.1:8080: Address already in use". A unix socket whose server is gone
  // is replaced; one with a listening process is in use, and what is no socket is left alone.
  static Result<Listener> Open(const ListenOptions& options);

  // Serves on a duplicate of a socket that exists already, and belongs to others too: the backlog stays as it is, at the end the
  // duplicate is closed and nothing else, and a file stays where it is. Errors: "descriptor 5 is not a listening socket".
  static Result<Listener> Adopt(int fd);

  Listener(Listener&&) noexcept = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  int Descriptor() const { return fd_.Get(); }

  // "127.0.0.1:8080" or "unix:/run/app.sock".
  const std::string& Bound() const { return bound_; }

  // Takes one connection out of the backlog, without waiting. Clients that have given up meanwhile are skipped.
  Accepted Accept() const;

  // Makes the kernel take no more connections than are in the backlog: accept until kAgain, then Shut, and no client
  // that was let in is reset. Linux, listen(fd, 0); connections whose handshake is in progress may still complete. False, and nothing has
  // happened: others have this socket too, and clients that are let in stay in its backlog for them.
  bool StopAccepting();

  // Ends it for all holders: new connections are refused, the port is free, and the file of a unix socket is removed if it is
  // still this one's. The descriptor stays until Close, so that other threads may be in Accept meanwhile, which fails from now
  // on. If others have this socket too, only its use here ends.
  void Shut();

  // Shuts and closes it. No other call may be in progress.
  void Close();

 private:
  Listener() = default;
  static Result<Listener> BindTo(const ListenOptions& options);
  static Result<Listener> Activated(std::string_view which);
  Error Bind(const SocketAddress& address);
  Error RemoveStaleFile(const SocketAddress& address);

  Fd fd_;
  bool shared_ = false;
  std::string bound_;
  std::string path_;  // of the file to remove; empty if there is none
  std::uint64_t path_device_ = 0;
  std::uint64_t path_inode_ = 0;
  bool shut_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_LISTENER_H_
