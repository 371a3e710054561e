// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_ACTIVATION_H_
#define WEFT_NET_INTERNAL_ACTIVATION_H_

#include <string>
#include <string_view>

#include <weft/concurrency/error.h>

namespace weft::internal {

// What the environment says about the sockets with which the process was started, by systemd or another launcher that speaks its
// protocol (sd_listen_fds(3)). Empty: the variable is not set.
struct Activation {
  std::string fds;    // LISTEN_FDS: how many there are, from descriptor 3 on
  std::string pid;    // LISTEN_PID: the process that they are for
  std::string names;  // LISTEN_FDNAMES: a name for each, separated by colons
  int self = 0;       // this process

  // Reads the environment, and leaves it as it is.
  static Activation OfThisProcess();

  // The descriptor that `which` selects: the only one (empty), the one with this name, or the one with this number. The Error says what
  // was found instead.
  Result<int> Find(std::string_view which) const;

  // How many sockets were passed; 0 if none were, or not to this process.
  int Count() const;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_ACTIVATION_H_
