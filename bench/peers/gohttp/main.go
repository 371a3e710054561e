// SPDX-License-Identifier: Apache-2.0

// Gohttp is net/http as its users write it: a ServeMux, a hello and a handler that sleeps under its request's context.
// It stands without a go.mod, whose version would bind a newer toolchain to older behaviour, and uses nothing newer than
// Go 1.19, the oldest that our distributions carry.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func hello(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Hello, World!")
}

func sleep(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/sleep/"))
	if err != nil {
		http.Error(w, "bad number of milliseconds", http.StatusBadRequest)
		return
	}
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
		io.WriteString(w, "slept\n")
	case <-r.Context().Done():
	}
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "`HOST:PORT` to listen on")
	procs := flag.Int("procs", 0, "threads that run Go code (0: what the runtime chooses, or GOMAXPROCS)")
	flag.Parse()
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", hello)
	mux.HandleFunc("/sleep/", sleep)
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
