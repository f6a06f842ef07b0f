package bridge.plugin.core;

import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.ProcedureServiceGrpc;
import bridge.plugin.v1.Start;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayDeque;
import org.neo4j.procedure.TerminationGuard;

/**
 * One call to the server, used by the transaction's own thread alone. Messages are taken and sent one at a time, so
 * that both sides wait for each other; a killed transaction, a closed result and a silent server end it.
 */
public final class Call implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final int MESSAGES_AHEAD = 2;
    private static final long POLL_MILLIS = 100;

    private final TerminationGuard guard;
    private final Settings settings;
    private final Duration patience;
    private final ClientCall<CallRequest, CallResponse> call;
    private final Inbox inbox = new Inbox();
    private boolean over;

    /**
     * Start a call.
     *
     * @throws BridgeException the server cannot be reached
     */
    Call(Server server, TerminationGuard guard, Start start) {
        this(server, guard, start, server.settings().heartbeatTimeout());
    }

    /** Start a call that hears from the server at least every {@code patience}. */
    Call(Server server, TerminationGuard guard, Start start, Duration patience) {
        this.guard = guard;
        this.settings = server.settings();
        this.patience = patience;
        this.call = server.connected(guard).newCall(ProcedureServiceGrpc.getCallMethod(), CallOptions.DEFAULT);
        var headers = new Metadata();
        if (!settings.token().isEmpty()) {
            headers.put(AUTHORIZATION, "Bearer " + settings.token());
        }
        call.start(inbox, headers);
        call.request(MESSAGES_AHEAD);
        call.sendMessage(CallRequest.newBuilder().setStart(start).build());
    }

    /** Send an answer; waits while the server has no room for it. */
    public void send(CallRequest message) {
        check();
        synchronized (inbox) {
            long since = System.nanoTime();
            while (!call.isReady() && inbox.end == null) {
                await(since);
            }
            if (inbox.end != null) {
                if (inbox.end.isOk()) {
                    return; // the server has all it wants; next() will say so
                }
                throw ended();
            }
        }
        call.sendMessage(message);
    }

    /** Wait for the server's next message; null when the call is over. */
    public CallResponse next() {
        synchronized (inbox) {
            long since = System.nanoTime();
            while (inbox.messages.isEmpty() && inbox.end == null) {
                await(since);
            }
            check();
            CallResponse message = inbox.messages.poll();
            if (message != null) {
                call.request(1);
                return message;
            }
            over = true;
            if (inbox.end.isOk()) {
                return null;
            }
            throw ended();
        }
    }

    /** End the call if it is not over: the server stops all its work. May be called again, from any thread. */
    @Override
    public void close() {
        cancel("the caller wants no more");
    }

    /** Say whether the transaction still wants this; long work between messages asks it now and then. */
    public void check() {
        try {
            guard.check();
        } catch (RuntimeException terminated) {
            cancel("the transaction was terminated");
            throw terminated;
        }
    }

    private void await(long since) {
        try {
            inbox.wait(POLL_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            cancel("the transaction's thread was interrupted");
            throw BridgeException.failed("The call was interrupted.");
        }
        check();
        long heard = Math.max(since, inbox.heardNanos);
        if (inbox.end == null && inbox.messages.isEmpty() && System.nanoTime() - heard > patience.toNanos()) {
            cancel("the server said nothing");
            throw BridgeException.silent(settings.address(), patience.toSeconds());
        }
    }

    private RuntimeException ended() {
        return BridgeException.of(inbox.end, inbox.trailers, settings.address(), inbox.connected);
    }

    private void cancel(String why) {
        synchronized (inbox) {
            if (over) {
                return;
            }
            over = true;
        }
        call.cancel(why, null);
    }

    /** What gRPC's threads bring; everything is guarded by its own monitor. */
    private static final class Inbox extends ClientCall.Listener<CallResponse> {
        private final ArrayDeque<CallResponse> messages = new ArrayDeque<>();
        private long heardNanos = System.nanoTime();
        private boolean connected;
        private Status end;
        private Metadata trailers;

        @Override
        public synchronized void onReady() {
            connected = true;
            heard();
        }

        @Override
        public synchronized void onHeaders(Metadata headers) {
            connected = true;
            heard();
        }

        @Override
        public synchronized void onMessage(CallResponse message) {
            messages.add(message);
            heard();
        }

        @Override
        public synchronized void onClose(Status status, Metadata metadata) {
            end = status;
            trailers = metadata;
            heard();
        }

        private void heard() {
            heardNanos = System.nanoTime();
            notifyAll();
        }
    }
}
