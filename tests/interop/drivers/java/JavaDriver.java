// SPDX-License-Identifier: MIT
import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Manager;
import io.socket.client.Socket;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** The official client for Java, steered by lines of JSON (../../README.md). */
public final class JavaDriver {
  private static final PrintStream OUT =
      new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static final OkHttpClient HTTP = http();
  private static final Map<Integer, Socket> sockets = new HashMap<>();

  private JavaDriver() {}

  private static synchronized void say(String is, int id, Object... more)
      throws JSONException {
    JSONObject report = new JSONObject().put("is", is).put("id", id);
    for (int i = 0; i < more.length; i += 2) {
      report.put((String) more[i], more[i + 1]);
    }
    OUT.println(report);
  }

  private static Object pack(Object value) throws JSONException {
    if (value instanceof byte[]) {
      return new JSONObject().put(
          "$bytes", Base64.getEncoder().encodeToString((byte[]) value));
    }
    if (value instanceof JSONArray) {
      JSONArray from = (JSONArray) value;
      JSONArray to = new JSONArray();
      for (int i = 0; i < from.length(); i++) {
        to.put(pack(from.get(i)));
      }
      return to;
    }
    if (value instanceof JSONObject) {
      JSONObject from = (JSONObject) value;
      JSONObject to = new JSONObject();
      for (Iterator<?> it = from.keys(); it.hasNext(); ) {
        String key = (String) it.next();
        to.put(key, pack(from.get(key)));
      }
      return to;
    }
    return value == null ? JSONObject.NULL : value;
  }

  private static JSONArray packAll(Object[] values) throws JSONException {
    JSONArray to = new JSONArray();
    for (Object value : values) {
      to.put(pack(value));
    }
    return to;
  }

  private static Object unpack(Object value) throws JSONException {
    if (value instanceof JSONArray) {
      return new JSONArray(java.util.Arrays.asList(
          unpackAll((JSONArray) value)));
    }
    if (value instanceof JSONObject) {
      JSONObject from = (JSONObject) value;
      if (from.has("$bytes")) {
        return Base64.getDecoder().decode(from.getString("$bytes"));
      }
      JSONObject to = new JSONObject();
      for (Iterator<?> it = from.keys(); it.hasNext(); ) {
        String key = (String) it.next();
        to.put(key, unpack(from.get(key)));
      }
      return to;
    }
    return value;
  }

  private static Object[] unpackAll(JSONArray values) throws JSONException {
    Object[] to = new Object[values.length()];
    for (int i = 0; i < to.length; i++) {
      to[i] = unpack(values.get(i));
    }
    return to;
  }

  private interface Report {
    void tell(Object[] args) throws JSONException;
  }

  private static void on(Socket socket, String event, Report report) {
    socket.on(event, args -> {
      try {
        report.tell(args);
      } catch (JSONException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  private static void refused(int id, Object error) throws JSONException {
    if (!(error instanceof JSONObject)) {
      say("refused", id, "message", String.valueOf(error));
      return;
    }
    JSONObject object = (JSONObject) error;
    if (object.has("data")) {
      say("refused", id, "message", object.getString("message"), "data",
          object.get("data"));
    } else {
      say("refused", id, "message", object.getString("message"));
    }
  }

  private static IO.Options options(JSONObject command) throws JSONException {
    IO.Options opts = new IO.Options();
    JSONArray transports = command.getJSONArray("transports");
    opts.transports = new String[transports.length()];
    for (int i = 0; i < opts.transports.length; i++) {
      opts.transports[i] = transports.getString(i);
    }
    opts.callFactory = HTTP;
    opts.webSocketFactory = HTTP;
    opts.forceNew = true;
    opts.reconnection = command.getBoolean("reconnect");
    opts.reconnectionDelay = 100;
    opts.reconnectionDelayMax = 300;
    return opts;
  }

  /** Every socket polls over the same client: as many as they are. */
  private static OkHttpClient http() {
    Dispatcher dispatcher = new Dispatcher();
    dispatcher.setMaxRequests(500);
    dispatcher.setMaxRequestsPerHost(500);
    return new OkHttpClient.Builder().dispatcher(dispatcher)
        .readTimeout(1, TimeUnit.MINUTES).build();
  }

  /** Its auth is of text alone. */
  private static void setAuth(Manager.Options opts, JSONObject command)
      throws JSONException {
    JSONObject auth = command.optJSONObject("auth");
    if (auth == null) {
      return;
    }
    opts.auth = new HashMap<>();
    for (Iterator<?> it = auth.keys(); it.hasNext(); ) {
      String key = (String) it.next();
      opts.auth.put(key, auth.getString(key));
    }
  }

  private static void open(JSONObject command) throws Exception {
    int id = command.getInt("id");
    String nsp = command.getString("nsp");
    IO.Options opts = options(command);
    setAuth(opts, command);
    Socket socket = command.has("with")
        ? sockets.get(command.getInt("with")).io().socket(nsp, opts)
        : IO.socket(URI.create(command.getString("url") + nsp), opts);
    sockets.put(id, socket);
    on(socket, Socket.EVENT_CONNECT, args -> say("connect", id));
    on(socket, Socket.EVENT_DISCONNECT, args -> say("disconnect", id));
    on(socket, Socket.EVENT_CONNECT_ERROR, args -> refused(id, args[0]));
    JSONArray events = command.getJSONArray("events");
    for (int i = 0; i < events.length(); i++) {
      String event = events.getString(i);
      on(socket, event, args ->
          say("event", id, "event", event, "args", packAll(args)));
    }
    JSONObject answers = command.getJSONObject("answers");
    for (Iterator<?> it = answers.keys(); it.hasNext(); ) {
      String event = (String) it.next();
      JSONArray answer = answers.getJSONArray(event);
      on(socket, event, args ->
          ((Ack) args[args.length - 1]).call(unpackAll(answer)));
    }
    socket.connect();
  }

  private static void ask(JSONObject command, Object[] args)
      throws JSONException {
    int id = command.getInt("id");
    int ask = command.getInt("ask");
    sockets.get(id).emit(command.getString("event"), args, answer -> {
      try {
        say("answer", id, "ask", ask, "args", packAll(answer));
      } catch (JSONException e) {
        throw new IllegalStateException(e);
      }
    });
  }

  private static void run(JSONObject command) throws Exception {
    switch (command.getString("do")) {
      case "open":
        open(command);
        break;
      case "emit":
        sockets.get(command.getInt("id")).emit(command.getString("event"),
            unpackAll(command.getJSONArray("args")));
        break;
      case "ask":
        ask(command, unpackAll(command.getJSONArray("args")));
        break;
      case "close":
        sockets.get(command.getInt("id")).disconnect();
        break;
      default:
        throw new IllegalArgumentException(command.toString());
    }
  }

  public static void main(String[] argv) throws Exception {
    OUT.println(new JSONObject().put("is", "hello")
        .put("client", "socket.io-client-java")
        .put("lacks", new JSONArray().put("auth-values")));
    BufferedReader in = new BufferedReader(
        new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      run(new JSONObject(line));
    }
    System.exit(0);
  }
}
