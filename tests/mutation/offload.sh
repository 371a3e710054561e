# SPDX-License-Identifier: Apache-2.0
mutation "an end before the wait is missed" internal/wait_list.h explore_offload_test \
  's/    if \(look\(\)\) return true;\n//' offload.cc

mutation "a cancel returns while the function runs" offload.cc explore_offload_test \
  's/if \(pool\.Remove\(job\)\) return ctx\.Err\(\);/pool.Remove(job);\n  return ctx.Err();/'

mutation "a job that was given up runs later" offload.cc explore_offload_test \
  's/if \(pool\.Remove\(job\)\) return ctx\.Err\(\);/if (!job.ended) return ctx.Err();/'

mutation "the end of the function wakes nobody" offload.cc explore_offload_test \
  's/if \(waiter != nullptr\) waiter->Wake\(\);//'
