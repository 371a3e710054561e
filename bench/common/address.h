// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_COMMON_ADDRESS_H_
#define WEFT_BENCH_COMMON_ADDRESS_H_

#include <netinet/in.h>

#include <string>
#include <string_view>

namespace weft::bench {

// Turns "127.0.0.1:8080" into a socket address. Ends the process with one line on stderr when the text is no IPv4
// address with a port.
sockaddr_in ParseAddress(std::string_view text);

// Returns the value of `--address` among the arguments, or ends the process with a usage line: the peers take nothing else.
sockaddr_in AddressFromArguments(int argc, char** argv);

// Opens a listening socket with the largest backlog and prints "listening on http://HOST:PORT" with the bound port on
// stdout: the line by which bench/run learns where a server is. Ends the process on failure. The caller owns the descriptor.
int Listen(const sockaddr_in& address);

// Prints that line for a socket which somebody else has bound.
void AnnounceBound(int fd);

// Raises the soft limit of open descriptors to the hard one, as 15,000 connections need.
void RaiseDescriptorLimit();

// Prints "program: what: strerror(errno)" and ends the process with code 1.
[[noreturn]] void Die(const std::string& what);

}  // namespace weft::bench

#endif  // WEFT_BENCH_COMMON_ADDRESS_H_
