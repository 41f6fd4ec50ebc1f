// SPDX-License-Identifier: MIT

// The benchmark's events on a Socket.IO server in Go: "echo" acknowledges with
// its arguments if the client asked for it, and otherwise sends the same event
// back; "broadcast" goes to everyone in the namespace.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"strconv"

	"github.com/zishang520/socket.io/servers/socket/v3"
)

func joined(io *socket.Server) func(...any) {
	return func(clients ...any) {
		client := clients[0].(*socket.Socket)
		client.On("echo", func(args ...any) {
			if len(args) > 0 {
				if ack, ok := args[len(args)-1].(socket.Ack); ok {
					ack(args[:len(args)-1], nil)
					return
				}
			}
			client.Emit("echo", args...)
		})
		client.On("broadcast", func(args ...any) {
			io.Emit("broadcast", args...)
		})
	}
}

func main() {
	port := flag.Int("port", 0, "where it listens on 127.0.0.1")
	flag.Parse()
	io := socket.NewServer(nil, nil)
	io.On("connection", joined(io))
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", io.ServeHandler(nil))
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(*port))
	log.Fatal(http.ListenAndServe(address, mux))
}
