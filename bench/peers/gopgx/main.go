// SPDX-License-Identifier: Apache-2.0

// One-row queries by key through pgx's pool: what bench/servers/postgres.cc does, and with the same output.
//
//	gopgx CONNINFO WORKERS POOL SECONDS
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const rows = 10000

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gopgx:", err)
		os.Exit(1)
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	workers, err := strconv.Atoi(os.Args[2])
	fail(err)
	size, err := strconv.Atoi(os.Args[3])
	fail(err)
	seconds, err := strconv.ParseFloat(os.Args[4], 64)
	fail(err)
	config, err := pgxpool.ParseConfig(os.Args[1])
	fail(err)
	config.MaxConns = int32(size)
	config.MinConns = int32(size)
	ctx := context.Background()
	pool, err := pgxpool.NewWithConfig(ctx, config)
	fail(err)
	defer pool.Close()

	var measuring, stopping atomic.Bool
	var done sync.WaitGroup
	latencies := make([][]time.Duration, workers)
	for worker := 0; worker < workers; worker++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for key := worker; !stopping.Load(); key = (key*7919 + 1) % rows {
				begin := time.Now()
				var name string
				fail(pool.QueryRow(ctx, "select name from items where id = $1", key).Scan(&name))
				if name != "item "+strconv.Itoa(key) {
					fail(fmt.Errorf("key %d gave %q", key, name))
				}
				if measuring.Load() {
					latencies[worker] = append(latencies[worker], time.Since(begin))
				}
			}
		}()
	}
	time.Sleep(300 * time.Millisecond)
	used, begin := cpu(), time.Now()
	measuring.Store(true)
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	measuring.Store(false)
	used, took := cpu()-used, time.Since(begin)
	stopping.Store(true)
	done.Wait()
	var all []time.Duration
	for _, some := range latencies {
		all = append(all, some...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	n := float64(len(all))
	fmt.Printf("%.0f %.2f %.0f %.0f %.0f\n", n, float64(used.Microseconds())/n, n/took.Seconds(),
		float64(all[len(all)/2].Microseconds()), float64(all[len(all)*99/100].Microseconds()))
}
