# SPDX-License-Identifier: MIT
"""Faults that were found once, each with the right value: one input, one
figure, one bound. A bound is far above the right value and far below the
wrong one, and is CPU time, memory or a count, never a time on the wall."""
import statistics
import time

from kit import Client, ENGINE, Neighbour, PATIENCE_S, Server, Wrong, expect
from kit import frame, http_head, ignoring_the_end, pour
from states import BODY, PLACEHOLDER, many_packets

MB = 1 << 20
LOG_INFO = 3  # PEAL_LOG_INFO


def grown(server, before):
    expect(server.alive(), "the server has died")
    return (server.memory("VmHWM") - before) // MB


# -- nothing happens -------------------------------------------------------------


def turns_in(server, seconds):
    before = server.figures()["turns"]
    time.sleep(seconds)
    return server.figures()["turns"] - before


def a_waiting_poll_makes_no_turns():
    with Server() as server:
        client = Client(server).polling_namespace()
        client.send(http_head("GET", client.session()))
        turns = turns_in(server, 2)
        print(f"     {turns} turns in 2 s while one client waits")
        expect(turns < 100, f"{turns} turns in 2 s while one client waits")
        client.close()


def a_close_that_is_not_answered_makes_no_turns():
    with Server() as server:
        client = Client(server).websocket()
        client.say("42{bad")
        expect(client.next_frame()[0] == 8, "expected a close frame")
        turns = turns_in(server, 2)
        print(f"     {turns} turns in 2 s while the peer is silent")
        expect(turns < 100, f"{turns} turns in 2 s while the peer is silent")
        client.close()


# -- cheap input ------------------------------------------------------------------


def many_references(event, count, size):
    text = f'451-["{event}",[{",".join([PLACEHOLDER] * count)}]]'
    return frame(text) + frame(b"m" * size, op=2)


def attachment(event, count, size):
    """One attachment that is named `count` times: memory goes with what was
    sent, not with the product."""
    with Server() as server:
        client = Client(server).websocket()
        server.settle()
        before = server.memory()
        server.forget_peak()
        pour(client, many_references(event, count, size))
        server.settle(20)
        peak = grown(server, before)
        sent = (count * len(PLACEHOLDER) + size) / MB
        print(f"     {sent:.1f} MB sent, {peak} MB taken")
        expect(peak < 100, f"{sent:.1f} MB sent took {peak} MB")
        Neighbour(server).echo()
        client.close()


def an_attachment_is_not_copied_for_each_name():
    attachment("relay", BODY // (len(PLACEHOLDER) + 1), 100_000)


def an_attachment_is_not_copied_for_its_sender():
    attachment("echo", 500, 900_000)


def kept_answers_are_not_searched():
    """Acknowledgements that fill a queue of the policy "drop oldest"."""
    body = many_packets('420["echo"]')
    with Server(policy=2) as server:
        client = Client(server).polling_namespace()
        cpu = server.cpu_s()
        for _ in range(4):
            with ignoring_the_end():
                client.socket.settimeout(20)
                client.post(body)
        server.settle(10)
        took = server.cpu_s() - cpu
        print(f"     4 bodies of {len(body) // 1000} KB took {took:.2f} s CPU")
        expect(took < 3, f"4 bodies took {took:.1f} s of CPU")
        client.close()


def conflate_us(server):
    return min(server.ask("/conflate?count=200")["us"] for _ in range(3))


def a_conflated_emit_does_not_search_queues():
    body = many_packets('42["echo"]')
    with Server(policy=1) as server:
        alone = conflate_us(server)
        slow = [Client(server, i).polling_namespace() for i in range(5)]
        for client in slow:
            for _ in range(3):
                client.post(body)
        beside = conflate_us(server)
        print(f"     {alone:.2f} µs alone, {beside:.2f} µs beside 5 slow ones")
        expect(beside < 10 * alone + 30,
               f"{beside:.0f} µs beside five slow clients, {alone:.2f} alone")
        for client in slow:
            client.close()


def one_address_cannot_have_all_the_memory():
    """Pipelined handshakes of one connection, heads as long as may be."""
    count = 16000
    fields = "".join(f"X-{i}: {'y' * 1900}\r\n" for i in range(8))
    request = http_head("GET", f"{ENGINE}polling", fields)
    with Server() as server:
        client = Client(server)
        server.figures()
        before = server.memory()
        server.forget_peak()
        for _ in range(4):
            if pour(client, request * (count // 4)) < len(request):
                break
        figures = server.figures()
        peak = grown(server, before)
        print(f"     {count} handshakes: {figures['clients']} sessions, "
              f"{peak} MB")
        expect(figures["clients"] <= 10000,
               f"{figures['clients']} sessions of one address")
        expect(peak < 128, f"sessions of one address took {peak} MB")
        client.close()


def half_a_message_does_not_stay():
    """All of a message but its end, then a byte a second: it is waited for over
    two windows of 30 s at most, and its memory is given back. One that keeps
    the pace is waited for."""
    count = 40
    part = frame("4" + "x" * 999_000)[:-900]
    with Server(ping=10_000, ping_timeout=PATIENCE_S * 1000) as server:
        steady = Client(server).websocket()
        steady.send(frame('42["echo","' + "x" * 800_000 + '"]')[:1000])
        before = server.figures()["clients"]
        clients = []
        for _ in range(count):
            clients.append(Client(server).websocket())
            clients[-1].send(part)
        began, most = time.monotonic(), 0
        while time.monotonic() - began < 120:
            time.sleep(1)
            steady.send(b"x" * 5000)
            for client in clients:
                with ignoring_the_end():
                    client.send(b"x")
            left = server.figures()["clients"] - before
            most = max(most, left)
            if left == 0:
                break
        print(f"     {most} half messages, {left} of them after "
              f"{time.monotonic() - began:.0f} s")
        expect(most == count, f"{most} of {count} were there at all")
        expect(left == 0, f"{left} half messages are still waited for")
        expect(server.alive(), "the server has died")
        for client in [steady, *clients]:
            client.close()


def auth_does_not_stay_decoded():
    """What a client sends as `auth` is kept as it came, or refused."""
    auth = '{"a":[' + ",".join(["1"] * (BODY // 2 - 20)) + "]}"
    with Server() as server:
        server.figures()
        before = server.memory()
        server.forget_peak()
        clients = [Client(server, i) for i in range(20)]
        for client in clients:
            client.begin_websocket()
            client.opened()
            client.say("40" + auth)
            expect(client.hear()[:2] in ("40", "44"), "no answer to CONNECT")
        kept = (server.memory() - before) // MB
        print(f"     20 x {len(auth) // 1000} KB of auth: {kept} MB")
        expect(kept < 40, f"20 x {len(auth) // 1000} KB of auth keep {kept} MB")
        for client in clients:
            client.close()


def rooms_cost_the_same_however_many():
    with Server() as server:
        client = Client(server).websocket()
        cpu = server.cpu_s()
        client.say('421["rooms",9000]')
        answer = client.hear_until("43")
        took = (server.cpu_s() - cpu) * 1000
        print(f"     9000 rooms joined and left: {took:.1f} ms CPU")
        expect(answer == "431[9000]", f"expected 9000 joins, got {answer}")
        expect(took < 200, f"9000 rooms took {took:.0f} ms")
        client.close()


def a_log_that_nobody_reads_stops_nobody():
    """More refusals than a pipe has room for, each worth a line."""
    with Server(unread=True, log=LOG_INFO) as server:
        neighbour = Neighbour(server)
        neighbour.client.socket.settimeout(20)
        try:
            for number in range(3000):
                client = Client(server, number % 1000)
                client.socket.settimeout(20)
                client.request("GET", ENGINE + "carrier-pigeon")
                client.close()
            neighbour.echo()
        except OSError:
            server.process.kill()
            raise Wrong("a full pipe behind stderr stopped the server") \
                from None


# -- backpressure -------------------------------------------------------------------


def take_slowly(client, seconds, bytes_per_s):
    """Read steadily at a pace, answer pings; returns how many there were."""
    began, taken, pings = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        op, data = client.next_frame()
        taken += len(data)
        expect(op != 8, f"closed after {time.monotonic() - began:.1f} s")
        if data == b"2":
            client.say("3")
            pings += 1
        ahead = taken / bytes_per_s - (time.monotonic() - began)
        if ahead > 0:
            time.sleep(ahead)
    return pings


def a_slow_reader_is_not_deafened():
    """It is offered ten times what it reads, and answers each ping at once."""
    with Server(policy=2, ping=1000, ping_timeout=8000) as server:
        client = Client(server, receive_bytes=8192).websocket()
        client.say('42["stream",40,10000,20]')
        try:
            pings = take_slowly(client, 20, 2_000_000)
        except EOFError as error:
            raise Wrong(f"a steady reader was dropped: {error}") from None
        print(f"     20 s at a tenth of the pace, {pings} pings answered")
        expect(pings > 0, "no ping came through in 20 s")
        client.close()


def a_slow_viewer_sees_what_is_new():
    """Twenty pictures a second, of which the line carries four: each that comes
    is as young as the line allows, not as old as the system's buffers are
    large. The median counts, so a machine that stops now and then is no
    matter."""
    size, bytes_per_s, ages = 50_000, 200_000, []
    with Server() as server:
        client = Client(server, receive_bytes=8192).websocket()
        client.say(f'42["stream",1,{size},50,true]')
        began, taken = time.monotonic(), 0
        while time.monotonic() - began < 15:
            while len(client.buffer) < size + 60:
                client.more(4096)
                taken += 4096
                ahead = taken / bytes_per_s - (time.monotonic() - began)
                if ahead > 0:
                    time.sleep(ahead)
            op, data = client.next_frame()
            expect(op != 8, "closed by the server")
            if op == 1 and data.startswith(b'42["data",'):
                made_ms = int(data[10:data.index(b",", 10)])
                ages.append(time.time() * 1000 - made_ms)
        age = statistics.median(ages[len(ages) // 2:])
        print(f"     {len(ages)} pictures came, the later ones "
              f"{age / 1000:.1f} s old")
        expect(age < 3000, f"pictures were {age / 1000:.1f} s old")
        client.close()


def one_turn_may_be_larger_than_a_queue():
    """A healthy client gets what one handler emits, whatever it is."""
    for size, count in ((9_000_000, 1), (100_000, 100)):
        with Server() as server:
            client = Client(server).websocket()
            client.say(f'42["big",{size},{count}]')
            got = 0
            try:
                while got < count:
                    op, data = client.next_frame()
                    expect(op != 8, "closed by the server")
                    got += op == 2 and len(data) == size
            except (EOFError, Wrong) as error:
                raise Wrong(f"{size} bytes x {count}: {got} came, then: "
                            f"{error}") from None
            client.close()


FAULTS = {
    "idle_poll": a_waiting_poll_makes_no_turns,
    "silent_close": a_close_that_is_not_answered_makes_no_turns,
    "attachment_relayed": an_attachment_is_not_copied_for_each_name,
    "attachment_echoed": an_attachment_is_not_copied_for_its_sender,
    "kept_answers": kept_answers_are_not_searched,
    "conflation": a_conflated_emit_does_not_search_queues,
    "auth": auth_does_not_stay_decoded,
    "rooms": rooms_cost_the_same_however_many,
    "unread_log": a_log_that_nobody_reads_stops_nobody,
    "old_pictures": a_slow_viewer_sees_what_is_new,
    "big_turn": one_turn_may_be_larger_than_a_queue,
    "half_message": half_a_message_does_not_stay,
    "sessions": one_address_cannot_have_all_the_memory,
    "slow_reader": a_slow_reader_is_not_deafened,
}
