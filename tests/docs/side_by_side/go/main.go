package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/zishang520/socket.io/servers/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

func check(client *socket.Socket, next func(*socket.ExtendedError)) {
	auth := client.Handshake().Auth
	if auth["token"] != "open sesame" {
		next(socket.NewExtendedError("who are you?", nil))
		return
	}
	client.SetData(auth["name"])
	next(nil)
}

// The acknowledgement is the last argument.
func ackOf(args []any) socket.Ack {
	ack, _ := args[len(args)-1].(socket.Ack)
	return ack
}

func joined(io *socket.Server, client *socket.Socket) {
	name := client.Data()
	client.Emit("welcome", map[string]any{"name": name})

	client.On("enter", func(args ...any) {
		room := socket.Room(args[0].(string))
		client.Join(room)
		client.To(room).Emit("entered", map[string]any{"name": name})
		ackOf(args)([]any{"ok"}, nil)
	})
	client.On("leave", func(args ...any) {
		client.Leave(socket.Room(args[0].(string)))
		ackOf(args)([]any{"ok"}, nil)
	})
	client.On("say", func(args ...any) {
		io.To(socket.Room(args[0].(string))).Emit("said",
			map[string]any{"name": name, "text": args[1]})
		ackOf(args)([]any{"ok"}, nil)
	})
	client.On("shout", func(args ...any) {
		client.Broadcast().Emit("shouted", args[0])
	})
	client.On("picture", func(args ...any) {
		data := args[0].(types.BufferInterface).Bytes()
		ackOf(args)([]any{map[string]any{"size": len(data),
			"data": types.NewBytesBuffer(data)}}, nil)
	})
	client.On("ask me", func(...any) {
		client.Timeout(5*time.Second).EmitWithAck("question", "tea or coffee?")(
			func(answer []any, err error) {
				if err == nil && len(answer) > 0 {
					client.Emit("thanks", answer[0])
				}
			})
	})
	client.On("disconnect", func(...any) {
		client.Broadcast().Emit("gone", map[string]any{"name": name})
	})
}

func main() {
	io := socket.NewServer(nil, nil)
	io.Use(check)
	io.On("connection", func(clients ...any) {
		joined(io, clients[0].(*socket.Socket))
	})
	clock := io.Of("/clock", nil)
	go func() {
		for n := 1; ; n++ {
			clock.Emit("tick", n)
			time.Sleep(500 * time.Millisecond)
		}
	}()
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", io.ServeHandler(nil))
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"ok":true}`)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}
