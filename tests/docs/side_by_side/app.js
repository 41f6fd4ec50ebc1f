const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer((req, res) => {
  if (req.url === '/health') {
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ ok: true }));
  } else {
    res.writeHead(404).end();
  }
});
const io = new Server(server);

io.use((socket, next) => {
  const { token, name } = socket.handshake.auth;
  if (token !== 'open sesame') return next(new Error('who are you?'));
  socket.data.name = name;
  next();
});

io.on('connection', (socket) => {
  const { name } = socket.data;
  socket.emit('welcome', { name });

  socket.on('enter', (room, ack) => {
    socket.join(room);
    socket.to(room).emit('entered', { name });
    ack('ok');
  });

  socket.on('leave', (room, ack) => {
    socket.leave(room);
    ack('ok');
  });

  socket.on('say', (room, text, ack) => {
    io.to(room).emit('said', { name, text });
    ack('ok');
  });

  socket.on('shout', (text) => socket.broadcast.emit('shouted', text));

  socket.on('picture', (data, ack) => ack({ size: data.length, data }));

  socket.on('ask me', async () => {
    try {
      const answer = await socket.timeout(5000)
        .emitWithAck('question', 'tea or coffee?');
      socket.emit('thanks', answer);
    } catch {
      // no answer in time
    }
  });

  socket.on('disconnect', () => socket.broadcast.emit('gone', { name }));
});

let n = 0;
const clock = io.of('/clock');
setInterval(() => clock.emit('tick', ++n), 500);

server.listen(Number(process.env.PORT), '127.0.0.1');
