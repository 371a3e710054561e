// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CHILD_PROCESS_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CHILD_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/result.h>

namespace weft::postgres::internal {

// A program that ends with us, however we end. Between us and it is a process that waits for either: PR_SET_PDEATHSIG would end it
// with the thread that started it.
class ChildProcess {
 public:
  // Its output goes to the end of `log`. As root it runs as this user; 0: as we do. If we end without having destroyed this, `folder`, unless it is
  // empty, is removed after the program has ended.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& command, const std::string& log, uid_t user, gid_t group,
                                                     const std::string& folder = {});
  ~ChildProcess();  // ends it by SIGQUIT, and waits
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t Id() const { return pid_; }
  int EndDescriptor() const { return status_; }  // readable once it has ended
  int Wait();                                    // blocks; as waitpid says it
  // To it and the children that it has now.
  void Signal(int number) const;

 private:
  ChildProcess(pid_t keeper, pid_t pid, int control, int status) : keeper_(keeper), pid_(pid), control_(control), status_(status) {}

  const pid_t keeper_, pid_;
  int control_;  // its end ends the program
  const int status_;
  bool waited_ = false;
  int result_ = 0;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CHILD_PROCESS_H_
