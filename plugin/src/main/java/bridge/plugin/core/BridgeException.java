package bridge.plugin.core;

import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.protobuf.StatusProto;
import java.util.Set;
import org.neo4j.kernel.api.exceptions.Status;

/**
 * An error as the Cypher user reads it: Neo4j takes its code and its text as they are, without a class name or a
 * prefix, because it has a status.
 */
public final class BridgeException extends RuntimeException implements Status.HasStatus {
    /** What gRPC itself says of a lost connection, and of a server that stops; a server says the same with an ErrorInfo. */
    private static final Set<io.grpc.Status.Code> LOST =
            Set.of(io.grpc.Status.Code.UNAVAILABLE, io.grpc.Status.Code.CANCELLED);

    private final transient Status status;

    public BridgeException(Status status, String message) {
        super(message);
        this.status = status;
    }

    @Override
    public Status status() {
        return status;
    }

    /** An argument that cannot be sent. */
    public static BridgeException argument(String message) {
        return new BridgeException(Status.Statement.ArgumentError, message);
    }

    /** A failure of the call that is nobody's argument. */
    public static BridgeException failed(String message) {
        return new BridgeException(Status.Procedure.ProcedureCallFailed, message);
    }

    /** A fault of the plugin itself; the log has it under the id. */
    static BridgeException unforeseen(String doing, String id) {
        return failed(
                "The bridge plugin failed at `%s` in a way that nobody foresaw. Neo4j's log has the whole under %s."
                        .formatted(doing, id));
    }

    static BridgeException configuration(String message) {
        return failed("The bridge plugin is not configured: " + message);
    }

    static BridgeException unreachable(String address, String why) {
        return failed(
                "The bridge server at %s is not reachable (%s). Start it with `bridge serve`, or set `address` in conf/bridge.conf."
                        .formatted(address, why));
    }

    static BridgeException ended(String address, String why) {
        return failed(
                "The bridge server at %s ended during the call (%s); nothing was sent again. Look into its log, and call again."
                        .formatted(address, why));
    }

    static BridgeException silent(String address, long seconds) {
        return failed(
                "The bridge server at %s said nothing for %d s; the call was given up. If it is only slow, raise `heartbeat_timeout_seconds` in conf/bridge.conf."
                        .formatted(address, seconds));
    }

    /** Say what the end of a call means. The text of a server that answered is passed on as it is. */
    static BridgeException of(io.grpc.Status end, Metadata trailers, String address, boolean connected) {
        String text = end.getDescription() == null ? end.getCode().name() : end.getDescription();
        if (LOST.contains(end.getCode()) && !fromServer(end, trailers)) {
            return connected ? ended(address, cause(end)) : unreachable(address, cause(end));
        }
        return new BridgeException(
                neo4jStatus(end.getCode()),
                switch (end.getCode()) {
                    case UNIMPLEMENTED -> "What answers at %s is no bridge server of this version (%s)."
                            .formatted(address, text);
                    default -> text;
                });
    }

    private static Status neo4jStatus(io.grpc.Status.Code code) {
        return switch (code) {
            case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE, ALREADY_EXISTS -> Status.Statement.ArgumentError;
            case NOT_FOUND -> Status.Statement.EntityNotFound;
            case PERMISSION_DENIED -> Status.Security.Forbidden;
                // Not Security.Unauthorized: the token is the plugin's, and a driver would ask its user to log in anew.
            default -> Status.Procedure.ProcedureCallFailed;
        };
    }

    private static boolean fromServer(io.grpc.Status end, Metadata trailers) {
        var details = trailers == null ? null : StatusProto.fromStatusAndTrailers(end, trailers);
        return details != null && details.getDetailsList().stream().anyMatch(any -> any.is(ErrorInfo.class));
    }

    /** The innermost cause's words, which are the operating system's: `Connection refused`. */
    private static String cause(io.grpc.Status end) {
        Throwable innermost = end.getCause();
        while (innermost != null && innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        String words = innermost == null ? null : innermost.getMessage();
        String text = words == null ? end.getDescription() : words;
        if ("End of stream or IOException".equals(text)) {
            return "the connection broke off"; // what grpc-okhttp says of a server that was killed
        }
        return text == null ? "no reason given" : text.replaceAll("\\b(?:[a-z]\\w*\\.){2,}([A-Z]\\w*)(?::\\s*)?", "");
    }
}
