// SPDX-License-Identifier: Apache-2.0

// Gomicro measures Go's goroutines, channels, locks and contexts, for comparison with bench/micro: same names, same
// shapes, same output. Like gohttp it stands without a go.mod and uses nothing newer than Go 1.19.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"syscall"
	"time"
	"unsafe"
)

// A meter runs while an operation's body does; pause and resume leave out what belongs to the preparation.
type meter struct {
	cpu, wall           int64
	cpuStart, wallStart int64
}

var start = time.Now()

func wallNow() int64 { return int64(time.Since(start)) }

// CPU time of the whole process, in nanoseconds.
func cpuNow() int64 {
	const processCPUTime = 2 // CLOCK_PROCESS_CPUTIME_ID
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, processCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}

func (m *meter) resume() {
	m.wallStart = wallNow()
	m.cpuStart = cpuNow()
}

func (m *meter) pause() {
	m.cpu += cpuNow() - m.cpuStart
	m.wall += wallNow() - m.wallStart
}

// An operation's body does it about n times and returns how often it did; ctx is live and can be canceled.
type operation struct {
	name  string
	procs int // GOMAXPROCS; with one, CPU time is reported, with more the time on the wall
	body  func(ctx context.Context, n int, m *meter) int
}

type slice struct {
	done      int
	cpu, wall int64
}

func runSlice(op *operation, n int) slice {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	op.body(ctx, n/20+1, &meter{})
	var m meter
	m.resume()
	done := op.body(ctx, n, &m)
	m.pause()
	return slice{done, m.cpu, m.wall}
}

// The clock that counts. Where one core does everything, CPU time leaves out what others do on that core meanwhile.
func (op *operation) counted(s slice) int64 {
	if op.procs == 1 {
		return s.cpu
	}
	return s.wall
}

// How many make up a slice of this length. The quicker of two runs counts: the machine may do something else during one.
func calibrate(op *operation, sliceNs int64) int {
	for n := 16; ; {
		s := runSlice(op, n)
		ns := op.counted(s)
		if again := op.counted(runSlice(op, n)); again < ns {
			ns = again
		}
		if ns*2 > sliceNs {
			return int(float64(s.done)*float64(sliceNs)/float64(ns)) + 1
		}
		if ns*16 < sliceNs {
			n *= 8
		} else {
			n *= 2
		}
	}
}

type program struct {
	sliceNs    int64
	iterations map[string]int
}

// Prints "name ns cpu_ns wall_ns", all for doing it once; ns is the one of the two that counts.
func (p *program) measure(name string) bool {
	for i := range operations {
		op := &operations[i]
		if op.name != name {
			continue
		}
		if runtime.GOMAXPROCS(0) != op.procs {
			runtime.GOMAXPROCS(op.procs)
		}
		if p.iterations[name] == 0 {
			p.iterations[name] = calibrate(op, p.sliceNs)
		}
		s := runSlice(op, p.iterations[name])
		each := func(ns int64) float64 { return float64(ns) / float64(s.done) }
		fmt.Printf("%s %.2f %.2f %.2f\n", name, each(op.counted(s)), each(s.cpu), each(s.wall))
		return true
	}
	fmt.Fprintf(os.Stderr, "gomicro: no operation '%s'\n", name)
	return false
}

func main() {
	sliceMs := flag.Int64("slice-ms", 20, "`milliseconds` that a slice takes")
	only := flag.String("only", "", "measure only the operation `NAME`")
	list := flag.Bool("list", false, `print "name procs" for each operation`)
	serve := flag.Bool("serve", false, "measure one slice for each name that comes on stdin")
	flag.Parse()
	sort.Slice(operations, func(i, k int) bool { return operations[i].name < operations[k].name })
	p := program{*sliceMs * 1e6, map[string]int{}}
	switch {
	case *list:
		for _, op := range operations {
			fmt.Println(op.name, op.procs)
		}
	case *serve:
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			if !p.measure(in.Text()) {
				os.Exit(2)
			}
		}
	case *only != "":
		if !p.measure(*only) {
			os.Exit(2)
		}
	default:
		for _, op := range operations {
			p.measure(op.name)
		}
	}
}
