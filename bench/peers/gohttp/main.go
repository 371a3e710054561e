// SPDX-License-Identifier: Apache-2.0

// Gohttp is net/http as its users write it: a ServeMux, a hello, handlers that
// sleep under their request's context or compute, echoes of bytes and of JSON, and the files of a folder.
// It stands without a go.mod, whose version would bind a newer toolchain to older behaviour, and uses nothing newer than
// Go 1.19, the oldest that our distributions carry.
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
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

func compute(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
	if err != nil {
		http.Error(w, "bad number of milliseconds", http.StatusBadRequest)
		return
	}
	for end := time.Now().Add(time.Duration(ms) * time.Millisecond); time.Now().Before(end); {
	}
	io.WriteString(w, "computed\n")
}

// Echo answers with the body once it has come whole: net/http reads no more of it after the answer has begun, unless it is told to by
// what Go 1.19 does not have.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "bad body", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

type item struct {
	SKU      string   `json:"sku"`
	Title    string   `json:"title"`
	Quantity int      `json:"quantity"`
	Price    float64  `json:"price"`
	Tags     []string `json:"tags"`
}

type order struct {
	ID       uint64 `json:"id"`
	Customer string `json:"customer"`
	Email    string `json:"email"`
	Paid     bool   `json:"paid"`
	Items    []item `json:"items"`
}

func echoJSON(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(o)
}

func body(size int) http.HandlerFunc {
	bytes := []byte(strings.Repeat("x", size))
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(bytes)))
		w.Write(bytes)
	}
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "`HOST:PORT` to listen on")
	files := flag.String("files", "", "`FOLDER` whose files are handed out at /files/")
	bodies := flag.Bool("bodies", false, "hand out /1k and /1m from memory")
	certificate := flag.String("tls-cert", "", "`FILE` of a certificate: speak TLS")
	key := flag.String("tls-key", "", "`FILE` of its key")
	http2 := flag.Bool("http2", false, "speak HTTP/2 over TLS")
	procs := flag.Int("procs", 0, "threads that run Go code (0: what the runtime chooses, or GOMAXPROCS)")
	flag.Parse()
	if *procs > 0 {
		runtime.GOMAXPROCS(*procs)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", hello)
	mux.HandleFunc("/sleep/", sleep)
	mux.HandleFunc("/compute/", compute)
	mux.HandleFunc("/offload/", compute)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/json", echoJSON)
	if *files != "" {
		mux.HandleFunc("/files/", func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(*files, filepath.Base(r.URL.Path)))
		})
	}
	if *bodies {
		mux.HandleFunc("/1k", body(1024))
		mux.HandleFunc("/1m", body(1024*1024))
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	if *certificate != "" {
		protocols := []string{"http/1.1"}
		if *http2 {
			protocols = []string{"h2"}
		}
		server := &http.Server{Handler: mux, TLSConfig: &tls.Config{NextProtos: protocols}}
		log.Fatal(server.ServeTLS(listener, *certificate, *key))
	}
	log.Fatal(http.Serve(listener, mux))
}
