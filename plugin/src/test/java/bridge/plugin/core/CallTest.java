package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.FakeServer;
import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Caller;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Progress;
import bridge.plugin.v1.Start;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.neo4j.kernel.api.exceptions.Status.Procedure;
import org.neo4j.kernel.api.exceptions.Status.Statement;
import org.neo4j.procedure.TerminationGuard;

class CallTest {
    private static final CallResponse BEAT =
            CallResponse.newBuilder().setProgress(Progress.newBuilder()).build();
    private static final TerminationGuard NEVER = () -> {};

    private final FakeServer fake = new FakeServer();
    private final Server server = server(fake.port());

    @AfterEach
    void closeBoth() {
        server.close();
        fake.close();
    }

    private static Server server(int port) {
        var settings = new Settings(
                "127.0.0.1",
                port,
                "secret",
                Duration.ofSeconds(5),
                Duration.ofSeconds(2),
                64 << 20,
                false,
                Optional.empty());
        return new Server(() -> settings, Caller.getDefaultInstance(), new Failures((line, cause) -> {}));
    }

    private Call call(TerminationGuard guard) {
        return new Call(
                server, guard, Start.newBuilder().setProcedure("bridge.x").build());
    }

    private void awaitRefusal() {
        String said;
        do {
            said = assertThrows(BridgeException.class, () -> call(NEVER).next()).getMessage();
        } while (!said.contains("Connection refused"));
    }

    private void awaitTalk() throws InterruptedException {
        while (fake.talks.isEmpty()) {
            Thread.sleep(5);
        }
    }

    private static CallRequest megabyte() {
        var column = Column.newBuilder().setData(ByteString.copyFrom(new byte[1 << 20]));
        return CallRequest.newBuilder()
                .setChunk(Chunk.newBuilder().addColumns(column))
                .build();
    }

    @Test
    void messagesComeInOrderAndTheEndIsNull() throws Exception {
        fake.script = talk -> {
            talk.take();
            for (int step = 0; step < 50; step++) {
                talk.send(CallResponse.newBuilder()
                        .setProgress(Progress.newBuilder().setStep(step))
                        .build());
            }
        };
        try (Call call = call(NEVER)) {
            for (int step = 0; step < 50; step++) {
                assertEquals(step, call.next().getProgress().getStep());
            }
            assertNull(call.next());
        }
        assertEquals("Bearer secret", fake.authorization);
    }

    @Test
    void theServersTextAndCodeReachTheUserUnchanged() {
        fake.script = talk -> {
            throw Status.NOT_FOUND
                    .withDescription("Model with name `x` does not exist.")
                    .asException();
        };
        try (Call call = call(NEVER)) {
            var error = assertThrows(BridgeException.class, call::next);
            assertEquals("Model with name `x` does not exist.", error.getMessage());
            assertEquals(Statement.EntityNotFound, error.status());
        }
    }

    @Test
    void aKilledTransactionCancelsTheCallAtTheServer() throws Exception {
        var killed = new AtomicBoolean();
        fake.script = talk -> talk.cancelled.await(60, TimeUnit.SECONDS);
        Call call = call(() -> {
            if (killed.get()) {
                throw new IllegalStateException("terminated");
            }
        });
        awaitTalk();
        killed.set(true);
        assertThrows(IllegalStateException.class, call::next);
        assertTrue(fake.talks.get(0).cancelled.await(60, TimeUnit.SECONDS));
    }

    @Test
    void closingCancelsTheCallAtTheServer() throws Exception {
        fake.script = talk -> {
            talk.send(BEAT);
            talk.cancelled.await(60, TimeUnit.SECONDS);
        };
        Call call = call(NEVER);
        call.next();
        call.close();
        assertTrue(fake.talks.get(0).cancelled.await(60, TimeUnit.SECONDS));
    }

    @Test
    void theServerIsHeldBackByAUserWhoDoesNotRead() throws Exception {
        var sent = new AtomicInteger();
        var big = CallResponse.newBuilder().setRows(megabyte().getChunk()).build();
        fake.script = talk -> {
            while (sent.get() < 100) {
                if (talk.hasRoom()) {
                    talk.send(big);
                    sent.incrementAndGet();
                } else {
                    Thread.sleep(5);
                }
            }
        };
        try (Call call = call(NEVER)) {
            call.next();
            Thread.sleep(500);
            assertTrue(sent.get() < 40, "sent " + sent.get() + " MiB to nobody");
            int read = 1;
            while (call.next() != null) {
                read++;
            }
            assertEquals(100, read);
        }
    }

    @Test
    void aServerThatDiesBeforeItsFirstAnswerGetsTheCallOnlyOnce() throws Exception {
        int port;
        fake.script = talk -> talk.cancelled.await(60, TimeUnit.SECONDS);
        Call call = call(NEVER);
        awaitTalk();
        port = fake.port();
        fake.close();
        try (FakeServer successor = new FakeServer(port)) {
            var error = assertThrows(BridgeException.class, call::next);
            assertTrue(error.getMessage().contains("ended during the call"), error.getMessage());
            assertTrue(error.getMessage().contains("nothing was sent again"), error.getMessage());
            assertFalse(error.getMessage().contains("IOException"), error.getMessage());
            Thread.sleep(300);
            assertEquals(0, successor.talks.size());
        }
    }

    @Test
    void aServerThatCameBackIsFoundAtTheNextCall() throws Exception {
        int port = fake.port();
        fake.close();
        for (int tries = 0; tries < 4; tries++) {
            awaitRefusal(); // lets gRPC's back-off grow
        }
        try (FakeServer successor = new FakeServer(port)) {
            successor.script = talk -> talk.send(BEAT);
            assertTrue(call(NEVER).next().hasProgress());
        }
    }

    @Test
    void aFailureOfBeforeIsNeverGivenForAnAnswer() throws Exception {
        int port = fake.port();
        fake.close();
        for (int restarts = 0; restarts < 20; restarts++) {
            awaitRefusal(); // a call may still meet the old connection's last moment
            try (FakeServer successor = new FakeServer(port)) {
                successor.script = talk -> talk.send(BEAT);
                assertTrue(call(NEVER).next().hasProgress());
            }
        }
    }

    @Test
    void anUnreachableServerIsSaidToBeSo() throws Exception {
        int free;
        try (var socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        try (Server none = server(free)) {
            var start = Start.getDefaultInstance();
            var error = assertThrows(BridgeException.class, () -> new Call(none, NEVER, start).next());
            assertEquals(
                    "The bridge server at 127.0.0.1:" + free
                            + " is not reachable (Connection refused). Start it with `bridge serve`, or set `address` in conf/bridge.conf.",
                    error.getMessage());
            assertEquals(Procedure.ProcedureCallFailed, error.status());
        }
    }

    @Test
    void aSilentServerIsGivenUp() throws Exception {
        fake.script = talk -> talk.cancelled.await(60, TimeUnit.SECONDS);
        var error = assertThrows(BridgeException.class, () -> call(NEVER).next());
        assertTrue(error.getMessage().contains("said nothing for 2 s"), error.getMessage());
        assertTrue(fake.talks.get(0).cancelled.await(60, TimeUnit.SECONDS));
    }

    @Test
    void heartbeatsKeepACallAlive() {
        fake.script = talk -> {
            for (int beat = 0; beat < 6; beat++) {
                Thread.sleep(500);
                talk.send(BEAT);
            }
        };
        try (Call call = call(NEVER)) {
            int beats = 0;
            while (call.next() != null) {
                beats++;
            }
            assertEquals(6, beats);
        }
    }

    @Test
    void answersArriveWhole() throws Exception {
        var received = new AtomicInteger();
        fake.script = talk -> {
            talk.take();
            for (int chunk = 0; chunk < 30; chunk++) {
                received.addAndGet(
                        talk.take().getChunk().getColumns(0).getData().size());
            }
        };
        try (Call call = call(NEVER)) {
            for (int chunk = 0; chunk < 30; chunk++) {
                call.send(megabyte());
            }
            assertNull(call.next());
        }
        assertEquals(30 << 20, received.get());
        assertFalse(fake.talks.isEmpty());
    }
}
