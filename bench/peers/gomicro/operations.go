// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var operations = []operation{
	{"spawn-join", 1, spawnAndJoin(100)},
	{"spawn-join-one", 1, spawnAndJoin(1)},
	{"group-of-one", 1, groupOfOne},
	{"yield", 1, yieldToEachOther},
	{"ping-pong", 1, pingPong},
	{"ping-pong-done", 1, pingPongDone},
	{"ping-pong-loops", 2, pingPong},
	{"ping-pong-stay", 2, pingPongOnThreads},
	{"buffered-128", 1, buffered},
	{"buffered-128-done", 1, bufferedDone},
	{"select-two", 1, selectOfTwo},
	{"select-two-done", 1, selectOfTwoDone},
	{"mutex", 1, lockAndUnlock},
	{"mutex-context", 1, lockAndUnlock},
	{"mutex-loops", 2, contend},
	{"with-cancel", 1, cancelOne},
	{"with-timeout", 1, cancelOneWithTimeout},
	{"cancel-tree-1000", 1, cancelTree},
}

func must(ok bool) {
	if !ok {
		panic("gomicro: an operation went wrong")
	}
}

// together runs both at once and waits for them.
func together(f, g func()) {
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		f()
	}()
	go func() {
		defer wg.Done()
		g()
	}()
	wg.Wait()
}

func spawnAndJoin(members int) func(context.Context, int, *meter) int {
	return func(_ context.Context, n int, _ *meter) int {
		done := 0
		for done < n {
			var wg sync.WaitGroup
			wg.Add(members)
			for i := 0; i < members; i++ {
				go wg.Done()
			}
			wg.Wait()
			done += members
		}
		return done
	}
}

// As the errgroup package does it: with a context of the group's own, canceled at the end, and the first error kept.
func groupOfOne(parent context.Context, n int, _ *meter) int {
	nothing := func(context.Context) error { return nil }
	for i := 0; i < n; i++ {
		ctx, cancel := context.WithCancel(parent)
		var wg sync.WaitGroup
		var once sync.Once
		var first error
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := nothing(ctx); err != nil {
				once.Do(func() { first = err })
			}
		}()
		wg.Wait()
		cancel()
		must(first == nil)
	}
	return n
}

func yieldToEachOther(_ context.Context, n int, _ *meter) int {
	each := n/2 + 1
	yield := func() {
		for k := 0; k < each; k++ {
			runtime.Gosched()
		}
	}
	together(yield, yield)
	return 2 * each
}

func pingPong(_ context.Context, n int, _ *meter) int {
	there, back := make(chan int), make(chan int)
	together(func() {
		for i := 0; i < n; i++ {
			there <- i
			must(<-back == i)
		}
	}, func() {
		for i := 0; i < n; i++ {
			back <- <-there
		}
	})
	return n
}

// Neither may leave its thread, so that each step is one from thread to thread.
func pingPongOnThreads(_ context.Context, n int, _ *meter) int {
	there, back := make(chan int), make(chan int)
	together(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for i := 0; i < n; i++ {
			there <- i
			must(<-back == i)
		}
	}, func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for i := 0; i < n; i++ {
			back <- <-there
		}
	})
	return n
}

func send(ctx context.Context, ch chan<- int, value int) error {
	select {
	case ch <- value:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func receive(ctx context.Context, ch <-chan int) (int, error) {
	select {
	case value := <-ch:
		return value, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Every step gives up when the context is done.
func pingPongDone(ctx context.Context, n int, _ *meter) int {
	there, back := make(chan int), make(chan int)
	together(func() {
		for i := 0; i < n; i++ {
			must(send(ctx, there, i) == nil)
			value, err := receive(ctx, back)
			must(err == nil && value == i)
		}
	}, func() {
		for i := 0; i < n; i++ {
			value, err := receive(ctx, there)
			must(err == nil && send(ctx, back, value) == nil)
		}
	})
	return n
}

func buffered(_ context.Context, n int, _ *meter) int {
	items := make(chan int, 128)
	together(func() {
		for i := 0; i < n; i++ {
			items <- i
		}
	}, func() {
		for i := 0; i < n; i++ {
			must(<-items == i)
		}
	})
	return n
}

func bufferedDone(ctx context.Context, n int, _ *meter) int {
	items := make(chan int, 128)
	together(func() {
		for i := 0; i < n; i++ {
			must(send(ctx, items, i) == nil)
		}
	}, func() {
		for i := 0; i < n; i++ {
			value, err := receive(ctx, items)
			must(err == nil && value == i)
		}
	})
	return n
}

func selectOfTwo(_ context.Context, n int, _ *meter) int {
	even, odd, sum := make(chan int), make(chan int), 0
	together(func() { feed(even, odd, n) }, func() {
		for i := 0; i < n; i++ {
			select {
			case item := <-even:
				sum += item
			case item := <-odd:
				sum += item
			}
		}
	})
	must(sum == n*(n-1)/2)
	return n
}

func selectOfTwoDone(ctx context.Context, n int, _ *meter) int {
	even, odd, sum := make(chan int), make(chan int), 0
	together(func() {
		for i := 0; i < n; i++ {
			ch := even
			if i%2 == 1 {
				ch = odd
			}
			must(send(ctx, ch, i) == nil)
		}
	}, func() {
		for i := 0; i < n; i++ {
			select {
			case item := <-even:
				sum += item
			case item := <-odd:
				sum += item
			case <-ctx.Done():
				must(false)
			}
		}
	})
	must(sum == n*(n-1)/2)
	return n
}

func feed(even, odd chan<- int, n int) {
	for i := 0; i < n; i++ {
		if i%2 == 0 {
			even <- i
		} else {
			odd <- i
		}
	}
}

func lockAndUnlock(_ context.Context, n int, _ *meter) int {
	var mutex sync.Mutex
	for i := 0; i < n; i++ {
		mutex.Lock()
		mutex.Unlock()
	}
	return n
}

// Two goroutines draw from one count, so that both are there until the end. They begin together: each holds its processor
// until the other one does too. What they do under the mutex takes a few nanoseconds.
func contend(_ context.Context, n int, m *meter) int {
	m.pause()
	var shared struct {
		here  int32
		mutex sync.Mutex
		count int
		value uint64
	}
	shared.value = 1
	work := func() {
		if atomic.AddInt32(&shared.here, 1) == 2 {
			m.resume()
		}
		for atomic.LoadInt32(&shared.here) < 2 {
		}
		for {
			shared.mutex.Lock()
			ended := shared.count >= n
			if !ended {
				shared.count++
				for k := 0; k < 4; k++ {
					shared.value = shared.value*6364136223846793005 + 1442695040888963407
				}
			}
			shared.mutex.Unlock()
			if ended {
				return
			}
		}
	}
	together(work, work)
	must(shared.value != 0)
	return n
}

func cancelOne(parent context.Context, n int, _ *meter) int {
	for i := 0; i < n; i++ {
		_, cancel := context.WithCancel(parent)
		cancel()
	}
	return n
}

func cancelOneWithTimeout(parent context.Context, n int, _ *meter) int {
	for i := 0; i < n; i++ {
		_, cancel := context.WithTimeout(parent, time.Hour)
		cancel()
	}
	return n
}

// Time for each tree: one parent with 1,000 children. Making it does not count.
func cancelTree(root context.Context, n int, m *meter) int {
	m.pause()
	children := make([]context.Context, 1000)
	cancels := make([]context.CancelFunc, 1000)
	for i := 0; i < n; i++ {
		parent, cancel := context.WithCancel(root)
		for k := range children {
			children[k], cancels[k] = context.WithCancel(parent)
		}
		m.resume()
		cancel()
		m.pause()
		must(children[999].Err() != nil)
		for k := range cancels {
			cancels[k]()
		}
	}
	m.resume()
	return n
}
