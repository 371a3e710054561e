// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_ANNOTATIONS_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_ANNOTATIONS_H_

// Which lock guards what, for clang's analysis (-Wthread-safety), which reads the whole library as a part of the tests. It sees one
// function at a time: a lambda that runs under a lock has its own annotation, and where a lock is passed on, the analysis is
// switched off.
#if defined(__clang__)
#define WEFT_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define WEFT_THREAD_ANNOTATION(x)
#endif

#define WEFT_CAPABILITY WEFT_THREAD_ANNOTATION(capability("lock"))
#define WEFT_SCOPED_CAPABILITY WEFT_THREAD_ANNOTATION(scoped_lockable)
// Of a member: read and written under this lock only.
#define WEFT_GUARDED_BY(lock) WEFT_THREAD_ANNOTATION(guarded_by(lock))
// Of a function: called under this lock; takes it; releases it.
#define WEFT_REQUIRES(...) WEFT_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define WEFT_ACQUIRE(...) WEFT_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define WEFT_RELEASE(...) WEFT_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
// Of a function: its caller holds this lock, under another name that clang cannot recognize as the same.
#define WEFT_ASSERT_LOCKED(lock) WEFT_THREAD_ANNOTATION(assert_capability(lock))
// Of a function: returns this lock.
#define WEFT_RETURNS_LOCK(lock) WEFT_THREAD_ANNOTATION(lock_returned(lock))
#define WEFT_NO_LOCK_ANALYSIS WEFT_THREAD_ANNOTATION(no_thread_safety_analysis)

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_ANNOTATIONS_H_
