// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_SOCKET_LAYER_H_
#define WEFT_NET_INTERNAL_SOCKET_LAYER_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include <weft/net/internal/socket.h>

namespace weft::internal {

// A layer between the bytes of a connection and the wire, such as encryption. The calls are those of
// Socket, with its results and errno, in bytes of the connection. Never waits.
class SocketLayer {
 public:
  // `more`: there may be more to read now, in the socket or in here.
  virtual ssize_t Read(const Socket& socket, char* buffer, std::size_t size, bool& more) = 0;
  // What the socket does not take is held here, and sent by Flush; the end of the connection waits for that. Takes
  // nothing (EAGAIN) while anything is held.
  virtual ssize_t Send(const Socket& socket, const iovec* parts, std::size_t count) = 0;
  // EINVAL: the file must be read and sent instead.
  virtual ssize_t SendFile(const Socket& socket, int file, std::uint64_t offset, std::size_t size) = 0;
  // There is room to write again. False: the connection is gone.
  virtual bool Flush(const Socket& socket) = 0;
  // Bytes that are held here.
  virtual std::size_t Held() const = 0;
  // Whether it holds bytes that have arrived but were not read.
  virtual bool HasPending() const = 0;
  // Whether only a part of something has arrived: the peer is in the middle of it.
  virtual bool InMessage() const = 0;
  // How many bytes have arrived over the wire since the last call: a peer may be fast although nothing can be used yet.
  virtual std::size_t TakeArrived() = 0;
  // Ends our side, and tells the peer, at once or when what is held has been sent.
  virtual bool ShutWrite(const Socket& socket) = 0;

 protected:
  ~SocketLayer() = default;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_SOCKET_LAYER_H_
