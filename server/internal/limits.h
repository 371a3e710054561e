// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_LIMITS_H_
#define WEFT_SERVER_INTERNAL_LIMITS_H_

#include <cstdint>

#include <weft/server/options.h>

namespace weft::internal {

// What the process may use.
struct Resources {
  std::uint64_t descriptors = 0;   // RLIMIT_NOFILE, the soft one
  std::uint64_t memory_bytes = 0;  // of the machine, or of its cgroups (UsableMemory)
};

// The limits of the entire server. Those that ServerOptions leaves open (0) follow from the resources.
struct ServerLimits {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t queued_requests = 0;
  std::uint64_t long_lived = 0;
};

// What a server plans for. A parked request takes some 12 KiB; a handler has buffers of its own.
inline constexpr std::uint64_t kBytesPerConnection = 8 * 1024;  // mostly the kernel's
// Including OpenSSL: 44 KB from a ClientHello to the end of the handshake, at which any number of clients may stop. Later it is a third
// of that, and the rest has room for what HTTP/2 takes.
inline constexpr std::uint64_t kBytesPerTlsConnection = 48 * 1024;
inline constexpr std::uint64_t kBytesOfHttp2 = 16 * 1024;  // nghttp2's, of a connection that speaks it in plain text
inline constexpr std::uint64_t kBytesPerRequest = 64 * 1024;
inline constexpr std::uint64_t kBytesPerLongLived = 16 * 1024;  // parked most of the time
inline constexpr std::uint64_t kDescriptorsForOthers = 64;  // listener, loops, logs, files of the program

Resources MeasureResources();

// Seven eighths of the descriptors are for connections, because handlers open some, too; at most three quarters of
// the memory are planned for. Long-lived requests leave a quarter of the connections to others. What the user has set
// is not changed.
ServerLimits ResolveLimits(const ServerOptions& options, const Resources& resources);

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_LIMITS_H_
