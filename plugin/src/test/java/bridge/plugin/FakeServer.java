package bridge.plugin;

import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.ProcedureServiceGrpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A bridge server that plays one script for each call, on a port of its own. */
public final class FakeServer implements AutoCloseable {
    /** What the server does in a call; an exception with a gRPC status ends the call with it. */
    public interface Script {
        void play(Talk talk) throws Exception;
    }

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final Server server;
    public volatile Script script = talk -> {};
    public final List<Talk> talks = new CopyOnWriteArrayList<>();
    public volatile String authorization;

    public FakeServer() {
        this(0);
    }

    public FakeServer(int port) {
        try {
            server = OkHttpServerBuilder.forPort(port, InsecureServerCredentials.create())
                    .addService(new Service())
                    .intercept(new ServerInterceptor() {
                        @Override
                        public <Q, A> ServerCall.Listener<Q> interceptCall(
                                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                            authorization = headers.get(AUTHORIZATION);
                            return next.startCall(call, headers);
                        }
                    })
                    .build()
                    .start();
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    public int port() {
        return server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** One call, from the server's side. */
    public static final class Talk {
        private final ServerCallStreamObserver<CallResponse> responses;
        private final BlockingQueue<CallRequest> requests = new LinkedBlockingQueue<>();
        public final CountDownLatch cancelled = new CountDownLatch(1);

        private Talk(ServerCallStreamObserver<CallResponse> responses) {
            this.responses = responses;
            responses.setOnCancelHandler(cancelled::countDown);
        }

        /** The plugin's next message. */
        public CallRequest take() throws InterruptedException {
            CallRequest message = requests.poll(60, TimeUnit.SECONDS);
            if (message == null) {
                throw new AssertionError("the plugin said nothing for 60 s");
            }
            return message;
        }

        public void send(CallResponse message) {
            responses.onNext(message);
        }

        public boolean hasRoom() {
            return responses.isReady();
        }
    }

    private final class Service extends ProcedureServiceGrpc.ProcedureServiceImplBase {
        @Override
        public StreamObserver<CallRequest> call(StreamObserver<CallResponse> responses) {
            var talk = new Talk((ServerCallStreamObserver<CallResponse>) responses);
            talks.add(talk);
            Script playing = script;
            var thread = new Thread(() -> {
                try {
                    playing.play(talk);
                    responses.onCompleted();
                } catch (Throwable failure) {
                    if (talk.cancelled.getCount() > 0) {
                        responses.onError(Status.fromThrowable(failure).asRuntimeException());
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
            return new StreamObserver<>() {
                @Override
                public void onNext(CallRequest message) {
                    talk.requests.add(message);
                }

                @Override
                public void onError(Throwable cancelled) {
                    talk.cancelled.countDown();
                }

                @Override
                public void onCompleted() {}
            };
        }
    }
}
