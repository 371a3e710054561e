# SPDX-License-Identifier: Apache-2.0
mutation "a write on the way into the wait is missed" internal/runtime/wait_list.h explore_memory_stream_test \
  's/    there = look\(\);\n    if \(!there\) place/    if (!there) place/' internal/channel/memory_stream.cc

mutation "a read does not make room for the writer" internal/channel/memory_stream.cc explore_memory_stream_test \
  's/(n = Take\(into\);\n)  Wake\(writer\);\n/\1/'

mutation "what was read stays in the buffer when the context is done" internal/channel/memory_stream.cc explore_memory_stream_test \
  's/  size -= n;/  if (writer != nullptr \&\& writer->Outcome() == Parker::kContextDone) return n;\n  size -= n;/'

mutation "a close does not wake the reader of its own side" internal/channel/memory_stream.cc explore_memory_stream_test \
  's/(size = 0;\n  Wake\(writer\);\n)  Wake\(reader\);\n/\1/'

mutation "writers do not take turns" internal/channel/memory_stream.cc explore_memory_stream_test \
  's/  if \(Error err = pipe\.write_turn\.Lock\(ctx\)\) return err;\n[^\n]*\n//'
