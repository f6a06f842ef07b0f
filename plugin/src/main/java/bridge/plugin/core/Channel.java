package bridge.plugin.core;

import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.neo4j.procedure.TerminationGuard;

/** The one connection to the bridge server, shared by all calls; made at the first of them. */
final class Channel implements AutoCloseable {
    private static final int WINDOW_BYTES = 8 << 20;
    private static final long POLL_MILLIS = 100;

    private final Settings settings;
    private final ManagedChannel channel;

    Channel(Settings settings) {
        this.settings = settings;
        this.channel = OkHttpChannelBuilder.forAddress(settings.host(), settings.port(), credentials(settings))
                .maxInboundMessageSize(settings.maxMessageBytes())
                .flowControlWindow(WINDOW_BYTES)
                // grpc-java sends a call again when the server dies before its first answer: a training would run
                // twice.
                .disableRetry()
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .build();
    }

    /**
     * Connect, whatever gRPC's back-off says: a server that was started a moment ago is found at once, and a failure
     * that the call then meets is one of this attempt.
     *
     * @throws BridgeException the server cannot be reached within the time allowed
     */
    ManagedChannel connected(TerminationGuard guard) {
        // What fails next was begun for this call only where nothing had been begun before.
        boolean ours = channel.getState(true) == ConnectivityState.IDLE;
        long end = System.nanoTime() + settings.connectTimeout().toNanos();
        while (true) {
            ConnectivityState state = channel.getState(true);
            if (state == ConnectivityState.READY) {
                return channel;
            }
            if (state == ConnectivityState.TRANSIENT_FAILURE) {
                if (ours) {
                    return channel; // the call itself fails at once, and knows why
                }
                // gRPC stays in this state while it tries again, with the old failure at hand; idle, it has forgotten
                // it. Another thread may have to do that for this one, which takes a moment.
                channel.enterIdle();
                ours = true;
            }
            if (System.nanoTime() > end) {
                throw BridgeException.unreachable(
                        settings.address(),
                        "no connection within " + settings.connectTimeout().toSeconds() + " s");
            }
            awaitChangeFrom(state);
            guard.check();
        }
    }

    private void awaitChangeFrom(ConnectivityState state) {
        var changed = new CountDownLatch(1);
        channel.notifyWhenStateChanged(state, changed::countDown);
        try {
            changed.await(POLL_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw BridgeException.failed("The call was interrupted while it waited for the bridge server.");
        }
    }

    private static ChannelCredentials credentials(Settings settings) {
        if (!settings.tls()) {
            return InsecureChannelCredentials.create();
        }
        var tls = TlsChannelCredentials.newBuilder();
        if (settings.tlsCaFile().isPresent()) {
            try {
                tls.trustManager(settings.tlsCaFile().get().toFile());
            } catch (IOException unreadable) {
                throw BridgeException.configuration(
                        "`tls_ca_file` cannot be read: " + settings.tlsCaFile().get());
            }
        }
        return tls.build();
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
