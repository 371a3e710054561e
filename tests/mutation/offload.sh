# SPDX-License-Identifier: Apache-2.0
mutation "an end before the wait is missed" internal/runtime/wait_list.h explore_offload_test \
  's/    there = look\(\);\n    if \(!there\) place/    if (!there) place/' internal/runtime/offload.cc

mutation "a cancel returns while the function runs" internal/runtime/offload.cc explore_offload_test \
  's/if \(pool\.Remove\(job\)\) return ctx\.Err\(\);/pool.Remove(job);\n  return ctx.Err();/'

mutation "a job that was given up runs later" internal/runtime/offload.cc explore_offload_test \
  's/if \(pool\.Remove\(job\)\) return ctx\.Err\(\);/if (!job.ended) return ctx.Err();/'

mutation "the end of the function wakes nobody" internal/runtime/offload.cc explore_offload_test \
  's/if \(waiter != nullptr\) waiter->Wake\(\);//'
