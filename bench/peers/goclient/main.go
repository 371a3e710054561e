// SPDX-License-Identifier: Apache-2.0

// Goclient is net/http's client and its ReverseProxy as their users write them. With -port it asks again and again and says
// what that cost; with -proxy it is a server before another one. Nothing newer than Go 1.19.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func cpu() int64 {
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return use.Utime.Nano()/1000 + use.Stime.Nano()/1000
}

func ask(target string, http2 bool, connections int, seconds float64) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, ForceAttemptHTTP2: http2,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	var requests, failed int64
	var over int32
	var all sync.WaitGroup
	for i := 0; i < connections; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for atomic.LoadInt32(&over) == 0 {
				response, err := client.Get(target)
				if err != nil {
					atomic.AddInt64(&failed, 1)
					return
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				atomic.AddInt64(&requests, 1)
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	before, used := atomic.LoadInt64(&requests), cpu()
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	counted, spent := atomic.LoadInt64(&requests)-before, cpu()-used
	atomic.StoreInt32(&over, 1)
	all.Wait()
	if failed > 0 || counted == 0 {
		log.Fatal("goclient: requests failed")
	}
	fmt.Printf("requests=%d cpu_us=%d\n", counted, spent)
}

func main() {
	port := flag.Int("port", 0, "")
	path := flag.String("path", "/1k", "")
	connections := flag.Int("connections", 32, "")
	seconds := flag.Float64("seconds", 0.5, "")
	http2 := flag.String("http2", "", "")
	proxy := flag.String("proxy", "", "")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	if *proxy == "" {
		scheme := "http"
		if *http2 != "" {
			scheme = "https"
		}
		ask(fmt.Sprintf("%s://127.0.0.1:%d%s", scheme, *port, *path), *http2 != "", *connections, *seconds)
		return
	}
	target, err := url.Parse(*proxy)
	if err != nil {
		log.Fatal(err)
	}
	handler := httputil.NewSingleHostReverseProxy(target)
	handler.Transport = &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stdout, "listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, handler))
}
